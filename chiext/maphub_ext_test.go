package chiext_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/cors"
	"go.uber.org/goleak"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/chiext"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/internal/wireclient"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type roomHub struct{ hubs.Hub }

func newRoomHub() *roomHub { return &roomHub{} }

func (h *roomHub) Param(name string) string { return chiext.URLParam(h.Context(), name) }

func (h *roomHub) PathValue(name string) string { return h.Context().Request().PathValue(name) }

// serve runs a router on a real listener until the end of the test.
func serve(t *testing.T, sr *signalr.Server, handler http.Handler) (url string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := sr.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		server.Close()
	})
	return server.URL
}

func dial(t *testing.T, url string, o wireclient.Options) *wireclient.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := wireclient.Dial(ctx, url, o)
	if err != nil {
		t.Fatalf("%s: %v", o.Transport, err)
	}
	t.Cleanup(c.Close)
	return c
}

func invoke(t *testing.T, c *wireclient.Client, method string, arguments ...any) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	raw, err := c.Invoke(ctx, method, arguments...)
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWhereHubsAreMapped(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		do   func(sr *signalr.Server, r chi.Router)
		path string
		want string // of the parameter room
	}{
		{"at the top", func(sr *signalr.Server, r chi.Router) { chiext.MapHub(sr, r, "/chat", newRoomHub) }, "/chat", ""},
		{"with a parameter", func(sr *signalr.Server, r chi.Router) {
			chiext.MapHub(sr, r, "/rooms/{room}/chat", newRoomHub)
		}, "/rooms/blue/chat", "blue"},
		{"with a parameter that has a regular expression", func(sr *signalr.Server, r chi.Router) {
			chiext.MapHub(sr, r, "/rooms/{room:[0-9]{1,3}}/chat", newRoomHub)
		}, "/rooms/17/chat", "17"},
		{"in a group", func(sr *signalr.Server, r chi.Router) {
			r.Group(func(r chi.Router) {
				r.Use(middleware.NoCache)
				chiext.MapHub(sr, r, "/rooms/{room}/chat", newRoomHub)
			})
		}, "/rooms/blue/chat", "blue"},
		{"in a route whose own pattern has the parameter", func(sr *signalr.Server, r chi.Router) {
			r.Route("/api/{room}", func(r chi.Router) { chiext.MapHub(sr, r, "/chat", newRoomHub) })
		}, "/api/blue/chat", "blue"},
		{"in a mounted router", func(sr *signalr.Server, r chi.Router) {
			inner := chi.NewRouter()
			chiext.MapHub(sr, inner, "/{room}/chat", newRoomHub)
			r.Mount("/api", inner)
		}, "/api/blue/chat", "blue"},
		{"at the root of a mounted router", func(sr *signalr.Server, r chi.Router) {
			inner := chi.NewRouter()
			chiext.MapHub(sr, inner, "/", newRoomHub)
			r.Mount("/rooms/{room}", inner)
		}, "/rooms/blue", "blue"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sr, r := signalr.New(), chi.NewRouter()
			test.do(sr, r)
			url := serve(t, sr, r)
			for _, transport := range wireclient.Transports() {
				c := dial(t, url+test.path, wireclient.Options{Transport: transport})
				if got := invoke(t, c, "Param", "room"); got != test.want {
					t.Errorf("%s: got room %q, want %q", transport, got, test.want)
				}
			}
		})
	}
}

// chi takes its route context back when the handler returns, which a
// WebSocket's and a first poll's do at once, and gives it to other requests.
func TestURLParamsOutliveChisPool(t *testing.T) {
	t.Parallel()
	sr, r := signalr.New(), chi.NewRouter()
	chiext.MapHub(sr, r, "/rooms/{room}/chat", newRoomHub)
	r.Get("/other/{room}/{more}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	url := serve(t, sr, r)

	var dialed []*wireclient.Client
	for _, transport := range wireclient.Transports() {
		dialed = append(dialed, dial(t, url+"/rooms/"+transport+"/chat", wireclient.Options{Transport: transport}))
	}
	var others sync.WaitGroup
	for i := range 8 { // they take contexts from the pool while hubs read theirs
		others.Go(func() {
			for j := range 50 {
				w := httptest.NewRecorder()
				r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("/other/%d/%d", i, j), nil))
			}
		})
	}
	for i, transport := range wireclient.Transports() {
		for range 20 {
			if got := invoke(t, dialed[i], "Param", "room"); got != transport {
				t.Errorf("%s: got room %q, want %q", transport, got, transport)
			}
		}
		if got := invoke(t, dialed[i], "PathValue", "room"); got != transport {
			t.Errorf("%s: got path value %q, want %q", transport, got, transport)
		}
	}
	others.Wait()
}

func TestMiddlewareOfARouteRefusesOnEveryTransport(t *testing.T) {
	t.Parallel()
	sr, r := signalr.New(), chi.NewRouter()
	guard := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Key") != "open" {
				w.WriteHeader(http.StatusTeapot)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	chiext.MapHub(sr, r.With(guard), "/rooms/{room}/chat", newRoomHub)
	url := serve(t, sr, r) + "/rooms/blue/chat"
	for _, transport := range wireclient.Transports() {
		_, err := wireclient.Dial(t.Context(), url, wireclient.Options{Transport: transport, SkipNegotiation: transport == wireclient.WebSockets})
		refused, ok := errors.AsType[*wireclient.RefusedError](err)
		if !ok || refused.Status != http.StatusTeapot {
			t.Errorf("%s without the key: got %v, want 418", transport, err)
		}
		c := dial(t, url, wireclient.Options{Transport: transport, Header: http.Header{"X-Key": {"open"}}})
		if got := invoke(t, c, "Param", "room"); got != "blue" {
			t.Errorf("%s with the key: got room %q, want blue", transport, got)
		}
	}
}

// allowCORS is a CORS middleware as programs have it.
func allowCORS() func(http.Handler) http.Handler {
	return cors.Handler(cors.Options{
		AllowedOrigins: []string{"https://app.example"}, AllowedMethods: []string{"GET", "POST", "DELETE"},
		AllowedHeaders: []string{"Authorization", "Content-Type", "X-Requested-With", "X-SignalR-User-Agent"}, AllowCredentials: true,
	})
}

func TestOPTIONSIsNotSwallowed(t *testing.T) {
	t.Parallel()
	mine := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }
	tests := []struct {
		name string
		do   func(sr *signalr.Server, r *chi.Mux)
		want int
	}{
		{"CORS middleware for all routes", func(sr *signalr.Server, r *chi.Mux) {
			r.Use(allowCORS())
			chiext.MapHub(sr, r, "/rooms/{room}/chat", newRoomHub)
		}, 200},
		{"CORS middleware of a group", func(sr *signalr.Server, r *chi.Mux) {
			r.Group(func(r chi.Router) {
				r.Use(allowCORS())
				chiext.MapHub(sr, r, "/rooms/{room}/chat", newRoomHub)
			})
		}, 200},
		{"CORS middleware by With", func(sr *signalr.Server, r *chi.Mux) {
			chiext.MapHub(sr, r.With(allowCORS()), "/rooms/{room}/chat", newRoomHub)
		}, 200},
		{"a handler of the program's own, before", func(sr *signalr.Server, r *chi.Mux) {
			r.Options("/rooms/{room}/chat/negotiate", mine)
			chiext.MapHub(sr, r, "/rooms/{room}/chat", newRoomHub)
		}, 202},
		{"a handler of the program's own, after", func(sr *signalr.Server, r *chi.Mux) {
			chiext.MapHub(sr, r, "/rooms/{room}/chat", newRoomHub)
			r.Options("/rooms/{room}/chat/negotiate", mine)
		}, 202},
		{"a handler for all paths, before", func(sr *signalr.Server, r *chi.Mux) {
			r.Options("/*", mine)
			chiext.MapHub(sr, r, "/rooms/{room:[a-z]{2,9}}/chat", newRoomHub)
		}, 202},
		{"none", func(sr *signalr.Server, r *chi.Mux) { chiext.MapHub(sr, r, "/rooms/{room}/chat", newRoomHub) }, 405},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sr, r := signalr.New(), chi.NewRouter()
			test.do(sr, r)
			url := serve(t, sr, r)
			w := httptest.NewRecorder()
			request := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/rooms/blue/chat/negotiate?negotiateVersion=1", nil)
			request.Header.Set("Origin", "https://app.example")
			request.Header.Set("Access-Control-Request-Method", "POST")
			request.Header.Set("Access-Control-Request-Headers", "authorization,x-requested-with,x-signalr-user-agent")
			r.ServeHTTP(w, request)
			if w.Code != test.want {
				t.Errorf("got %d, want %d", w.Code, test.want)
			}
			if allowed := w.Header().Get("Access-Control-Allow-Origin"); test.want == 200 && allowed != "https://app.example" {
				t.Errorf("got Access-Control-Allow-Origin %q", allowed)
			}
			c := dial(t, url+"/rooms/blue/chat", wireclient.Options{Transport: wireclient.LongPolling})
			if got := invoke(t, c, "Param", "room"); got != "blue" {
				t.Errorf("got room %q, want blue", got)
			}
		})
	}
}

func TestTheRoutersRefusalsStayTheProgramsOwn(t *testing.T) {
	t.Parallel()
	sr, r := signalr.New(), chi.NewRouter()
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "nothing here", http.StatusNotFound) })
	r.MethodNotAllowed(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not like that", http.StatusMethodNotAllowed)
	})
	r.Get("/page", func(http.ResponseWriter, *http.Request) {})
	chiext.MapHub(sr, r, "/chat", newRoomHub)
	serve(t, sr, r)
	tests := []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/nowhere", 404, "nothing here"},
		{"GET", "/chat/other", 404, "nothing here"},
		{"POST", "/chat/negotiate/other", 404, "nothing here"},
		{"PUT", "/page", 405, "not like that"},
		{"PUT", "/chat", 405, ""}, // the hub's own, on its own routes
		{"GET", "/chat/negotiate", 405, ""},
		{"GET", "/chat", 400, "Connection ID required"},
		{"POST", "/chat/refresh?id=x", 404, `{"error":"refresh_disabled"}`},
	}
	for _, test := range tests {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), test.method, test.path, nil))
		if got := strings.TrimSpace(w.Body.String()); w.Code != test.status || got != test.body {
			t.Errorf("%s %s: got %d %q, want %d %q", test.method, test.path, w.Code, got, test.status, test.body)
		}
	}
}
