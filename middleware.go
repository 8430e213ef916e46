package signalr

import "net/http"

// Routes collects the hubs of a [Middleware]. It is a [Router].
type Routes struct {
	server *Server
	mux    *http.ServeMux
}

// Handle adds a handler for a pattern of [http.ServeMux].
func (r *Routes) Handle(pattern string, handler http.Handler) { r.mux.Handle(pattern, handler) }

// Middleware serves hubs in front of any handler, as ASP.NET's UseSignalR
// did: for frameworks that know middleware and nothing else. Requests for the
// hubs that configure maps are answered here, all others go to the next
// handler.
//
// What must see hub requests too belongs before it, in this order: CORS, which
// answers preflight requests; request ids, real IP, recoverers; what finds out
// who is calling ([auth.JWT], or another and [auth.Adapt]), with
// [auth.RedactQuery] in front of it if a logger is; loggers, limits and
// compression. What is behind it never sees them.
func Middleware(s *Server, configure func(*Routes)) func(http.Handler) http.Handler {
	routes := &Routes{server: s, mux: http.NewServeMux()}
	configure(routes)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, pattern := routes.mux.Handler(r); pattern == "" {
				next.ServeHTTP(w, r)
				return
			}
			routes.mux.ServeHTTP(w, r)
		})
	}
}
