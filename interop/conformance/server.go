package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/cors"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs/protocol"
	"github.com/hubwire/signalr/transports"
)

// allowedOrigin is the one foreign origin of the contract.
const allowedOrigin = "http://localhost:8090"

type server struct {
	signalr   *signalr.Server
	handler   http.Handler
	book      *lifeBook
	redirects atomic.Int64
}

func newServer(log *slog.Logger, shutdown func()) *server {
	s := &server{book: newLifeBook()}
	s.signalr = signalr.New(
		signalr.Logger(log),
		signalr.Protocols(protocol.NewJSON(protocol.ExactNames()), protocol.NewMessagePack()),
		signalr.AllowedOrigins(allowedOrigin),
		signalr.UserIDProvider(userID),
	)
	mux := http.NewServeMux()
	hubPaths := s.mapHubs(mux)
	s.mapHelpers(mux, shutdown)

	s.handler = cors.New(cors.Options{
		AllowedOrigins:   []string{allowedOrigin},
		AllowCredentials: true,
		AllowedMethods:   []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"},
		AllowedHeaders:   []string{"*"},
	}).Handler(setCookie(foldPaths(hubPaths, authenticate(mux))))
	return s
}

// mapHubs mounts every hub of the contract and returns their paths.
func (s *server) mapHubs(mux *http.ServeMux) []string {
	table := []struct {
		path    string
		options []signalr.HubOption
	}{
		{"/testhub", nil},
		{"/testhub-nowebsockets", []signalr.HubOption{signalr.Transports(transports.ServerSentEvents | transports.LongPolling)}},
		{"/testhub-sse-only", []signalr.HubOption{signalr.Transports(transports.ServerSentEvents)}},
		{"/testhub-longpolling-only", []signalr.HubOption{signalr.Transports(transports.LongPolling)}},
		{"/testhub-detailed-errors", []signalr.HubOption{signalr.EnableDetailedErrors(true)}},
		{"/parallel", []signalr.HubOption{signalr.MaximumParallelInvocationsPerClient(10)}},
		{"/smallmax", []signalr.HubOption{signalr.MaximumReceiveMessageSize(1024)}},
		{"/fastping", []signalr.HubOption{
			signalr.KeepAliveInterval(200 * time.Millisecond),
			signalr.ClientTimeoutInterval(time.Second),
			signalr.HandshakeTimeout(time.Second),
		}},
		{"/authorizedhub", []signalr.HubOption{signalr.RequireAuthorization()}},
		{"/authexpire", []signalr.HubOption{signalr.RequireAuthorization(), signalr.CloseOnAuthenticationExpiration(true)}},
	}
	paths := []string{"/uncreatable"}
	for _, row := range table {
		newHub := func() *hub { return &hub{path: row.path, book: s.book} }
		options := append(row.options, signalr.AuthorizeMethod((*hub).AdminOnly, auth.Role("admin")))
		signalr.MapHub(s.signalr, mux, row.path, newHub, options...)
		paths = append(paths, row.path)
	}
	signalr.MapHub(s.signalr, mux, "/uncreatable", func() *hub { panic("this hub cannot be created") })
	return paths
}

func (s *server) mapHelpers(mux *http.ServeMux, shutdown func()) {
	mux.Handle("/redirect/negotiate", signalr.RedirectNegotiate(func(r *http.Request) (url, accessToken string, err error) {
		return fmt.Sprintf("http://%s/testhub?numRedirects=%d", r.Host, s.redirects.Add(1)), "", nil
	}))
	mux.Handle("/redirect-auth/negotiate", signalr.RedirectNegotiate(func(r *http.Request) (url, accessToken string, err error) {
		token, err := newToken("redirected", time.Hour, nil)
		return "http://" + r.Host + "/authorizedhub", token, err
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"status":"ok"}`)) // the client may be gone
	})
	mux.HandleFunc("GET /generateJwtToken/{user}", serveToken)
	mux.Handle("GET /lifecycle/{id}", s.book)
	mux.HandleFunc("POST /shutdown", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		shutdown()
	})
}

// userID is the contract's user identifier: the token's subject, else the
// query value "user".
func userID(user *auth.Principal, r *http.Request) (id string, ok bool) {
	if id := user.Claim(auth.ClaimSubject); id != "" {
		return id, true
	}
	id, _ = queryValue(r, "user")
	return id, id != ""
}

// foldPaths serves the hubs' paths in any case, as ASP.NET Core's routing does.
func foldPaths(paths []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, path := range paths {
			n := len(path)
			if len(r.URL.Path) < n || r.URL.Path[:n] == path || !strings.EqualFold(r.URL.Path[:n], path) {
				continue
			}
			if rest := r.URL.Path[n:]; rest == "" || rest[0] == '/' {
				r = r.Clone(r.Context())
				r.URL.Path, r.URL.RawPath = path+rest, ""
			}
		}
		next.ServeHTTP(w, r)
	})
}

// setCookie sets the contract's cookie on every good answer to negotiate.
func setCookie(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(strings.ToLower(strings.TrimSuffix(r.URL.Path, "/")), "/negotiate") {
			w = &cookieWriter{ResponseWriter: w}
		}
		next.ServeHTTP(w, r)
	})
}

type cookieWriter struct {
	http.ResponseWriter

	wrote bool
}

func (w *cookieWriter) WriteHeader(status int) {
	if !w.wrote && status == http.StatusOK {
		w.Header().Add("Set-Cookie", "testCookie=testValue; path=/")
	}
	w.wrote = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *cookieWriter) Write(p []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

func (w *cookieWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
