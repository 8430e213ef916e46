// Package auth_test attacks a hub as programs put one behind their
// authentication, and holds the conformance server to the parts of its contract
// that are about who is calling: on a real listener, over every transport.
package auth_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/chiext"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/internal/wireclient"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// bank is a hub with something to guard.
type bank struct{ hubs.Hub }

func (b *bank) ID() string { return b.Context().ConnectionID() }

func (b *bank) WhoAmI() string { return b.Context().User().Name() }

func (b *bank) Balance(account string) string { return "balance of " + account }

func (b *bank) Broken() string { return "never" }

// app is a program of the usual making: loggers, then who is calling, then
// routes.
type app struct {
	url      string
	hub      string        // URL of the hub
	requests *syncBuffer   // what request loggers wrote
	server   *syncBuffer   // what our own logger wrote, at its most talkative
	asked    *atomic.Int64 // how often the policy of Balance was
}

func newApp(t *testing.T, config auth.Config) *app {
	t.Helper()
	a := &app{requests: &syncBuffer{}, server: &syncBuffer{}, asked: &atomic.Int64{}}
	sr := signalr.New(signalr.Logger(slog.New(slog.NewTextHandler(a.server, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	tickets := auth.NewTickets(auth.TicketOptions{})
	r := chi.NewRouter()
	r.Use(
		auth.RedactQuery,
		middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: log.New(a.requests, "", 0), NoColor: true}),
		auth.JWT(config), slogRequests(a.requests), tickets.Middleware)
	chiext.MapHub(sr, r, "/bank", func() *bank { return &bank{} },
		signalr.RequireAuthorization(), signalr.EnableAuthenticationRefresh(true),
		signalr.AuthorizeMethod((*bank).Balance, func(_ context.Context, res auth.Resource) error {
			a.asked.Add(1)
			if account, _ := res.Arguments[0].(string); account != res.Principal.ID() {
				return auth.ErrForbidden
			}
			return nil
		}),
		signalr.AuthorizeMethod((*bank).Broken, func(context.Context, auth.Resource) error { panic("no database") }))
	r.Method(http.MethodPost, "/ticket", tickets)

	server := httptest.NewUnstartedServer(r)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if err := sr.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		server.Close()
	})
	a.url, a.hub = server.URL, server.URL+"/bank"
	return a
}

// slogRequests logs what a program may log of a request, behind the
// authentication.
func slogRequests(w io.Writer) func(http.Handler) http.Handler {
	logger := slog.New(slog.NewJSONHandler(w, nil))
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			logger.LogAttrs(r.Context(), slog.LevelInfo, "request",
				slog.String("url", r.URL.String()), slog.String("uri", r.RequestURI), slog.Any("query", r.URL.Query()),
				slog.Any("user", auth.FromContext(r.Context())), slog.Any("failure", auth.Failure(r.Context())))
			next.ServeHTTP(w, r)
		})
	}
}

// syncBuffer takes what loggers write, from any goroutine.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

const (
	issuer   = "https://issuer.example"
	audience = "bank"
)

var secret = []byte("a secret for tests only, of 32 bytes or more")

func hmacConfig() auth.Config {
	return auth.Config{Secret: secret, Issuer: issuer, Audience: audience, Cookie: "session"}
}

// rsaKey is made once; it takes a while.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func rsaConfig() auth.Config {
	return auth.Config{
		Keyfunc: func(*jwt.Token) (any, error) { return &rsaKey().PublicKey, nil },
		Issuer:  issuer, Audience: audience,
	}
}

// sign makes a token of a user that is good but for what change does to it.
func sign(t *testing.T, method jwt.SigningMethod, key any, user string, change func(jwt.MapClaims)) string {
	t.Helper()
	claims := jwt.MapClaims{"sub": user, "iss": issuer, "aud": audience, "exp": time.Now().Add(time.Hour).Unix()}
	if change != nil {
		change(claims)
	}
	text, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func token(t *testing.T, user string) string {
	t.Helper()
	return sign(t, jwt.SigningMethodHS256, secret, user, nil)
}

func dial(t *testing.T, url string, o wireclient.Options) *wireclient.Client {
	t.Helper()
	c, err := tryDial(t, url, o)
	if err != nil {
		t.Fatalf("%s: %v", o.Transport, err)
	}
	return c
}

func tryDial(t *testing.T, url string, o wireclient.Options) (*wireclient.Client, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := wireclient.Dial(ctx, url, o)
	if err == nil {
		t.Cleanup(c.Close)
	}
	return c, err
}

func invoke(t *testing.T, c *wireclient.Client, method string, arguments ...any) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	raw, err := c.Invoke(ctx, method, arguments...)
	if err != nil {
		return "error: " + err.Error()
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return string(raw)
	}
	return text
}

// answer is what a server says to one request.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends one request, as a client does whom the test lets do anything.
func send(t *testing.T, method, url string, header http.Header) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	got, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode == http.StatusSwitchingProtocols {
		return answer{got.StatusCode, got.Header, ""}
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{got.StatusCode, got.Header, string(body)}
}

// request is one kind of request that a client makes.
type request struct {
	name, method, rest string
	header             http.Header
	inQuery            bool // browsers can have the token in the query only
}

// requests are all kinds, for a connection that c has.
func requests(c *wireclient.Client) []request {
	upgrade := http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	return []request{
		{"negotiate", "POST", "/negotiate?negotiateVersion=1", nil, false},
		{"WebSocket", "GET", "", upgrade, true},
		{"WebSocket of a negotiated connection", "GET", c.Here(), upgrade, true},
		{"event stream", "GET", c.Here(), http.Header{"Accept": {"text/event-stream"}}, true},
		{"poll", "GET", c.Here(), nil, false},
		{"send", "POST", c.Here(), nil, false},
		{"delete", "DELETE", c.Here(), nil, false},
		{"refresh", "POST", "/refresh" + c.Here(), nil, false},
	}
}

// with returns the URL and the header of a request that has a token, in the
// query or in the header.
func (r request) with(base, token string, inQuery bool) (url string, header http.Header) {
	header = r.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	url = base + r.rest
	if !inQuery {
		header.Set("Authorization", "Bearer "+token)
		return url, header
	}
	return addQuery(url, "access_token="+token), header
}

func addQuery(url, parameter string) string {
	for i := range len(url) {
		if url[i] == '?' {
			return url + "&" + parameter
		}
	}
	return url + "?" + parameter
}
