package auth

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// JWT returns a middleware that finds out who is calling from a JSON Web Token:
// in the header "Authorization: Bearer", else in the query parameter
// access_token (on hub requests only, see [Config.HubRequest]), else in a cookie
// ([Config.Cookie]). It panics where [NewJWT] returns an error.
//
// It refuses no request. One with a good token goes on with its [Principal], one
// with a bad token goes on as if it had none, and [Failure] knows why. Whether
// a caller may do without is for the routes to say, by RequireAuthorization for
// hubs and [Require] for others; these answer 401 with what was wrong. A
// principal of a middleware further out stays unless the token is good.
//
// It goes in front of what logs URLs (see [RedactQuery] for the other case) and
// behind CORS, as preflight requests carry no token.
func JWT(config Config) func(http.Handler) http.Handler {
	middleware, err := NewJWT(config)
	if err != nil {
		panic(err.Error()) //nolint:forbidigo // a programming error at registration
	}
	return middleware
}

// NewJWT is [JWT] for configurations that are not known when the program is
// written: it returns an error for one that is incomplete or unsafe.
func NewJWT(config Config) (func(http.Handler) http.Handler, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	v := newVerifier(config)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, v.authenticate(r))
		})
	}, nil
}

// verifier is a JWT middleware's configuration, worked out. It is immutable.
type verifier struct {
	config    Config
	parser    *jwt.Parser
	challenge string
}

func newVerifier(config Config) *verifier {
	options := []jwt.ParserOption{
		jwt.WithValidMethods(config.algorithms()),
		jwt.WithJSONNumber(), // a float64 would make one of two large numeric identifiers
		jwt.WithStrictDecoding(),
		jwt.WithLeeway(config.Leeway),
	}
	if config.Issuer != "" {
		options = append(options, jwt.WithIssuer(config.Issuer))
	}
	if config.Audience != "" {
		options = append(options, jwt.WithAudience(config.Audience))
	}
	if !config.InsecureAllowNoExpiry {
		options = append(options, jwt.WithExpirationRequired())
	}
	config.Secret = bytes.Clone(config.Secret)
	if config.HubRequest == nil {
		config.HubRequest = opensStream
	}
	return &verifier{config: config, parser: jwt.NewParser(options...), challenge: bearerChallenge(config.Realm)}
}

// authenticate returns the request that goes on: without a token in its URL and
// with what was found out in its context.
func (v *verifier) authenticate(r *http.Request) *http.Request {
	r, inQuery := hideQueryTokens(r)
	if areTickets(inQuery) {
		inQuery = nil // for Tickets.Middleware, further in
	}
	found := findingsOf(r.Context()).offering(v.challenge)
	ctx := r.Context()

	token, ambient, err := v.find(r, inQuery)
	if err == nil && token != "" {
		var p *Principal
		if p, err = v.verify(r, token); err == nil {
			// Tokens in the query have served, whichever was read. Refused ones
			// stay aside: a middleware further in may know their key.
			ctx = NewContext(forgetQueryTokens(ctx, inQuery), p)
			found.presented = p
			if ambient {
				found.presented = nil
			}
		}
	}
	if err != nil {
		found.failure = err
	}
	return r.WithContext(found.store(ctx))
}

// find returns the token of a request, or "" if there is none, and whether it
// came by itself, in a cookie.
func (v *verifier) find(r *http.Request, inQuery []string) (token string, ambient bool, err error) {
	if token, err = headerToken(r); token != "" || err != nil {
		return token, false, err
	}
	readQuery := len(inQuery) > 0 && v.config.HubRequest(r)
	if readQuery {
		if token, err = single(inQuery); token != "" || err != nil {
			return token, false, err
		}
	}
	if token, err = cookieToken(r, v.config.Cookie); token != "" || err != nil {
		return token, true, err
	}
	if !readQuery && slices.ContainsFunc(inQuery, func(token string) bool { return token != "" }) {
		return "", false, errQuery
	}
	return "", false, nil
}

// verify returns the principal that a token proves.
func (v *verifier) verify(r *http.Request, text string) (*Principal, error) {
	token, err := v.parser.Parse(text, v.key)
	if err != nil {
		return nil, refusal(text, err)
	}
	claims, _ := token.Claims.(jwt.MapClaims)
	p := FromClaims(claims, v.config.ClaimNames)
	if v.config.OnTokenValidated != nil {
		if p, err = v.config.OnTokenValidated(r, token, p); err != nil {
			return nil, &TokenError{
				Code: CodeInvalidToken, Description: "The token was refused", cause: err, detail: without(text, err),
			}
		}
	}
	if p == nil {
		return nil, &TokenError{Code: CodeInvalidToken, Description: "The token names nobody"}
	}
	return p, nil
}

var errCritical = errors.New("the header crit asks for extensions that are not supported")

// key returns the key for a token whose algorithm has been found to be among
// the accepted ones.
func (v *verifier) key(token *jwt.Token) (any, error) {
	if _, ok := token.Header["crit"]; ok {
		return nil, errCritical // RFC 7515, section 4.1.11: refuse what you do not understand
	}
	if v.config.Secret != nil {
		return v.config.Secret, nil
	}
	key, err := v.config.Keyfunc(token)
	if err != nil {
		return nil, &keyError{err}
	}
	size := secretSize(token.Method)
	if size == 0 {
		return key, nil
	}
	keys, isSet := key.(jwt.VerificationKeySet)
	if !isSet {
		keys.Keys = []jwt.VerificationKey{key}
	}
	for _, key := range keys.Keys {
		if secret, ok := key.([]byte); ok {
			if err := checkSecret(secret, size); err != nil {
				return nil, &keyError{err}
			}
		}
	}
	return key, nil
}

// keyError marks an error about the key, which is the operator's business and
// not the token's.
type keyError struct{ error }

func (e *keyError) Unwrap() error { return e.error }

// refusals are what a client is told, the first that fits.
var refusals = []struct {
	cause       error
	description string
}{
	{jwt.ErrTokenMalformed, "The token is malformed"},
	{jwt.ErrTokenSignatureInvalid, "The signature or its algorithm is not accepted"},
	{jwt.ErrTokenUnverifiable, "The signature cannot be verified"},
	{jwt.ErrTokenExpired, "The token has expired"},
	{jwt.ErrTokenNotValidYet, "The token is not valid yet"},
	{jwt.ErrTokenInvalidAudience, "The token is for another audience"},
	{jwt.ErrTokenInvalidIssuer, "The token is from another issuer"},
	{jwt.ErrTokenRequiredClaimMissing, "The token lacks a required claim"},
}

// refusal returns the error for a token that package jwt has refused.
func refusal(token string, err error) *TokenError {
	e := &TokenError{Code: CodeInvalidToken, Description: "The token is not valid", cause: err}
	if key, ok := errors.AsType[*keyError](err); ok {
		e.detail = without(token, key.error)
	}
	for _, r := range refusals {
		if errors.Is(err, r.cause) {
			e.Description = r.description
			break
		}
	}
	return e
}

// without returns the text of a program's own error, which may have quoted the
// token, or the part with the claims, or the one with the signature.
func without(token string, err error) string {
	text := strings.ReplaceAll(err.Error(), token, "[token]")
	for part := range strings.SplitSeq(token, ".") {
		if len(part) > 8 {
			text = strings.ReplaceAll(text, part, "[token]")
		}
	}
	return text
}
