package auth

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Config is how [JWT] finds tokens and what it demands of them. One of Secret
// and Keyfunc is needed; the zero value of all else is safe. It must not be
// changed once it is in use.
type Config struct {
	// Secret is the shared secret of tokens signed with HMAC. It has to be as
	// long as the hash, 32 bytes for HS256: RFC 7518 asks for that, and a shorter
	// one can be guessed offline from any one token.
	Secret []byte

	// Keyfunc returns the key, or the jwt.VerificationKeySet, for a token whose
	// signature has yet to be checked, usually by its header "kid". The libraries
	// for JWKS provide one, for example github.com/MicahParks/keyfunc:
	//
	//	keys, err := keyfunc.NewDefaultCtx(ctx, []string{"https://issuer.example/jwks.json"})
	//	auth.JWT(auth.Config{Keyfunc: keys.Keyfunc, Issuer: "https://issuer.example", Audience: "chat"})
	//
	// It is called for several requests at the same time. What its error says is
	// shown by [Failure], never to the client.
	Keyfunc jwt.Keyfunc

	// Algorithms are the accepted values of the header "alg". Empty: HS256 with
	// Secret, and with Keyfunc the asymmetric ones (RS, PS, ES and EdDSA). "none" is never accepted, and HMAC never together with others:
	// else a public key could be passed off as the secret of a forged token.
	Algorithms []string

	// Issuer is what the claim "iss" has to be. Empty: not looked at.
	Issuer string

	// Audience is what the claim "aud" has to be or to contain. With Keyfunc it
	// is required: an issuer with public keys makes tokens for others too.
	// Empty with Secret: not looked at.
	Audience string

	// InsecureAllowAnyAudience accepts tokens that were made for anybody, and
	// allows Audience to be empty; both together are refused.
	InsecureAllowAnyAudience bool

	// InsecureAllowNoExpiry accepts tokens without "exp". They are good for ever.
	InsecureAllowNoExpiry bool

	// Leeway is how far the clocks of issuer and server may differ when "exp"
	// and "nbf" are checked. The default is 0, negative is refused. It does not
	// move the principal's expiry.
	Leeway time.Duration

	// ClaimNames says where the token has its roles and its name.
	ClaimNames ClaimNames

	// Cookie is the name of a cookie that may hold the token if neither the
	// header nor the query does. Empty: cookies are not looked at. A browser sends
	// cookies on any site's behalf, see [Ambient].
	Cookie string

	// HubRequest reports whether the query parameter access_token may be read as
	// the token of a request, which is for hubs only: links with a token in them
	// end up in histories and logs. [HubPaths] makes one from paths. Nil: requests
	// that open a WebSocket or an event stream, since no SignalR client puts its
	// token into the query of another, and nobody can be made to send one of
	// these by a link. The parameter is taken out of the URL of every request,
	// read or not.
	HubRequest func(*http.Request) bool

	// Realm is what WWW-Authenticate calls this server. Empty: "signalr".
	Realm string

	// OnTokenValidated has the last word on a token that is good by itself: it
	// returns p, or a principal of its own making, or an error to refuse it, for
	// a token that has been revoked. No principal refuses too. Nil: p it is.
	OnTokenValidated func(r *http.Request, token *jwt.Token, p *Principal) (*Principal, error)
}

// asymmetric are the algorithms that Keyfunc stands for. They are listed, not
// asked of package jwt: a program may have registered any others there.
var asymmetric = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// algorithms returns the accepted algorithms.
func (c *Config) algorithms() []string {
	switch {
	case len(c.Algorithms) > 0:
		return slices.Clone(c.Algorithms)
	case c.Secret != nil:
		return []string{"HS256"}
	}
	return asymmetric
}

// secretSize returns how long the secret of an algorithm must be, or 0 if it
// has none.
func secretSize(algorithm jwt.SigningMethod) int {
	if hmac, ok := algorithm.(*jwt.SigningMethodHMAC); ok {
		return hmac.Hash.Size()
	}
	return 0
}

// validate returns what is wrong with the configuration, or nil.
func (c *Config) validate() error {
	if (c.Secret == nil) == (c.Keyfunc == nil) {
		return errors.New("auth: JWT: Config needs one of Secret and Keyfunc")
	}
	if c.Keyfunc != nil && c.Audience == "" && !c.InsecureAllowAnyAudience {
		return errors.New("auth: JWT: Config.Audience is empty, so tokens made for other services would be accepted;" +
			" name the audience, or set InsecureAllowAnyAudience")
	}
	if c.Audience != "" && c.InsecureAllowAnyAudience {
		return errors.New("auth: JWT: Config has both Audience and InsecureAllowAnyAudience")
	}
	if c.Leeway < 0 {
		return errors.New("auth: JWT: Config.Leeway is negative")
	}
	algorithms := c.algorithms()
	for _, name := range algorithms {
		if err := c.validateAlgorithm(name, algorithms[0]); err != nil {
			return fmt.Errorf("auth: JWT: %w", err)
		}
	}
	return nil
}

func (c *Config) validateAlgorithm(name, first string) error {
	method := jwt.GetSigningMethod(name)
	if strings.EqualFold(name, "none") {
		return errors.New(`Config.Algorithms: "none" is no signature and never accepted`)
	}
	if method == nil {
		return fmt.Errorf("Config.Algorithms: %q is unknown to package jwt", name)
	}
	size := secretSize(method)
	switch {
	case (size > 0) != (secretSize(jwt.GetSigningMethod(first)) > 0):
		return fmt.Errorf("Config.Algorithms: %q and %q together let a public key pass for an HMAC secret;"+
			" use one middleware for each", first, name)
	case c.Secret == nil:
		return nil
	case size == 0:
		return fmt.Errorf("Config.Algorithms: %q does not work with Secret; use Keyfunc", name)
	}
	if err := checkSecret(c.Secret, size); err != nil {
		return fmt.Errorf("Config.Secret: %w", err)
	}
	return nil
}

var (
	errShortSecret = errors.New("the secret is shorter than the hash (32 bytes for HS256, 48 for HS384, 64 for HS512)")
	errPublic      = errors.New("the secret is a PEM block: a public key is no secret")
)

// checkSecret refuses what must not be an HMAC secret, the empty one of an
// unset environment variable first of all; package jwt takes any.
func checkSecret(secret []byte, size int) error {
	if len(secret) < size {
		return errShortSecret
	}
	if bytes.HasPrefix(bytes.TrimSpace(secret), []byte("-----BEGIN ")) {
		return errPublic
	}
	return nil
}
