package signalr

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hubwire/signalr/auth"
)

// foreignPage reports whether a request comes from a page of a foreign site and
// may rest on credentials that the browser has added by itself, such as a
// cookie: any site could make a visitor's browser send it (see [auth.Ambient]).
// Only the server's own host and the origins that [AllowedOrigins] names may do
// that; its "*" is for callers that prove who they are.
func (h *handler) foreignPage(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || !auth.Ambient(r.Context()) {
		return false
	}
	if slices.ContainsFunc(h.allowedOrigins, func(allowed string) bool { return strings.EqualFold(allowed, origin) }) {
		return false
	}
	from, err := url.Parse(origin)
	return err != nil || from.Host == "" || !strings.EqualFold(from.Host, r.Host)
}
