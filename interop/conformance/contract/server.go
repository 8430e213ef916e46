// Package contract is what the conformance server serves: the hubs and helper
// endpoints of a fixed contract. It is a package so that a server with a
// backplane, which lives in another module, serves the same.
package contract

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
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

// Server is the contract, not listening yet.
type Server struct {
	SignalR *signalr.Server // to shut down
	Handler http.Handler

	book      *lifeBook
	redirects atomic.Int64
}

// New returns the contract. POST /shutdown calls shutdown; options are added
// to those that the contract asks for.
func New(log *slog.Logger, shutdown func(), options ...signalr.ServerOption) *Server {
	s := &Server{book: newLifeBook()}
	s.SignalR = signalr.New(append([]signalr.ServerOption{
		signalr.Logger(log),
		signalr.Protocols(protocol.NewJSON(protocol.ExactNames()), protocol.NewMessagePack()),
		signalr.AllowedOrigins(allowedOrigin),
		signalr.UserIDProvider(userID),
	}, options...)...)
	mux := http.NewServeMux()
	hubPaths := s.mapHubs(mux)
	s.mapHelpers(mux, shutdown)

	s.Handler = cors.New(cors.Options{
		AllowedOrigins:   []string{allowedOrigin},
		AllowCredentials: true,
		AllowedMethods:   []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"},
		AllowedHeaders:   []string{"*"},
	}).Handler(setCookie(foldPaths(hubPaths, authenticate(mux))))
	return s
}

// mapHubs mounts every hub of the contract and returns their paths.
func (s *Server) mapHubs(mux *http.ServeMux) []string {
	table := []struct {
		path    string
		name    string // on a backplane
		options []signalr.HubOption
	}{
		{"/testhub", "TestHub", nil},
		{"/testhub-nowebsockets", "NoWebSocketsHub", []signalr.HubOption{
			signalr.Transports(transports.ServerSentEvents | transports.LongPolling),
		}},
		{"/testhub-sse-only", "SseHub", []signalr.HubOption{signalr.Transports(transports.ServerSentEvents)}},
		{"/testhub-longpolling-only", "LongPollingHub", []signalr.HubOption{signalr.Transports(transports.LongPolling)}},
		{"/testhub-detailed-errors", "DetailedHub", []signalr.HubOption{signalr.EnableDetailedErrors(true)}},
		{"/parallel", "ParallelHub", []signalr.HubOption{signalr.MaximumParallelInvocationsPerClient(10)}},
		{"/smallmax", "SmallMaxHub", []signalr.HubOption{signalr.MaximumReceiveMessageSize(1024)}},
		{"/fastping", "FastPingHub", []signalr.HubOption{
			signalr.KeepAliveInterval(200 * time.Millisecond),
			signalr.ClientTimeoutInterval(time.Second),
			signalr.HandshakeTimeout(time.Second),
		}},
		{"/statefulreconnect", "ReconnectHub", []signalr.HubOption{signalr.AllowStatefulReconnects(true)}},
		{"/authorizedhub", "AuthorizedHub", []signalr.HubOption{signalr.RequireAuthorization()}},
		{"/authexpire", "AuthExpireHub", []signalr.HubOption{
			signalr.RequireAuthorization(),
			signalr.CloseOnAuthenticationExpiration(true),
		}},
		{"/authrefresh", "AuthRefreshHub", []signalr.HubOption{
			signalr.RequireAuthorization(),
			signalr.CloseOnAuthenticationExpiration(true),
			signalr.EnableAuthenticationRefresh(true),
		}},
	}
	paths := append(make([]string, 0, 1+len(table)), "/uncreatable")
	for _, row := range table {
		newHub := func() *hub { return &hub{path: row.path, book: s.book} }
		options := slices.Concat(row.options, []signalr.HubOption{
			signalr.HubName(row.name),
			signalr.AuthorizeMethod((*hub).AdminOnly, auth.Role("admin")),
		})
		signalr.MapHub(s.SignalR, mux, row.path, newHub, options...)
		paths = append(paths, row.path)
	}
	signalr.MapHub(s.SignalR, mux, "/uncreatable", func() *hub { panic("this hub cannot be created") },
		signalr.HubName("UncreatableHub"))
	return paths
}

func (s *Server) mapHelpers(mux *http.ServeMux, shutdown func()) {
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
