package auth

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var testSecret = []byte("a secret for tests, long enough for HS512 and so for all of them!")

// goodClaims are what the middlewares of these tests accept.
func goodClaims() jwt.MapClaims {
	return jwt.MapClaims{
		"iss": "issuer", "aud": []string{"other", "chat"}, "sub": "ann", "role": "member",
		"exp": time.Now().Add(time.Minute).Unix(),
	}
}

// with returns good claims with some changed; nil deletes one.
func with(changes jwt.MapClaims) jwt.MapClaims {
	claims := goodClaims()
	for name, value := range changes {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return claims
}

func signed(tb testing.TB, claims jwt.MapClaims) string {
	tb.Helper()
	return signedWith(tb, jwt.SigningMethodHS256, testSecret, claims)
}

func signedWith(tb testing.TB, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	tb.Helper()
	token, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

func testConfig() Config {
	return Config{Secret: testSecret, Issuer: "issuer", Audience: "chat", Cookie: "token"}
}

// seen is what a handler behind the middlewares finds.
type seen struct {
	called  bool
	request *http.Request
}

func (s *seen) ServeHTTP(_ http.ResponseWriter, r *http.Request) { s.called, s.request = true, r }

func (s *seen) user() *Principal { return FromContext(s.request.Context()) }
func (s *seen) failure() error   { return Failure(s.request.Context()) }

// pass sends a request through middlewares, the first one outermost.
func pass(r *http.Request, middlewares ...func(http.Handler) http.Handler) *seen {
	s := &seen{}
	var handler http.Handler = s
	for _, middleware := range slices.Backward(middlewares) {
		handler = middleware(handler)
	}
	handler.ServeHTTP(httptest.NewRecorder(), r)
	return s
}

func request(edit ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/chat", http.NoBody)
	for _, f := range edit {
		f(r)
	}
	return r
}

func bearerHeader(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Add("Authorization", "Bearer "+token) }
}

func query(query string) func(*http.Request) {
	return func(r *http.Request) { r.URL.RawQuery, r.RequestURI = query, "/chat?"+query }
}

func webSocket(r *http.Request) {
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
}

func cookie(token string) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "token", Value: token}) }
}

func TestJWTFindsTheToken(t *testing.T) {
	t.Parallel()
	token := signed(t, goodClaims())
	other := signed(t, with(jwt.MapClaims{"sub": "bob"}))
	stream := func(r *http.Request) { r.Header.Set("Accept", "text/event-stream") }
	tests := []struct {
		name    string
		request *http.Request
		want    string // the user's name, or empty
		ambient bool
	}{
		{"header", request(bearerHeader(token)), "ann", false},
		{"the scheme in any case", request(func(r *http.Request) { r.Header.Set("Authorization", "bEARER   "+token) }), "ann", false},
		{"query of a WebSocket", request(webSocket, query("access_token="+token)), "ann", false},
		{"query of an event stream", request(stream, query("id=1&access_token="+token)), "ann", false},
		{"header before query", request(webSocket, bearerHeader(token), query("access_token="+other)), "ann", false},
		{"query before cookie", request(webSocket, cookie(other), query("access_token="+token)), "ann", false},
		{"query beside another scheme", request(webSocket, func(r *http.Request) { r.SetBasicAuth("a", "b") }, query("access_token="+token)), "ann", false},
		{"cookie", request(cookie(token)), "ann", true},
		{"empty header, cookie", request(func(r *http.Request) { r.Header.Set("Authorization", "Bearer") }, cookie(token)), "ann", true},
		{"empty query, cookie", request(webSocket, query("access_token="), cookie(token)), "ann", true},
		{"query of no hub request", request(query("access_token=" + token)), "", false},
		{"another scheme", request(func(r *http.Request) { r.Header.Set("Authorization", "Bearerish "+token) }), "", false},
		{"another cookie", request(func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "tok", Value: token}) }), "", false},
		{"nothing", request(), "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := pass(tt.request, JWT(testConfig()))
			if got.user().Name() != tt.want || Ambient(got.request.Context()) != tt.ambient {
				t.Errorf("got %q, ambient %t, want %q, %t; failure: %v",
					got.user().Name(), Ambient(got.request.Context()), tt.want, tt.ambient, got.failure())
			}
			if text := got.request.URL.String() + got.request.RequestURI; strings.Contains(text, queryToken) {
				t.Errorf("got the URL %s, want no token in it", text)
			}
		})
	}
}

func TestJWTReadsTheQueryOfHubPaths(t *testing.T) {
	t.Parallel()
	config := testConfig()
	config.HubRequest = HubPaths("/chat")
	for path, want := range map[string]string{"/chat/negotiate": "ann", "/api": ""} {
		r := httptest.NewRequest(http.MethodPost, path+"?access_token="+signed(t, goodClaims()), http.NoBody)
		got := pass(r, JWT(config))
		if got.user().Name() != want || got.request.URL.RawQuery != "" {
			t.Errorf("%s: got %q and query %q, want %q and none", path, got.user().Name(), got.request.URL.RawQuery, want)
		}
	}
}

func TestJWTMakesThePrincipal(t *testing.T) {
	t.Parallel()
	claims := goodClaims()
	p := pass(request(bearerHeader(signed(t, claims))), JWT(testConfig())).user()
	if p.ID() != "ann" || !p.HasRole("member") || p.Scheme() != "Bearer" || p.Expiry().Unix() != claims["exp"] {
		t.Errorf("got %v, expiry %v, scheme %q, want what the token says", p.Claims(), p.Expiry(), p.Scheme())
	}
	if p.key() != (Claim{"sub", "ann", "issuer"}) {
		t.Errorf("key: got %v, want the issuer in it", p.key())
	}
}

func TestJWTExpiryAndLeeway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		config := testConfig()
		config.Leeway = 10 * time.Second
		exact, lenient := JWT(testConfig()), JWT(config)
		token := signed(t, goodClaims())
		valid := func(m func(http.Handler) http.Handler) bool {
			return pass(request(bearerHeader(token)), m).user() != nil
		}
		for _, step := range []struct {
			wait            time.Duration
			exact, leniency bool
		}{{0, true, true}, {59 * time.Second, true, true}, {time.Second, false, true}, {10 * time.Second, false, false}} {
			time.Sleep(step.wait)
			if valid(exact) != step.exact || valid(lenient) != step.leniency {
				t.Errorf("%v later: got %t and %t, want %t and with leeway %t", step.wait, valid(exact), valid(lenient), step.exact, step.leniency)
			}
		}
	})
}

func TestJWTWithoutExpiryByChoice(t *testing.T) {
	t.Parallel()
	config := testConfig()
	config.InsecureAllowNoExpiry = true
	got := pass(request(bearerHeader(signed(t, with(jwt.MapClaims{"exp": nil})))), JWT(config))
	if got.user() == nil || !got.user().Expiry().IsZero() {
		t.Errorf("got %v, %v, want a user without expiry", got.user(), got.failure())
	}
}

func TestJWTKeyfunc(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	stranger, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	token := signedWith(t, jwt.SigningMethodEdDSA, private, goodClaims())
	errFetch := errors.New("no keys for " + token)
	tests := []struct {
		name string
		key  any
		err  error
		want bool
	}{
		{"the key", public, nil, true},
		{"a set with the key", jwt.VerificationKeySet{Keys: []jwt.VerificationKey{stranger, public}}, nil, true},
		{"another key", stranger, nil, false},
		{"a key of another kind", testSecret, nil, false},
		{"an empty set", jwt.VerificationKeySet{}, nil, false},
		{"no key", nil, nil, false},
		{"an error", nil, errFetch, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := pass(request(bearerHeader(token)), JWT(Config{
				Keyfunc:  func(*jwt.Token) (any, error) { return tt.key, tt.err },
				Audience: "chat",
			}))
			if (got.user() != nil) != tt.want {
				t.Fatalf("got %v, failure %v, want a user: %t", got.user(), got.failure(), tt.want)
			}
			if tt.err == nil {
				return
			}
			if !errors.Is(got.failure(), tt.err) || !strings.Contains(got.failure().Error(), "no keys for [token]") {
				t.Errorf("got %v, want the cause, and not the token", got.failure())
			}
		})
	}
}

func TestJWTOnTokenValidated(t *testing.T) {
	t.Parallel()
	errRevoked := errors.New("revoked")
	tests := []struct {
		name string
		hook func(*http.Request, *jwt.Token, *Principal) (*Principal, error)
		want string
	}{
		{"keeps", func(_ *http.Request, _ *jwt.Token, p *Principal) (*Principal, error) { return p, nil }, "ann"},
		{"replaces", func(*http.Request, *jwt.Token, *Principal) (*Principal, error) {
			return NewPrincipal(Identity{ID: "eve"}), nil
		}, "eve"},
		{"refuses", func(_ *http.Request, _ *jwt.Token, p *Principal) (*Principal, error) { return p, errRevoked }, ""},
		{"finds nobody", func(*http.Request, *jwt.Token, *Principal) (*Principal, error) { return nil, nil }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			config := testConfig()
			config.OnTokenValidated = tt.hook
			got := pass(request(bearerHeader(signed(t, goodClaims()))), JWT(config))
			if got.user().Name() != tt.want || (got.failure() == nil) != (tt.want != "") {
				t.Errorf("got %q and %v, want %q", got.user().Name(), got.failure(), tt.want)
			}
		})
	}
}

func TestJWTBesideOtherMiddlewares(t *testing.T) {
	t.Parallel()
	session := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), NewPrincipal(Identity{ID: "session"}))))
		})
	}
	config := testConfig()
	config.Secret = []byte("another secret, of another issuer perhaps")
	good, bad := JWT(testConfig()), JWT(config)
	token := signed(t, goodClaims())
	tests := []struct {
		name        string
		request     *http.Request
		middlewares []func(http.Handler) http.Handler
		want        string
		ambient     bool
	}{
		{"no token keeps the session", request(), []func(http.Handler) http.Handler{session, good}, "session", true},
		{"a bad token keeps the session", request(bearerHeader(token)), []func(http.Handler) http.Handler{session, bad}, "session", true},
		{"a good token replaces it", request(bearerHeader(token)), []func(http.Handler) http.Handler{session, good}, "ann", false},
		{"a later session replaces the token", request(bearerHeader(token)), []func(http.Handler) http.Handler{good, session}, "session", true},
		{"the second knows the key", request(webSocket, query("access_token="+token)), []func(http.Handler) http.Handler{bad, good}, "ann", false},
		{"the first knows the key", request(webSocket, query("access_token="+token)), []func(http.Handler) http.Handler{good, bad}, "ann", false},
		{"hidden before", request(webSocket, query("access_token="+token)), []func(http.Handler) http.Handler{RedactQuery, good}, "ann", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := pass(tt.request, tt.middlewares...)
			ctx := got.request.Context()
			if got.user().Name() != tt.want || got.failure() != nil || Ambient(ctx) != tt.ambient {
				t.Errorf("got %q, %v, ambient %t, want %q, no failure, %t", got.user().Name(), got.failure(), Ambient(ctx), tt.want, tt.ambient)
			}
		})
	}
}

func TestNewJWTRefuses(t *testing.T) {
	t.Parallel()
	keys := func(*jwt.Token) (any, error) { return nil, nil }
	tests := []struct {
		name   string
		config Config
		want   string
	}{
		{"nothing", Config{}, "one of Secret and Keyfunc"},
		{"both", Config{Secret: testSecret, Keyfunc: keys}, "one of Secret and Keyfunc"},
		{"an empty secret", Config{Secret: []byte{}}, "shorter than the hash"},
		{"a short secret", Config{Secret: []byte("secret")}, "shorter than the hash"},
		{"too short for HS512", Config{Secret: testSecret[:63], Algorithms: []string{"HS512"}}, "shorter than the hash"},
		{"a public key for a secret", Config{Secret: []byte("\n-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA")}, "a public key is no secret"},
		{"none", Config{Secret: testSecret, Algorithms: []string{"none"}}, "never accepted"},
		{"None", Config{Keyfunc: keys, Audience: "a", Algorithms: []string{"RS256", "None"}}, "never accepted"},
		{"an unknown algorithm", Config{Secret: testSecret, Algorithms: []string{"HS257"}}, "unknown"},
		{"RS and HS", Config{Keyfunc: keys, Audience: "a", Algorithms: []string{"RS256", "HS256"}}, "together"},
		{"HS and ES", Config{Keyfunc: keys, Audience: "a", Algorithms: []string{"HS256", "ES256"}}, "together"},
		{"RS with a secret", Config{Secret: testSecret, Algorithms: []string{"RS256"}}, "does not work with Secret"},
		{"no audience with public keys", Config{Keyfunc: keys}, "InsecureAllowAnyAudience"},
		{"an audience and any", Config{Keyfunc: keys, Audience: "a", InsecureAllowAnyAudience: true}, "both"},
		{"negative leeway", Config{Secret: testSecret, Leeway: -1}, "Leeway"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := NewJWT(tt.config)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), string(testSecret)) {
				t.Fatalf("got %v, want an error with %q", err, tt.want)
			}
			defer func() {
				if recover() == nil {
					t.Error("JWT: got no panic, want one")
				}
			}()
			JWT(tt.config)
		})
	}
}

func TestFailureOfNothing(t *testing.T) {
	t.Parallel()
	if err := Failure(context.Background()); err != nil || Ambient(context.Background()) {
		t.Errorf("got %v and ambient %t, want nil and false", err, Ambient(context.Background()))
	}
}
