package auth_test

import (
	"crypto/ed25519"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/golang-jwt/jwt/v5"

	"github.com/hubwire/signalr/auth"
)

// One line in front of a router: who has a token is known to every route and
// hub behind it, and each of them says whom it wants.
func ExampleJWT() {
	secret := []byte("read this from your configuration, 32 bytes")

	r := chi.NewRouter()
	r.Use(auth.JWT(auth.Config{Secret: secret, Audience: "chat"}))
	r.With(auth.Require(auth.Role("member"))).Get("/me", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("hello", auth.FromContext(r.Context()))
	})

	for _, role := range []string{"member", "guest"} {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"sub": "ann", "aud": "chat", "role": role, "exp": time.Now().Add(time.Hour).Unix(),
		}).SignedString(secret)
		if err != nil {
			fmt.Println(err)
			return
		}
		request := httptest.NewRequest(http.MethodGet, "/me", http.NoBody)
		request.Header.Set("Authorization", "Bearer "+token)
		answer := httptest.NewRecorder()
		r.ServeHTTP(answer, request)
		fmt.Printf("%s %d %q\n", role, answer.Code, answer.Header().Get("WWW-Authenticate"))
	}
	// Output:
	// hello ann
	// member 200 ""
	// guest 403 "Bearer realm=\"signalr\", error=\"insufficient_scope\""
}

// Keys come by a function, which is also what the libraries for JWKS provide:
// with github.com/MicahParks/keyfunc it is the Keyfunc of keyfunc.NewDefaultCtx.
func ExampleJWT_keyfunc() {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	keys := map[any]ed25519.PublicKey{"2030-01": public}

	middleware := auth.JWT(auth.Config{
		Keyfunc: func(token *jwt.Token) (any, error) {
			key, ok := keys[token.Header["kid"]]
			if !ok {
				return nil, fmt.Errorf("no key %v", token.Header["kid"])
			}
			return key, nil
		},
		Issuer:   "https://issuer.example",
		Audience: "chat",
	})

	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": "https://issuer.example", "aud": "chat", "sub": "ann", "exp": time.Now().Add(time.Hour).Unix(),
	})
	token.Header["kid"] = "2030-01"
	text, err := token.SignedString(private)
	if err != nil {
		fmt.Println(err)
		return
	}
	request := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	request.Header.Set("Authorization", "Bearer "+text)
	middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(auth.FromContext(r.Context()), auth.Failure(r.Context()))
	})).ServeHTTP(httptest.NewRecorder(), request)
	// Output: ann <nil>
}
