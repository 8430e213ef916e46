package signalr_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/chiext"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/internal/wireclient"
)

type tenantKey struct{}

// requestHub tells what it sees of the request that opened its connection.
type requestHub struct{ hubs.Hub }

func (h *requestHub) Ping() string { return "pong" }

func (h *requestHub) Seen(ctx context.Context) (string, error) {
	r := h.Context().Request()
	cookie, err := r.Cookie("theme")
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return "", err
	}
	tenant, _ := r.Context().Value(tenantKey{}).(string)
	inCall, _ := ctx.Value(tenantKey{}).(string)
	return fmt.Sprint(
		"agent=", r.Header.Get("X-Agent"), " query=", r.URL.Query().Get("greet"), " cookie=", cookie.Value,
		" path=", r.PathValue("room"), " param=", chiext.URLParam(h.Context(), "room"), " method=", r.Method,
		" tls=", r.TLS != nil && r.TLS.HandshakeComplete, " addr=", r.RemoteAddr, " tenant=", tenant, "/", inCall,
		" id=", middleware.GetReqID(r.Context()) != "", " client=", middleware.GetClientIP(r.Context()), " body=", len(body), " ended=", r.Context().Err() != nil,
	), nil
}

// trustedProxy takes the client's address from the proxy in front, which is
// what programs have a middleware for.
func trustedProxy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if addr := r.Header.Get("X-Real-IP"); addr != "" {
			r.RemoteAddr = addr
		}
		next.ServeHTTP(w, r)
	})
}

func tenants(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tenantKey{}, r.Header.Get("X-Tenant"))))
	})
}

func TestRequestOnEveryTransport(t *testing.T) {
	t.Parallel()
	sr, r := signalr.New(), chi.NewRouter()
	r.Use(middleware.RequestID, middleware.ClientIPFromHeader("X-Real-IP", "127.0.0.0/8"), trustedProxy, tenants)
	chiext.MapHub(sr, r, "/rooms/{room}/chat", func() *requestHub { return &requestHub{} })
	r.Get("/other/{room}", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewTLSServer(r)
	defer server.Close()
	defer func() { _ = sr.Shutdown(context.WithoutCancel(t.Context())) }()
	trust := &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, MinVersion: tls.VersionTLS12}

	for i, transport := range wireclient.Transports() {
		room := fmt.Sprint("room", i)
		c := dial(t, server.URL+"/rooms/"+room+"/chat", wireclient.Options{
			Transport: transport, TLS: trust, Query: "greet=hello%20there",
			Header: http.Header{"X-Agent": {"test"}, "Cookie": {"theme=dark"}, "X-Real-Ip": {"203.0.113.7"}, "X-Tenant": {"acme"}},
		})
		var others sync.WaitGroup
		for range 4 { // what net/http and chi reuse, they reuse now
			others.Go(func() {
				for range 20 {
					r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/other/elsewhere", nil))
				}
			})
		}
		want := "agent=test query=hello there cookie=dark path=" + room + " param=" + room +
			" method=GET tls=true addr=203.0.113.7 tenant=acme/acme id=true client=203.0.113.7 body=0 ended=false"
		c.SetHeader(http.Header{"X-Agent": {"another"}, "X-Tenant": {"another"}}) // later requests change nothing
		for range 10 {
			if got := invoke(t, c, "Seen"); got != want {
				t.Errorf("%s:\ngot  %s\nwant %s", transport, got, want)
			}
		}
		others.Wait()
		c.Close()
	}
}

func TestRequestOnTheStandardMux(t *testing.T) {
	t.Parallel()
	sr, mux := signalr.New(), http.NewServeMux()
	signalr.MapHub(sr, mux, "/rooms/{room}/chat", func() *requestHub { return &requestHub{} })
	url := listen(t, sr, mux)
	for _, transport := range wireclient.Transports() {
		c := dial(t, url+"/rooms/blue/chat", wireclient.Options{Transport: transport, Header: http.Header{"Cookie": {"theme=dark"}}})
		got := invoke(t, c, "Seen")
		for _, part := range []string{" path=blue ", " tls=false ", " addr=127.0.0.1:", " method=GET "} {
			if !strings.Contains(got, part) {
				t.Errorf("%s: got %q, want%s", transport, got, part)
			}
		}
	}
}
