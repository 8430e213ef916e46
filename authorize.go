package signalr

import (
	"net/http"
	"slices"

	"github.com/hubwire/signalr/auth"
)

// authorization is who may connect to a hub.
type authorization struct{ policies []auth.Policy }

// RequireAuthorization lets only callers on that are authenticated and whom
// every policy allows. Each request of a connection is asked: negotiate, the
// transport's requests, sends and the end. An anonymous caller is answered 401
// with a challenge, a known one that a policy refuses 403. Given twice, all
// policies must agree.
//
// Who is calling is what the program's own middleware found: auth.JWT, an
// adapter of package auth, or anything that calls auth.NewContext.
func RequireAuthorization(policies ...auth.Policy) Option {
	return option(func(s *settings) {
		all := append([]auth.Policy{auth.Authenticated()}, policies...)
		if s.authorization != nil {
			all = append(slices.Clip(s.authorization.policies), policies...)
		}
		s.authorization = &authorization{all}
	})
}

// AllowAnonymous lets everybody connect to a hub although the server's options
// require authorization.
func AllowAnonymous() HubOption {
	return hubOption(func(s *settings) { s.authorization = nil })
}

// admits reports whether the caller may go on and, if not, has answered.
func (a *authorization) admits(w http.ResponseWriter, r *http.Request) bool {
	return auth.Authorize(w, r, a.policies...)
}
