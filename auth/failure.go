package auth

import (
	"context"
	"errors"
	"slices"
)

// The codes of RFC 6750, section 3.1, that a [TokenError] carries.
const (
	CodeInvalidRequest = "invalid_request" // the token came twice, too long, or in a form that is no token
	CodeInvalidToken   = "invalid_token"   // the token is expired, forged, for somebody else, or used up
)

// TokenError says why the token of a request was refused. [Challenge] puts
// Code and Description into WWW-Authenticate; neither holds any part of the
// token. The cause is behind errors.Is and errors.As, for example
// jwt.ErrTokenExpired.
type TokenError struct {
	Code        string // CodeInvalidRequest or CodeInvalidToken
	Description string // a sentence that the client may read: ASCII, no quotes
	cause       error  // may be nil
	detail      string // what Error adds for the operator; no part of the token
}

// Error returns the description, and what a [Config.Keyfunc] or
// [Config.OnTokenValidated] had to say. The token is not part of it.
func (e *TokenError) Error() string {
	if e.detail == "" {
		return "auth: " + e.Description
	}
	return "auth: " + e.Description + ": " + e.detail
}

// Unwrap returns the cause, or nil.
func (e *TokenError) Unwrap() error { return e.cause }

// findings are what the middlewares of this package found out about a request,
// beside the principal itself. They are immutable: each middleware that has
// something to add puts a new one into the context.
type findings struct {
	failure   error      // of the last middleware that refused credentials
	schemes   []string   // challenges for WWW-Authenticate, outermost middleware first
	presented *Principal // proven by a token that the caller put into this very request
}

type findingsKey struct{}

func findingsOf(ctx context.Context) findings {
	f, _ := ctx.Value(findingsKey{}).(*findings)
	if f == nil {
		return findings{}
	}
	return *f
}

func (f findings) store(ctx context.Context) context.Context {
	return context.WithValue(ctx, findingsKey{}, &f)
}

// offering returns f with one more challenge for WWW-Authenticate.
func (f findings) offering(challenge string) findings {
	if challenge == "" || slices.Contains(f.schemes, challenge) {
		return f
	}
	f.schemes = append(slices.Clip(f.schemes), challenge)
	return f
}

// Failure returns why the credentials of a request were refused, by [JWT],
// [Adapt] or [Tickets.Middleware]. It is nil if the request presented none, and
// if any of them were accepted: then the request has a principal.
func Failure(ctx context.Context) error {
	if FromContext(ctx) != nil {
		return nil
	}
	return findingsOf(ctx).failure
}

// Ambient reports whether the request has a principal that may rest on
// credentials which a browser attaches by itself, whichever site makes it send
// the request: a cookie, a session, basic authentication, a client certificate.
// It is false only for the anonymous user and for a principal proven by a
// bearer token or a connect ticket, which a foreign site cannot have. What
// guards against foreign origins asks it.
func Ambient(ctx context.Context) bool {
	p := FromContext(ctx)
	return p != nil && findingsOf(ctx).presented != p
}

// tokenError returns the *TokenError in err's chain, or nil.
func tokenError(err error) *TokenError {
	e, _ := errors.AsType[*TokenError](err)
	return e
}
