package auth

import (
	"context"
	"net/http"
	"reflect"
)

// Finder finds out who makes a request, from what another library has verified.
// It returns nil and no error if the request presents no credentials, and an
// error if it presents bad ones. It is called for several requests at the same
// time.
type Finder func(*http.Request) (*Principal, error)

// Adapt returns a middleware that takes the principal from find, which is the
// one line between another library's authentication and the hubs. It has to run
// behind that library's own middleware.
//
// Like [JWT] it refuses nothing: after an error the request goes on as if it
// had presented nothing, and [Failure] returns the error; [Challenge] shows it
// to the client only if it is a *[TokenError]. A principal of a middleware
// further out stays unless find returns one.
//
// Whatever is not listed among the functions that return a Finder is a few lines
// of the program's own:
//
//	r.Use(auth.Adapt(func(r *http.Request) (*auth.Principal, error) {
//		account, err := accounts.Lookup(r.Header.Get("X-Api-Key"))
//		if err != nil {
//			return nil, err
//		}
//		return auth.NewPrincipal(auth.Identity{ID: account.ID, Scheme: "ApiKey"}), nil
//	}))
func Adapt(find Finder) func(http.Handler) http.Handler {
	return adapt(find, "")
}

// adapt is Adapt with a challenge that WWW-Authenticate shall offer.
func adapt(find Finder, challenge string) func(http.Handler) http.Handler {
	if find == nil {
		panic("auth: Adapt needs a function that finds the principal") //nolint:forbidigo // a programming error at registration
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p, err := find(r)
			next.ServeHTTP(w, adapted(r, p, err, challenge))
		})
	}
}

// adapted returns the request that goes on, r itself if nothing was found.
func adapted(r *http.Request, p *Principal, err error, challenge string) *http.Request {
	if p == nil && err == nil && challenge == "" {
		return r
	}
	ctx := r.Context()
	found := findingsOf(ctx).offering(challenge)
	if err != nil {
		found.failure = err
	} else if p != nil {
		ctx = NewContext(ctx, p)
	}
	return r.WithContext(found.store(ctx))
}

// FromContextValue finds the user that another middleware has put into the
// request's context under key, as a value of type T. No value, one of another
// type and a nil one are the anonymous user, and so is a nil principal.
//
//	r.Use(auth.Adapt(auth.FromContextValue(userKey{}, func(u *User) *auth.Principal {
//		return auth.NewPrincipal(auth.Identity{ID: u.ID, Name: u.Name, Roles: u.Roles})
//	})))
func FromContextValue[T any](key any, principal func(T) *Principal) Finder {
	return FromContextFunc(func(ctx context.Context) any { return ctx.Value(key) }, principal)
}

// FromContextFunc is [FromContextValue] for libraries that have a function for
// reading the context instead of a key, such as connectrpc.com/authn:
//
//	auth.Adapt(auth.FromContextFunc(authn.GetInfo, func(u *User) *auth.Principal { ... }))
func FromContextFunc[T any](get func(context.Context) any, principal func(T) *Principal) Finder {
	return func(r *http.Request) (*Principal, error) {
		value, ok := get(r.Context()).(T)
		if !ok || isNil(value) {
			return nil, nil
		}
		return principal(value), nil
	}
}

// FromSession finds the identifier of the user that a session holds. An empty
// one is the anonymous user. For github.com/alexedwards/scs, behind
// sessions.LoadAndSave:
//
//	r.Use(sessions.LoadAndSave, auth.Adapt(auth.FromSession(sessions.GetString, "user")))
func FromSession(get func(ctx context.Context, key string) string, key string) Finder {
	return func(r *http.Request) (*Principal, error) {
		id := get(r.Context(), key)
		if id == "" {
			return nil, nil
		}
		return NewPrincipal(Identity{ID: id, Scheme: "Session"}), nil
	}
}

// FromClaimsContext finds the claims of a token that another middleware has
// verified. For github.com/go-chi/jwtauth, behind its Verifier, in place of its
// Authenticator:
//
//	r.Use(jwtauth.Verifier(tokens), auth.Adapt(auth.FromClaimsContext(jwtauth.FromContext, auth.ClaimNames{})))
//
// An error refuses, whatever the claims: jwtauth also hands out those of an
// expired token. It reports a request without token as an error too; that is
// what [Failure] then returns.
func FromClaimsContext[T any](get func(context.Context) (T, map[string]any, error), names ClaimNames) Finder {
	return func(r *http.Request) (*Principal, error) {
		_, claims, err := get(r.Context())
		if err != nil {
			return nil, err
		}
		return FromClaims(claims, names), nil
	}
}

// FromToken finds the claims of a verified token that can decode them, such as
// the *oidc.IDToken of github.com/coreos/go-oidc. A nil token is the anonymous
// user.
//
//	r.Use(auth.Adapt(auth.FromToken(func(r *http.Request) (*oidc.IDToken, error) {
//		return verifier.Verify(r.Context(), sessions.GetString(r.Context(), "id_token"))
//	}, auth.ClaimNames{})))
func FromToken[T interface{ Claims(into any) error }](verify func(*http.Request) (T, error), names ClaimNames) Finder {
	return func(r *http.Request) (*Principal, error) {
		token, err := verify(r)
		if err != nil || isNil(token) {
			return nil, err
		}
		var claims map[string]any
		if err := token.Claims(&claims); err != nil {
			return nil, err
		}
		return FromClaims(claims, names), nil
	}
}

// isNil also knows the nil pointer in a non-nil interface, which is how many
// libraries say "no user".
func isNil(value any) bool {
	if value == nil {
		return true
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Interface, reflect.Chan:
		return v.IsNil()
	default:
		return false
	}
}
