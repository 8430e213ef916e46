package signalr

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/transports"
)

// Router is what a hub can be mounted on: [http.ServeMux], a chi router and
// every router that takes a pattern and an [http.Handler].
type Router interface {
	Handle(pattern string, handler http.Handler)
}

// MapHub mounts a hub at pattern, as ASP.NET Core's MapHub does, and returns
// the context from which code outside the hub reaches its clients. newHub is
// called for every invocation and makes the hub value that serves it; what the
// hub needs it takes from the closure.
//
// The pattern is a path, with wildcards if the router has them. On it and on
// what lies below it ("/negotiate", "/refresh") the hub answers every method.
// Options given here win over those given to [New].
//
// Mistakes of the program (a method that cannot be bound, two methods that
// differ in case only, an option out of range) panic with what to mend, as
// [http.ServeMux.Handle] does; [NewHandler] returns them as an error.
func MapHub[H hubs.Instance[K], K any](
	s *Server, router Router, pattern string, newHub func() H, options ...HubOption,
) *hubs.HubContext[K] {
	base := strings.TrimSuffix(pattern, "/")
	if !strings.Contains(pattern, "/") || strings.ContainsAny(pattern, " \t") {
		mistakef("MapHub(%q): the pattern must be a path such as \"/chat\", without a method: a hub answers several", pattern)
	}
	if routes, ok := router.(*Routes); ok && routes.server != s {
		mistakef("MapHub(%q): the routes belong to the middleware of another server; give both the same", pattern)
	}
	h, hubContext, err := newHandler(s, newHub, options)
	if err != nil {
		mistakef("MapHub(%q): %v", pattern, err)
	}
	h.mount(router, base, strings.Count(base, "/"))
	return hubContext
}

// handler is the HTTP side of one hub.
type handler struct {
	endpoint               *transports.Endpoint
	available              []availableTransport
	minimumProtocolVersion int
	statefulReconnects     bool
	authorization          *authorization // nil: everybody may connect
	allowedOrigins         []string
	refreshes              bool // clients may renew their credentials
	log                    *slog.Logger
	ready                  func() error // whether clients can be taken
}

// mount registers the hub's patterns, base being a path of so many segments.
func (h *handler) mount(router Router, base string, segments int) {
	negotiate, refresh := http.HandlerFunc(h.serveNegotiateGuarded), http.HandlerFunc(h.serveRefreshGuarded)
	if base != "" {
		router.Handle(base, http.HandlerFunc(h.serveBase))
	}
	router.Handle(base+"/negotiate", negotiate)
	router.Handle(base+"/refresh", refresh)
	switch router.(type) {
	case *http.ServeMux, *Routes: // a trailing slash opens a subtree
		router.Handle(base+"/", h.below(segments))
	default:
		router.Handle(base+"/", http.HandlerFunc(h.serveBase))
		router.Handle(base+"/negotiate/", negotiate)
		router.Handle(base+"/refresh/", refresh)
	}
}

// mistakef panics about a programming error at registration.
func mistakef(format string, args ...any) {
	panic("signalr: " + fmt.Sprintf(format, args...)) //nolint:forbidigo // as http.ServeMux does
}

// NewHandler returns a hub as a plain handler, for routers of another shape
// than [Router], and the context from which code outside the hub reaches its
// clients. The handler serves any path: one that ends in "/negotiate" is the
// hub's negotiation, one that ends in "/refresh" its refresh if there is one,
// all others are the hub itself.
func NewHandler[H hubs.Instance[K], K any](s *Server, newHub func() H, options ...HubOption) (http.Handler, *hubs.HubContext[K], error) {
	h, hubContext, err := newHandler(s, newHub, options)
	if err != nil {
		return nil, nil, fmt.Errorf("signalr: NewHandler: %w", err)
	}
	return h, hubContext, nil
}

func newHandler[H hubs.Instance[K], K any](s *Server, newHub func() H, options []HubOption) (*handler, *hubs.HubContext[K], error) {
	set, err := s.settings.forHub(options)
	if err != nil {
		return nil, nil, err
	}
	runtime, hubContext, err := hubs.NewRuntime(newHub, set.hub)
	if err != nil {
		return nil, nil, err
	}
	endpoint, err := transports.NewEndpoint(s.engine, set.transport, app{runtime})
	if err != nil {
		return nil, nil, err
	}
	if err := s.add(mapped{runtime, endpoint}); err != nil {
		return nil, nil, err
	}
	return &handler{
		endpoint:               endpoint,
		available:              availableTransports(set.transport.Transports),
		minimumProtocolVersion: set.minimumProtocolVersion,
		statefulReconnects:     set.transport.AllowStatefulReconnects,
		authorization:          set.authorization,
		allowedOrigins:         set.transport.AllowedOrigins,
		refreshes:              set.transport.EnableAuthenticationRefresh,
		log:                    set.hub.Logger,
		ready:                  runtime.Ready,
	}, hubContext, nil
}

// app joins the transports to the hub runtime, which do not know each other.
type app struct{ runtime *hubs.Runtime }

func (a app) Connect(c *transports.Conn) transports.Session { return a.runtime.Connect(c) }

// ServeHTTP serves a hub wherever the program has put the handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	switch last := path[strings.LastIndexByte(path, '/')+1:]; {
	case strings.EqualFold(last, "negotiate"):
		h.serveNegotiateGuarded(w, r)
	case strings.EqualFold(last, "refresh") && h.refreshes:
		h.serveRefreshGuarded(w, r)
	default:
		h.serveBase(w, r)
	}
}

// below serves the subtree under a hub mounted at a pattern of so many path
// segments: the hub itself with a trailing slash, negotiate and refresh in any
// case, and nothing else.
func (h *handler) below(segments int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
		rest := strings.TrimSuffix(strings.Join(parts[min(segments, len(parts)):], "/"), "/")
		switch {
		case rest == "":
			h.serveBase(w, r)
		case strings.EqualFold(rest, "negotiate"):
			h.serveNegotiateGuarded(w, r)
		case strings.EqualFold(rest, "refresh"):
			h.serveRefreshGuarded(w, r)
		default:
			w.Header()["Content-Type"] = nil
			w.WriteHeader(http.StatusNotFound)
		}
	})
}

func (h *handler) serveBase(w http.ResponseWriter, r *http.Request) {
	if h.admits(w, r) {
		h.endpoint.ServeHTTP(w, r)
	}
}

func (h *handler) serveNegotiateGuarded(w http.ResponseWriter, r *http.Request) {
	if h.admits(w, r) {
		h.serveNegotiate(w, r)
	}
}

// admits reports whether the caller may use the hub and, if not, has answered
// the request. Every request of a connection is asked, POST and DELETE
// included (transports.md, 8.1).
func (h *handler) admits(w http.ResponseWriter, r *http.Request) bool {
	if h.foreignPage(r) {
		w.Header()["Content-Type"] = nil
		w.WriteHeader(http.StatusForbidden)
		return false
	}
	return h.authorization == nil || h.authorization.admits(w, r)
}
