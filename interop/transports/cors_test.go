package transports_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	chicors "github.com/go-chi/cors"
	"github.com/rs/cors"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/hubs"
)

type echoHub struct{ hubs.Hub }

func (h *echoHub) Echo(text string) string { return text }

const (
	ourOrigin   = "https://app.example.com"
	otherOrigin = "https://elsewhere.example.com"
)

// corsMiddleware is each of the usual ones, set up as the documentation says.
var corsMiddleware = map[string]func(http.Handler) http.Handler{
	"rs/cors": cors.New(cors.Options{
		AllowedOrigins:   []string{ourOrigin},
		AllowedMethods:   []string{http.MethodGet, http.MethodPost, http.MethodDelete},
		AllowedHeaders:   []string{"X-Requested-With", "X-SignalR-User-Agent", "Authorization"},
		AllowCredentials: true,
	}).Handler,
	"go-chi/cors": chicors.Handler(chicors.Options{
		AllowedOrigins:   []string{ourOrigin},
		AllowedMethods:   []string{http.MethodGet, http.MethodPost, http.MethodDelete},
		AllowedHeaders:   []string{"X-Requested-With", "X-SignalR-User-Agent", "Authorization"},
		AllowCredentials: true,
	}),
}

// TestCORS has the requests of a page of another origin work behind the usual
// middleware: what browsers ask first, and the headers of every answer.
func TestCORS(t *testing.T) {
	t.Parallel()
	for name, wrap := range corsMiddleware {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sr := signalr.New(signalr.AllowedOrigins(ourOrigin), signalr.Logger(slog.New(slog.DiscardHandler)))
			mux := http.NewServeMux()
			signalr.MapHub(sr, mux, "/hub", func() *echoHub { return &echoHub{} })
			signalr.MapHub(sr, mux, "/secret", func() *echoHub { return &echoHub{} }, signalr.RequireAuthorization())
			s := newSite(t, sr, wrap(mux))
			t.Run("preflight", func(t *testing.T) { preflight(t, s) })
			t.Run("answers", func(t *testing.T) { answersAcrossOrigins(t, s) })
			t.Run("refusals", func(t *testing.T) { refusalsAcrossOrigins(t, s) })
		})
	}
}

// preflight asks what a browser asks before each kind of request of the
// official client. An EventSource and a WebSocket are not asked for.
func preflight(t *testing.T, s *site) {
	t.Helper()
	target := s.negotiate("/hub")
	const usual = "x-requested-with,x-signalr-user-agent"
	for _, tt := range []struct{ name, target, method, headers string }{
		{"negotiate", "/hub/negotiate?negotiateVersion=1", http.MethodPost, usual},
		{"negotiate with a token", "/secret/negotiate?negotiateVersion=1", http.MethodPost, "authorization," + usual},
		{"poll", target, http.MethodGet, usual},
		{"poll with a token", target, http.MethodGet, "authorization," + usual},
		{"POST", target, http.MethodPost, usual},
		{"DELETE", target, http.MethodDelete, usual},
		{"DELETE with a token", target, http.MethodDelete, "authorization," + usual},
	} {
		ask := []string{"Access-Control-Request-Method: " + tt.method, "Access-Control-Request-Headers: " + tt.headers}
		got := s.do(http.MethodOptions, tt.target, "", append(ask, "Origin: "+ourOrigin)...)
		if got.status != http.StatusOK && got.status != http.StatusNoContent {
			t.Errorf("%s: got %d, want 200 or 204", tt.name, got.status)
		}
		checkCORS(t, tt.name, got)
		if methods := got.header.Get("Access-Control-Allow-Methods"); !strings.Contains(methods, tt.method) {
			t.Errorf("%s: got methods %q, want %s", tt.name, methods, tt.method)
		}
		allowed := strings.ToLower(got.header.Get("Access-Control-Allow-Headers"))
		for header := range strings.SplitSeq(tt.headers, ",") {
			if !strings.Contains(allowed, header) {
				t.Errorf("%s: got headers %q, want %s", tt.name, allowed, header)
			}
		}
		got = s.do(http.MethodOptions, tt.target, "", append(ask, "Origin: "+otherOrigin)...)
		if origin := got.header.Get("Access-Control-Allow-Origin"); origin != "" {
			t.Errorf("%s: another origin is allowed: %q", tt.name, origin)
		}
	}
}

func checkCORS(t *testing.T, name string, got answer) {
	t.Helper()
	origin, credentials := got.header.Get("Access-Control-Allow-Origin"), got.header.Get("Access-Control-Allow-Credentials")
	if origin != ourOrigin || credentials != "true" {
		t.Errorf("%s: got %d for origin %q, credentials %q, want %q, true", name, got.status, origin, credentials, ourOrigin)
	}
}

func answersAcrossOrigins(t *testing.T, s *site) {
	t.Helper()
	const from = "Origin: " + ourOrigin
	checkCORS(t, "negotiate", s.do(http.MethodPost, "/hub/negotiate?negotiateVersion=1", "", from))
	target := s.negotiate("/hub")
	checkCORS(t, "first poll", s.do(http.MethodGet, target, "", from))
	checkCORS(t, "POST", s.do(http.MethodPost, target, handshake, from))
	poll := s.do(http.MethodGet, target, "", from)
	check(t, poll, http.StatusOK, "{}"+rs)
	checkCORS(t, "poll", poll)
	checkCORS(t, "DELETE", s.do(http.MethodDelete, target, "", from))
	resp, err := s.open(limit(t), http.MethodGet, s.negotiate("/hub"), "", from, "Accept: text/event-stream")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	checkCORS(t, "event stream", answer{resp.StatusCode, resp.Header, ""})
	foreign := append([]string{"Origin: " + otherOrigin}, requests[2].lines...)
	check(t, s.do(http.MethodGet, "/hub", "", foreign...), http.StatusForbidden, "*")
}

// refusalsAcrossOrigins: without the headers the page would not even learn why
// it was refused.
func refusalsAcrossOrigins(t *testing.T, s *site) {
	t.Helper()
	const (
		from   = "Origin: " + ourOrigin
		events = "Accept: text/event-stream"
	)
	streamed, deleted := s.negotiate("/hub"), s.negotiate("/hub")
	s.events(streamed)
	s.polls(deleted).close()
	for _, tt := range []struct {
		name, method, target string
		status               int
		lines                []string
	}{
		{"no id", http.MethodGet, "/hub", 400, nil},
		{"unknown id", http.MethodGet, "/hub?id=x", 404, nil},
		{"unknown id, event stream", http.MethodGet, "/hub?id=x", 404, []string{events}},
		{"unknown id, POST", http.MethodPost, "/hub?id=x", 404, nil},
		{"unknown id, DELETE", http.MethodDelete, "/hub?id=x", 404, nil},
		{"second event stream", http.MethodGet, streamed, 409, []string{events}},
		{"other transport", http.MethodGet, streamed, 400, nil},
		{"DELETE of an event stream", http.MethodDelete, streamed, 400, nil},
		{"method of negotiate", http.MethodGet, "/hub/negotiate", 405, nil},
		{"no token, negotiate", http.MethodPost, "/secret/negotiate?negotiateVersion=1", 401, nil},
		{"no token, poll", http.MethodGet, "/secret?id=x", 401, nil},
		{"long query", http.MethodGet, "/hub?id=" + strings.Repeat("x", 40<<10), 414, nil},
		{"ended", http.MethodPost, deleted, 404, nil},
	} {
		got := s.do(tt.method, tt.target, "", append(tt.lines, from)...)
		if got.status != tt.status {
			t.Errorf("%s: got %d %q, want %d", tt.name, got.status, got.body, tt.status)
		}
		checkCORS(t, tt.name, got)
	}
}
