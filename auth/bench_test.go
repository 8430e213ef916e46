package auth

import (
	"crypto/ed25519"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func BenchmarkJWT(b *testing.B) {
	claims := goodClaims()
	claims["exp"] = time.Now().Add(time.Hour).Unix()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		b.Fatal(err)
	}
	asymmetric := Config{Keyfunc: func(*jwt.Token) (any, error) { return public, nil }, Audience: "chat"}
	hs := signed(b, claims)
	for _, bm := range []struct {
		name    string
		config  Config
		request *http.Request
	}{
		{"no token", testConfig(), request()},
		{"HS256 in the header", testConfig(), request(bearerHeader(hs))},
		{"HS256 in the query", testConfig(), request(webSocket, query("id=1&access_token="+hs))},
		{"EdDSA in the header", asymmetric, request(bearerHeader(signedWith(b, jwt.SigningMethodEdDSA, private, claims)))},
	} {
		b.Run(bm.name, func(b *testing.B) {
			handler := JWT(bm.config)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(w, bm.request)
			}
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	res := Resource{Principal: NewPrincipal(Identity{ID: "ann", Roles: []string{"reader", "member"}}), Hub: "chat", Method: "Send"}
	for name, policies := range map[string][]Policy{"no policy": nil, "Role": {Role("member")}, "All": {All(Authenticated(), Role("member"))}} {
		b.Run(name, func(b *testing.B) {
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				_ = Check(ctx, res, policies...)
			}
		})
	}
}

func BenchmarkTickets(b *testing.B) {
	tickets := NewTickets(TicketOptions{})
	ann := NewPrincipal(Identity{ID: "ann"})
	b.ReportAllocs()
	for b.Loop() {
		text, err := tickets.Issue(ann)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := tickets.Redeem(text); err != nil {
			b.Fatal(err)
		}
	}
}
