package auth_test

import (
	"crypto/x509"
	"encoding/pem"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/hubwire/signalr/internal/wireclient"
)

// publicPEM is the public key as anybody can get it.
func publicPEM(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&rsaKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// Every bad token is refused by every request of every transport, wherever it
// can be, and none of it comes back or is logged.
func TestBadTokens(t *testing.T) {
	t.Parallel()
	good := token(t, "ann")
	hour := time.Hour
	claim := func(name string, value any) string {
		return sign(t, jwt.SigningMethodHS256, secret, "ann", func(claims jwt.MapClaims) { claims[name] = value })
	}
	tests := []struct {
		name, token string
		rsa         bool // the server expects RS256
	}{
		{"alg none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "ann", nil), false},
		{"alg none, spelt otherwise", strings.Replace(good, strings.Split(good, ".")[0], "eyJhbGciOiJOb05FIiwidHlwIjoiSldUIn0", 1), false},
		{"alg none against RS256", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "ann", nil), true},
		{"the public key as HMAC secret", sign(t, jwt.SigningMethodHS256, publicPEM(t), "ann", nil), true},
		{"RS256 against a secret", sign(t, jwt.SigningMethodRS256, rsaKey(), "ann", nil), false},
		{"HS512 where HS256 is configured", sign(t, jwt.SigningMethodHS512, secret, "ann", nil), false},
		{"another secret", sign(t, jwt.SigningMethodHS256, []byte("another secret, just as long as the first"), "ann", nil), false},
		{"expired", claim("exp", time.Now().Add(-time.Second).Unix()), false},
		{"without an expiry", claim("exp", nil), false},
		{"not valid yet", claim("nbf", time.Now().Add(hour).Unix()), false},
		{"wrong audience", claim("aud", "another"), false},
		{"wrong issuer", claim("iss", "https://evil.example"), false},
		{"truncated", good[:len(good)-4], false},
		{"without its signature", good[:strings.LastIndexByte(good, '.')+1], false},
		{"nothing like a token", "opaque-text-of-some-length", false},
	}
	hs, rs := newApp(t, hmacConfig()), newApp(t, rsaConfig())
	conns := map[*app]*wireclient.Client{
		hs: dial(t, hs.hub, wireclient.Options{Transport: wireclient.LongPolling, Token: good}),
		rs: dial(t, rs.hub, wireclient.Options{Transport: wireclient.LongPolling, Token: sign(t, jwt.SigningMethodRS256, rsaKey(), "ann", nil)}),
	}
	for _, test := range tests {
		a := hs
		if test.rsa {
			a = rs
		}
		for _, request := range requests(conns[a]) {
			for _, inQuery := range []bool{false, true} {
				url, header := request.with(a.hub, test.token, inQuery)
				got := send(t, request.method, url, header)
				challenge := got.header.Get("WWW-Authenticate")
				if got.status != http.StatusUnauthorized || got.body != "" || got.header["Content-Type"] != nil ||
					!strings.HasPrefix(challenge, "Bearer ") {
					t.Errorf("%s, %s (in the query: %v): got %d %q, challenge %q, want an empty 401",
						test.name, request.name, inQuery, got.status, got.body, challenge)
				}
				if request.inQuery == inQuery && !strings.Contains(challenge, `error="invalid_`) {
					t.Errorf("%s, %s: got challenge %q, want it to say what was wrong", test.name, request.name, challenge)
				}
			}
		}
		checkUnlogged(t, test.name, test.token, hs, rs)
	}
	for a, c := range conns {
		if got := invoke(t, c, "WhoAmI"); got != "ann" {
			t.Errorf("got %q after the attacks on %s, want the connection as it was", got, a.hub)
		}
	}
}

// checkUnlogged looks for what gives a token away: all of it, its claims, its
// signature.
func checkUnlogged(t *testing.T, name, token string, apps ...*app) {
	t.Helper()
	for _, a := range apps {
		logged := a.requests.String() + a.server.String()
		for part := range strings.SplitSeq(token, ".") {
			if len(part) > 40 && strings.Contains(logged, part) || strings.Contains(logged, token) {
				t.Errorf("%s: a part of the token was logged: %s", name, part)
			}
		}
	}
}

func TestGoodTokensAreNotLoggedEither(t *testing.T) {
	t.Parallel()
	a := newApp(t, hmacConfig())
	good := token(t, "ann")
	for _, transport := range wireclient.Transports() {
		c := dial(t, a.hub, wireclient.Options{Transport: transport, Token: good})
		if got := invoke(t, c, "WhoAmI"); got != "ann" {
			t.Errorf("%s: got %q, want ann", transport, got)
		}
		c.Close()
		if strings.Contains(a.server.String(), c.ConnToken) {
			t.Errorf("%s: our own log has the connection token", transport)
		}
	}
	checkUnlogged(t, "a good token", good, a)
	if logged := a.requests.String(); !strings.Contains(logged, "/bank") {
		t.Fatalf("the loggers have seen nothing: %q", logged)
	}
	if !strings.Contains(a.server.String(), "EstablishedConnection") {
		t.Fatal("our own logger has written nothing")
	}
}

func TestDoubledAndOversizedTokens(t *testing.T) {
	t.Parallel()
	a := newApp(t, hmacConfig())
	good := token(t, "ann")
	c := dial(t, a.hub, wireclient.Options{Transport: wireclient.LongPolling, Token: good})
	for _, request := range requests(c) {
		twice := request.header.Clone()
		if twice == nil {
			twice = http.Header{}
		}
		url := addQuery(addQuery(a.hub+request.rest, "access_token="+good), "access_token="+token(t, "bob"))
		if got := send(t, request.method, url, twice); got.status != http.StatusUnauthorized {
			t.Errorf("access_token twice, %s: got %d, want 401", request.name, got.status)
		}
		twice["Authorization"] = []string{"Bearer " + good, "Bearer " + token(t, "bob")}
		if got := send(t, request.method, a.hub+request.rest, twice); got.status != http.StatusUnauthorized {
			t.Errorf("Authorization twice, %s: got %d, want 401", request.name, got.status)
		}
		for size, want := range map[int]int{20 << 10: http.StatusUnauthorized, 2 << 20: http.StatusRequestHeaderFieldsTooLarge} {
			url, header := request.with(a.hub, strings.Repeat("a", size), false)
			if got := send(t, request.method, url, header); got.status != want {
				t.Errorf("a token of %d bytes, %s: got %d, want %d", size, request.name, got.status, want)
			}
		}
	}
}

// A ticket is good for one WebSocket, and for nothing else.
func TestTickets(t *testing.T) {
	t.Parallel()
	a := newApp(t, hmacConfig())
	good := token(t, "ann")
	fetch := func() string {
		got := send(t, http.MethodPost, a.url+"/ticket", http.Header{"Authorization": {"Bearer " + good}})
		if got.status != http.StatusOK {
			t.Fatalf("got %d for a ticket", got.status)
		}
		return got.body
	}
	ticket := fetch()
	c := dial(t, a.hub, wireclient.Options{SkipNegotiation: true, Token: ticket})
	if got := invoke(t, c, "WhoAmI"); got != "ann" {
		t.Errorf("got %q, want ann", got)
	}
	_, err := tryDial(t, a.hub, wireclient.Options{SkipNegotiation: true, Token: ticket})
	if refused, ok := err.(*wireclient.RefusedError); !ok || refused.Status != http.StatusUnauthorized { //nolint:errorlint // as it is returned
		t.Errorf("a replayed ticket: got %v, want 401", err)
	}
	lp := dial(t, a.hub, wireclient.Options{Transport: wireclient.LongPolling, Token: good})
	for _, request := range requests(lp) {
		if request.name == "WebSocket" || request.name == "WebSocket of a negotiated connection" {
			continue
		}
		for _, inQuery := range []bool{false, true} {
			url, header := request.with(a.hub, fetch(), inQuery)
			if got := send(t, request.method, url, header); got.status != http.StatusUnauthorized {
				t.Errorf("a ticket for %s (in the query: %v): got %d, want 401", request.name, inQuery, got.status)
			}
		}
	}
	if logged := a.requests.String() + a.server.String(); strings.Contains(logged, ticket) {
		t.Error("a ticket was logged")
	}
	if got := send(t, http.MethodPost, a.url+"/ticket", nil); got.status != http.StatusUnauthorized {
		t.Errorf("a ticket for nobody: got %d, want 401", got.status)
	}
}

// A browser sends cookies along whichever page makes it: not for foreign ones.
func TestCookiesOfForeignPages(t *testing.T) {
	t.Parallel()
	a := newApp(t, hmacConfig())
	cookie := http.Header{"Cookie": {"session=" + token(t, "ann")}, "Origin": {a.url}}
	c := dial(t, a.hub, wireclient.Options{Transport: wireclient.LongPolling, Header: cookie})
	if got := invoke(t, c, "WhoAmI"); got != "ann" {
		t.Errorf("got %q, want ann", got)
	}
	for _, request := range requests(c) {
		header := cookie.Clone()
		header.Set("Origin", "https://evil.example")
		maps.Copy(header, request.header)
		if got := send(t, request.method, a.hub+request.rest, header); got.status != http.StatusForbidden || got.body != "" || got.header["Content-Type"] != nil {
			t.Errorf("%s: got %d %q, want an empty 403", request.name, got.status, got.body)
		}
	}
	checkUnlogged(t, "the cookie", token(t, "ann"), a)
}
