package signalr_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/hubs"
)

func TestMapHubRoutes(t *testing.T) {
	t.Parallel()
	negotiated := func(handler http.Handler, path string) int {
		return answer(t, handler, http.MethodPost, path+"?negotiateVersion=1").Code
	}
	mux := http.NewServeMux()
	signalr.MapHub(newServer(t), mux, "/rooms/{room}/chat", newEmptyHub)
	stripped := http.NewServeMux()
	stripped.Handle("/api/", http.StripPrefix("/api", mux))
	router := chi.NewRouter()
	router.Route("/api", func(r chi.Router) { signalr.MapHub(newServer(t), r, "/rooms/{room}/chat", newEmptyHub) })
	plain, _, err := signalr.NewHandler(newServer(t), newEmptyHub)
	if err != nil {
		t.Fatal(err)
	}
	sr := newServer(t)
	front := signalr.Middleware(sr, func(routes *signalr.Routes) { signalr.MapHub(sr, routes, "/chat", newEmptyHub) })
	behind := front(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))

	tests := []struct {
		name    string
		handler http.Handler
		path    string
		want    int
	}{
		{"ServeMux", mux, "/rooms/7/chat/negotiate", 200},
		{"ServeMux, trailing slash", mux, "/rooms/7/chat/negotiate/", 200},
		{"ServeMux, another case", mux, "/rooms/7/chat/Negotiate", 200},
		{"ServeMux, below the hub", mux, "/rooms/7/chat/other", 404},
		{"ServeMux, below negotiate", mux, "/rooms/7/chat/negotiate/other", 404},
		{"ServeMux, the hub itself with a slash", mux, "/rooms/7/chat/", 400},
		{"StripPrefix", stripped, "/api/rooms/7/chat/negotiate", 200},
		{"chi, mounted", router, "/api/rooms/7/chat/negotiate", 200},
		{"chi, trailing slash", router, "/api/rooms/7/chat/negotiate/", 200},
		{"chi, below the hub", router, "/api/rooms/7/chat/other", 404},
		{"a plain handler", plain, "/wherever/negotiate", 200},
		{"a plain handler, the hub itself", plain, "/wherever", 400},
		{"middleware", behind, "/chat/negotiate", 200},
		{"middleware, not a hub", behind, "/other", 418},
	}
	for _, test := range tests {
		if got := negotiated(test.handler, test.path); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
}

type twiceHub struct{ hubs.Hub }

func (h *twiceHub) Send()     {}
func (h *twiceHub) SEND()     {}
func (h *twiceHub) Fine() int { return 1 }

func TestMapHubMistakes(t *testing.T) {
	t.Parallel()
	sr := newServer(t)
	tests := []struct {
		name string
		do   func()
		want []string // all in the message
	}{
		{"methods that differ in case", func() {
			signalr.MapHub(sr, http.NewServeMux(), "/hub", func() *twiceHub { return &twiceHub{} })
		}, []string{"/hub", "twiceHub", "Send", "SEND"}},
		{"a method in the pattern", func() {
			signalr.MapHub(sr, http.NewServeMux(), "GET /hub", newEmptyHub)
		}, []string{"GET /hub"}},
		{"an option out of range", func() {
			signalr.MapHub(sr, http.NewServeMux(), "/hub", newEmptyHub, signalr.KeepAliveInterval(-time.Second))
		}, []string{"KeepAliveInterval", "-1s"}},
		{"the middleware of another server", func() {
			signalr.Middleware(newServer(t), func(routes *signalr.Routes) { signalr.MapHub(sr, routes, "/hub", newEmptyHub) })
		}, []string{"another server"}},
		{"a name for what is no method", func() {
			signalr.MapHub(sr, http.NewServeMux(), "/hub", newEmptyHub, signalr.HubMethodName("Send", "send"))
		}, []string{"HubMethodName", "method expression"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				message, _ := recover().(string)
				for _, part := range test.want {
					if !strings.Contains(message, part) {
						t.Errorf("got panic %q, want it to name %q", message, part)
					}
				}
			}()
			test.do()
		})
	}
}

func TestNewHandlerReturnsMistakes(t *testing.T) {
	t.Parallel()
	_, _, err := signalr.NewHandler(newServer(t), func() *twiceHub { return &twiceHub{} })
	if err == nil || !strings.Contains(err.Error(), "SEND") {
		t.Errorf("got %v, want an error that names the method", err)
	}
	sr := signalr.New()
	if err := sr.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := signalr.NewHandler(sr, newEmptyHub); !errors.Is(err, signalr.ErrServerClosed) {
		t.Errorf("got %v, want ErrServerClosed", err)
	}
}

func TestNewServerNamesEveryBadOption(t *testing.T) {
	t.Parallel()
	_, err := signalr.NewServer(
		signalr.HandshakeTimeout(0),
		signalr.MaximumReceiveMessageSize(0),
		signalr.MaximumParallelInvocationsPerClient(0),
		signalr.TransportMaxBufferSize(-1),
		signalr.Transports(0),
		signalr.Logger(nil),
	)
	if err == nil {
		t.Fatal("got no error")
	}
	for _, option := range []string{"HandshakeTimeout", "MaximumReceiveMessageSize", "MaximumParallelInvocationsPerClient", "TransportMaxBufferSize", "Transports", "Logger"} {
		if !strings.Contains(err.Error(), option) {
			t.Errorf("got %v, want it to name %s", err, option)
		}
	}
}
