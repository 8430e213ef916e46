package transports

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// originAllowed reports whether the page that opens a WebSocket may do so.
// Browsers do not ask first, as they do for other requests (CORS), so it is the
// server that has to look. A page of the server's own host may, and so may
// those of [Config.AllowedOrigins]; what is no browser sends no Origin.
func (ep *Endpoint) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	if slices.ContainsFunc(ep.cfg.AllowedOrigins, func(allowed string) bool {
		return allowed == "*" || strings.EqualFold(allowed, origin)
	}) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}
