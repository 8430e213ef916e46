package auth_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/hubwire/signalr/auth"
)

// whoIs prints who a request is to a hub behind a middleware.
func whoIs(middleware func(http.Handler) http.Handler, r *http.Request) {
	middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(auth.FromContext(r.Context()))
	})).ServeHTTP(httptest.NewRecorder(), r)
}

// The program's own middleware and its own look-up.
func ExampleAdapt() {
	accounts := map[string]string{"key-1": "ann"}
	middleware := auth.Adapt(func(r *http.Request) (*auth.Principal, error) {
		key := r.Header.Get("X-Api-Key")
		if key == "" {
			return nil, nil // presents nothing
		}
		account, ok := accounts[key]
		if !ok {
			return nil, errors.New("unknown key")
		}
		return auth.NewPrincipal(auth.Identity{ID: account, Scheme: "ApiKey"}), nil
	})

	r := httptest.NewRequest(http.MethodGet, "/chat", http.NoBody)
	whoIs(middleware, r)
	r.Header.Set("X-Api-Key", "key-1")
	whoIs(middleware, r)
	// Output:
	// anonymous
	// ann
}

type User struct {
	ID   string
	Role string
}

func (u *User) Principal() *auth.Principal {
	return auth.NewPrincipal(auth.Identity{ID: u.ID, Roles: []string{u.Role}})
}

type userKey struct{}

// A user that a middleware of the program has put into the context.
func ExampleFromContextValue() {
	middleware := auth.Adapt(auth.FromContextValue(userKey{}, (*User).Principal))

	r := httptest.NewRequest(http.MethodGet, "/chat", http.NoBody)
	whoIs(middleware, r.WithContext(context.WithValue(r.Context(), userKey{}, &User{ID: "ann"})))
	// Output: ann
}

// The user that connectrpc.com/authn keeps; authn.GetInfo has this signature.
func ExampleFromContextFunc() {
	var authn struct{ GetInfo func(context.Context) any }
	authn.GetInfo = func(context.Context) any { return &User{ID: "ann"} }

	middleware := auth.Adapt(auth.FromContextFunc(authn.GetInfo, (*User).Principal))

	whoIs(middleware, httptest.NewRequest(http.MethodGet, "/chat", http.NoBody))
	// Output: ann
}

// A session of github.com/alexedwards/scs, whose manager has this method.
func ExampleFromSession() {
	var sessions struct {
		GetString func(ctx context.Context, key string) string
	}
	sessions.GetString = func(context.Context, string) string { return "ann" }

	middleware := auth.Adapt(auth.FromSession(sessions.GetString, "user"))

	whoIs(middleware, httptest.NewRequest(http.MethodGet, "/chat", http.NoBody))
	// Output: ann
}

// The claims that the Verifier of github.com/go-chi/jwtauth has checked;
// jwtauth.FromContext has this signature, with a jwt.Token for the first any.
func ExampleFromClaimsContext() {
	var jwtauth struct {
		FromContext func(context.Context) (any, map[string]any, error)
	}
	jwtauth.FromContext = func(context.Context) (any, map[string]any, error) {
		return "token", map[string]any{"sub": "ann", "role": "member"}, nil
	}

	middleware := auth.Adapt(auth.FromClaimsContext(jwtauth.FromContext, auth.ClaimNames{}))

	whoIs(middleware, httptest.NewRequest(http.MethodGet, "/chat", http.NoBody))
	// Output: ann
}

// IDToken stands for oidc.IDToken of github.com/coreos/go-oidc.
type IDToken struct{ claims map[string]any }

func (t *IDToken) Claims(into any) error {
	claims, ok := into.(*map[string]any)
	if !ok {
		return errors.New("not a map")
	}
	*claims = t.claims
	return nil
}

// An ID token that github.com/coreos/go-oidc has verified.
func ExampleFromToken() {
	verify := func(*http.Request) (*IDToken, error) {
		return &IDToken{map[string]any{"sub": "17", "preferred_username": "ann"}}, nil
	}

	middleware := auth.Adapt(auth.FromToken(verify, auth.ClaimNames{Name: "preferred_username", Scheme: "OIDC"}))

	whoIs(middleware, httptest.NewRequest(http.MethodGet, "/chat", http.NoBody))
	// Output: ann
}

func ExampleBasic() {
	middleware := auth.Basic("back office", auth.Passwords(map[string]string{"ann": "correct horse"}))

	r := httptest.NewRequest(http.MethodGet, "/chat", http.NoBody)
	r.SetBasicAuth("ann", "correct horse")
	whoIs(middleware, r)
	r.SetBasicAuth("ann", "battery staple")
	whoIs(middleware, r)
	// Output:
	// ann
	// anonymous
}

// Certificates that the server has verified by tls.Config.ClientAuth and
// ClientCAs; this request came without.
func ExampleFromClientCertificate() {
	middleware := auth.Adapt(auth.FromClientCertificate(func(cert *x509.Certificate) *auth.Principal {
		return auth.NewPrincipal(auth.Identity{ID: cert.Subject.CommonName, Scheme: "Certificate"})
	}))

	whoIs(middleware, httptest.NewRequest(http.MethodGet, "/chat", http.NoBody))
	// Output: anonymous
}
