package chiext

import (
	"context"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/hubs"
)

// MapHub is [signalr.MapHub] for a chi router: at the top, in a group or
// mounted, with URL parameters in the pattern, behind r.With. It answers every
// method on the hub's routes; middleware that answers preflight requests goes
// before it, as chi's and rs/cors do with r.Use.
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
	r.Router.Handle(pattern, keepRouteContext(handler))
}

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
