package signalr

import (
	"net/http"

	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/transports"
)

// AuthenticationRefresh is what [OnAuthenticationRefresh] decides about.
type AuthenticationRefresh = transports.AuthenticationRefresh

// EnableAuthenticationRefresh sets whether a client may show new credentials
// for a connection that goes on, as .NET 11 has it: by POST {hub}/refresh, and
// by its polls. The default is false. Negotiate then tells clients how long
// their credentials are good, so that they come in time.
//
// New credentials have to be the same user's: in the claims that identify it,
// and by [UserIDProvider]. Calls that begin from then on see the new principal,
// with its roles and its expiry; a hub that has the method
//
//	OnAuthenticationRefreshed(ctx context.Context) error
//
// is told. It goes well with [CloseOnAuthenticationExpiration], which ends the
// connections of those who do not come.
func EnableAuthenticationRefresh(on bool) Option {
	return option(func(s *settings) { s.transport.EnableAuthenticationRefresh = on })
}

// OnAuthenticationRefresh sets who has the last word on new credentials of the
// same user: false refuses them, with 403, and the connection stays as it was,
// unless it was a poll that showed them, which ends it. The default accepts all.
// accept runs within the request and may be called for several at the same
// time. It has no effect without [EnableAuthenticationRefresh].
func OnAuthenticationRefresh(accept func(AuthenticationRefresh) bool) Option {
	return option(func(s *settings) {
		if accept == nil {
			s.invalidf("OnAuthenticationRefresh(nil): leave the option out to accept all")
			return
		}
		s.transport.OnAuthenticationRefresh = accept
	})
}

func (h *handler) serveRefreshGuarded(w http.ResponseWriter, r *http.Request) {
	if h.admits(w, r) {
		h.endpoint.ServeRefresh(w, r)
	}
}

// tokenLifetime is what negotiate says about the caller's credentials, 0 for
// nothing (transports.md, 8.6).
func (h *handler) tokenLifetime(r *http.Request) int64 {
	if !h.refreshes {
		return 0
	}
	return transports.LifetimeSeconds(auth.FromContext(r.Context()).Expiry())
}
