package chiext

import (
	"context"
	"net/http"
	"regexp"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/hubs"
)

// MapHub is [signalr.MapHub] for a chi router: at the top, in a group or
// mounted, with URL parameters in the pattern, behind r.With.
//
// On its routes the hub answers every method itself, 405 where it has to; what
// lies elsewhere, "/chat/other" for a hub at "/chat", is for the router's
// NotFound. Preflight requests (OPTIONS) are for CORS middleware in front, by
// r.Use, in a group or by r.With, or for a handler of the program's own: one
// that r.Options registers for the same pattern, or a pattern with wildcards
// that it has registered before.
func MapHub[H hubs.Instance[K], K any](
	s *signalr.Server, r chi.Router, pattern string, newHub func() H, options ...signalr.HubOption,
) *hubs.HubContext[K] {
	return signalr.MapHub(s, router{r}, pattern, newHub, options...)
}

// URLParam returns a parameter of the route that the connection was opened
// on, or "". It works on every transport for the connection's whole life.
func URLParam(c *hubs.Context, key string) string { return chi.URLParam(c.Request(), key) }

// router registers handlers that may keep the request.
type router struct{ chi.Router }

func (r router) Handle(pattern string, handler http.Handler) {
	handler = keepRouteContext(handler)
	if !r.hasOptions(pattern) {
		r.Router.Handle(pattern, handler)
		return
	}
	for _, method := range [...]string{
		http.MethodConnect, http.MethodDelete, http.MethodGet, http.MethodHead,
		http.MethodPatch, http.MethodPost, http.MethodPut, http.MethodTrace,
	} {
		r.Method(method, pattern, handler)
	}
}

// hasOptions reports whether the program answers OPTIONS there already.
func (r router) hasOptions(pattern string) bool {
	for _, route := range r.Routes() {
		if route.Pattern == pattern && route.Handlers[http.MethodOptions] != nil {
			return true
		}
	}
	return r.Match(chi.NewRouteContext(), http.MethodOptions, wildcard.ReplaceAllString(pattern, "x"))
}

// wildcard is a part of a pattern that a path fills in.
var wildcard = regexp.MustCompile(`\{(?:[^{}]|\{[^{}]*\})*\}|\*$`)

// keepRouteContext gives the request a route context of its own. chi takes
// back the one it made as soon as the handler returns and fills it for another
// request, but a connection reads its opening request long after that.
func keepRouteContext(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if pooled := chi.RouteContext(r.Context()); pooled != nil {
			own := chi.NewRouteContext()
			own.Routes = pooled.Routes
			own.RoutePath, own.RouteMethod = pooled.RoutePath, pooled.RouteMethod
			own.RoutePatterns = slices.Clone(pooled.RoutePatterns)
			own.URLParams.Keys = slices.Clone(pooled.URLParams.Keys)
			own.URLParams.Values = slices.Clone(pooled.URLParams.Values)
			r = r.WithContext(context.WithValue(r.Context(), chi.RouteCtxKey, own))
		}
		next.ServeHTTP(w, r)
	})
}
