package signalr_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	chicors "github.com/go-chi/cors"
	rscors "github.com/rs/cors"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/internal/wireclient"
)

const page = "https://app.example"

type wrap = func(http.Handler) http.Handler

// others are the middlewares that programs have around their routes.
func others() map[string]wrap {
	return map[string]wrap{
		"Recoverer": middleware.Recoverer,
		"Logger": middleware.RequestLogger(&middleware.DefaultLogFormatter{
			Logger: log.New(io.Discard, "", 0), NoColor: true,
		}),
		"Timeout":     middleware.Timeout(time.Minute),
		"Compress":    middleware.Compress(5),
		"RealIP":      middleware.RealIP, //nolint:staticcheck // programs have it still
		"RequestID":   middleware.RequestID,
		"Throttle":    middleware.ThrottleBacklog(10, 10, time.Minute),
		"NoCache":     middleware.NoCache,
		"StripSlash":  middleware.StripSlashes,
		"go-chi/cors": chicors.Handler(chicors.Options{AllowedOrigins: []string{page}, AllowedMethods: []string{"GET", "POST", "DELETE"}, AllowedHeaders: []string{"*"}, AllowCredentials: true}),
		"rs/cors":     rscors.New(rscors.Options{AllowedOrigins: []string{page}, AllowedMethods: []string{"GET", "POST", "DELETE"}, AllowedHeaders: []string{"*"}, AllowCredentials: true}).Handler,
	}
}

// converse talks to a hub over every transport, as known and unknown callers.
func converse(t *testing.T, url string) {
	t.Helper()
	for _, transport := range wireclient.Transports() {
		header := as("ann")
		header.Set("Origin", page)
		c := dial(t, url, wireclient.Options{Transport: transport, Header: header})
		for range 2 {
			if got := invoke(t, c, "Ping"); got != "pong" {
				t.Errorf("%s: got %q, want pong", transport, got)
			}
		}
		c.Close()
		_, err := tryDial(t, url, wireclient.Options{Transport: transport, SkipNegotiation: transport == wireclient.WebSockets})
		if status, _, _ := refusedWith(err); status != http.StatusUnauthorized {
			t.Errorf("%s, anonymous: got %v, want 401", transport, err)
		}
	}
}

func newPingHub() *requestHub { return &requestHub{} }

// Every middleware in front of and behind the one that finds out who calls,
// around routes and around the middleware form.
func TestAmongOtherMiddlewares(t *testing.T) {
	t.Parallel()
	for name, other := range others() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for order, chain := range map[string][]wrap{
				"before": {other, auth.Adapt(headerUser)},
				"after":  {auth.Adapt(headerUser), other},
			} {
				sr, r := signalr.New(signalr.AllowedOrigins(page)), chi.NewRouter()
				r.Use(chain...)
				signalr.MapHub(sr, r, "/hub", newPingHub, signalr.RequireAuthorization())
				t.Log(order)
				converse(t, listen(t, sr, r)+"/hub")

				sr = signalr.New(signalr.AllowedOrigins(page))
				form := signalr.Middleware(sr, func(routes *signalr.Routes) {
					signalr.MapHub(sr, routes, "/hub", newPingHub, signalr.RequireAuthorization())
				})
				t.Log(order + ", middleware form")
				converse(t, listen(t, sr, chi.Chain(append(chain, form)...).Handler(http.NotFoundHandler()))+"/hub")
			}
		})
	}
}

// Behind the middleware form: hub requests do not get there, all others do.
func TestMiddlewareFormInFront(t *testing.T) {
	t.Parallel()
	for name, other := range others() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sr := signalr.New(signalr.AllowedOrigins(page))
			form := signalr.Middleware(sr, func(routes *signalr.Routes) {
				signalr.MapHub(sr, routes, "/hub", newPingHub, signalr.RequireAuthorization())
			})
			r := chi.NewRouter()
			r.Use(auth.Adapt(headerUser), form, other)
			r.Get("/page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a page") })
			url := listen(t, sr, r)
			converse(t, url+"/hub")
			w := httptest.NewRecorder()
			r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/page", nil))
			if w.Code != http.StatusOK || w.Body.String() != "a page" {
				t.Errorf("got %d %q, want the page behind", w.Code, w.Body)
			}
		})
	}
}

// A middleware that gives every request a deadline does not end connections:
// polls are answered in time, streams and WebSockets outlive it.
func TestConnectionsOutliveTimeoutMiddleware(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var opened []context.Context
	spy := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				mu.Lock()
				opened = append(opened, r.Context())
				mu.Unlock()
			}
			next.ServeHTTP(w, r)
		})
	}
	sr, r := signalr.New(), chi.NewRouter()
	r.Use(middleware.Timeout(400*time.Millisecond), spy)
	signalr.MapHub(sr, r, "/hub", newPingHub)
	url := listen(t, sr, r) + "/hub"
	for _, transport := range wireclient.Transports() {
		mu.Lock()
		opened = nil
		mu.Unlock()
		c := dial(t, url, wireclient.Options{Transport: transport})
		invoke(t, c, "Ping")
		mu.Lock()
		over := opened
		mu.Unlock()
		for _, ctx := range over {
			<-ctx.Done()
		}
		if got := invoke(t, c, "Ping"); got != "pong" {
			t.Errorf("%s: got %q after the deadline, want pong", transport, got)
		}
		c.Close()
	}
}

func TestAPanicOfTheProgramsReachesRecoverer(t *testing.T) {
	t.Parallel()
	sr, r := signalr.New(), chi.NewRouter()
	r.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if p := recover(); p != nil {
					w.WriteHeader(http.StatusInternalServerError)
				}
			}()
			next.ServeHTTP(w, r)
		})
	}, auth.Adapt(headerUser))
	signalr.MapHub(sr, r, "/hub", newPingHub, signalr.EnableAuthenticationRefresh(true),
		signalr.OnAuthenticationRefresh(func(signalr.AuthenticationRefresh) bool { panic("the database is down") }))
	c := dial(t, listen(t, sr, r)+"/hub", wireclient.Options{Header: as("ann")})
	if status, _, _ := do(t, c, http.MethodPost, "/refresh"+c.Here(), showing(as("ann", "admin"))); status != 500 {
		t.Errorf("got %d, want Recoverer's 500", status)
	}
	if got := invoke(t, c, "Ping"); got != "pong" {
		t.Errorf("got %q, want the connection to go on", got)
	}
}

// What a browser asks before each kind of request of a client on another
// origin, and that the answer lets it go on.
func TestPreflights(t *testing.T) {
	t.Parallel()
	requests := []struct{ name, method, target, headers string }{
		{"negotiate", "POST", "/hub/negotiate?negotiateVersion=1", "x-requested-with,x-signalr-user-agent"},
		{"negotiate with a token", "POST", "/hub/negotiate?negotiateVersion=1", "authorization,x-requested-with,x-signalr-user-agent"},
		{"event stream", "GET", "/hub?id=1", "x-signalr-user-agent"},
		{"poll", "GET", "/hub?id=1", "authorization,x-requested-with,x-signalr-user-agent"},
		{"send", "POST", "/hub?id=1", "authorization,content-type,x-requested-with,x-signalr-user-agent"},
		{"end of polling", "DELETE", "/hub?id=1", "authorization,x-requested-with,x-signalr-user-agent"},
		{"refresh", "POST", "/hub/refresh?id=1", "authorization,x-requested-with,x-signalr-user-agent"},
	}
	for _, name := range []string{"go-chi/cors", "rs/cors"} {
		sr, r := signalr.New(), chi.NewRouter()
		r.Use(others()[name], auth.Adapt(headerUser))
		signalr.MapHub(sr, r, "/hub", newPingHub, signalr.RequireAuthorization())
		url := listen(t, sr, r)
		for _, origin := range []string{page, "https://evil.example"} {
			for _, request := range requests {
				status, header := preflight(t, url+request.target, origin, request.method, request.headers)
				allowed := header.Get("Access-Control-Allow-Origin") == page && header.Get("Access-Control-Allow-Credentials") == "true"
				if want := origin == page; allowed != want || want && status/100 != 2 {
					t.Errorf("%s, %s from %s: got %d %v", name, request.name, origin, status, header)
				}
			}
		}
	}
}

func preflight(t *testing.T, url, origin, method, headers string) (int, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", origin)
	r.Header.Set("Access-Control-Request-Method", method)
	r.Header.Set("Access-Control-Request-Headers", headers)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode, answer.Header
}
