package transports

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/hubwire/signalr/auth"
)

// AuthenticationRefresh is what [Config.OnAuthenticationRefresh] decides about:
// a client of a running connection has shown new credentials.
type AuthenticationRefresh struct {
	// Request is the request that showed them: POST {hub}/refresh or a poll.
	Request *http.Request

	// ConnectionID is the public id of the connection.
	ConnectionID string

	// Previous is who the connection's user has been so far, with the claims
	// and the expiry that the newest credentials gave it.
	Previous *auth.Principal

	// User is the same user by the new credentials.
	User *auth.Principal
}

// Refresher is a [Session] that takes part when the credentials of its user
// are renewed.
type Refresher interface {
	// AcceptsUser reports whether user may stand in for the connection's user:
	// only if it is the same as far as the App is concerned.
	AcceptsUser(user *auth.Principal, r *http.Request) bool

	// UserRefreshed is called when [Conn.User] has changed. It must not block.
	UserRefreshed()
}

// Why a refresh is refused, as clients are told (transports.md, 8.6).
const (
	refreshDisabled     = "refresh_disabled"
	refreshNoToken      = "missing_connection_token"
	refreshNoConnection = "connection_not_found"
	refreshOneName      = "unsupported_negotiate_version"
	refreshBadToken     = "invalid_token"
	refreshUserChanged  = "user_changed"
	refreshRejected     = "permission_change_rejected"
)

type refreshAnswer struct {
	Error                string `json:"error,omitempty"`
	TokenLifetimeSeconds int64  `json:"tokenLifetimeSeconds,omitempty"`
}

// ServeRefresh serves POST {hub}/refresh, with which a client shows new
// credentials for a connection that goes on, whatever its transport. A refused
// refresh leaves the connection as it was. The token is never part of an
// answer or a log.
func (ep *Endpoint) ServeRefresh(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		reply(w, http.StatusMethodNotAllowed, plain, "")
		return
	}
	user := auth.FromContext(r.Context())
	if status, why := ep.refresh(r, user); why != "" {
		replyJSON(w, status, refreshAnswer{Error: why})
		return
	}
	replyJSON(w, http.StatusOK, refreshAnswer{TokenLifetimeSeconds: LifetimeSeconds(user.Expiry())})
}

// refresh is the table of transports.md, 8.6, from top to bottom.
func (ep *Endpoint) refresh(r *http.Request, user *auth.Principal) (status int, why string) {
	if !ep.cfg.EnableAuthenticationRefresh {
		return http.StatusNotFound, refreshDisabled
	}
	token, _ := QueryValue(r.URL.RawQuery, "id")
	if token == "" {
		return http.StatusBadRequest, refreshNoToken
	}
	c := ep.find(token)
	switch {
	case c == nil:
		return http.StatusNotFound, refreshNoConnection
	case c.token == c.id:
		return http.StatusBadRequest, refreshOneName
	case auth.Failure(r.Context()) != nil:
		return http.StatusUnauthorized, refreshBadToken
	}
	before := c.identity()
	switch {
	case !before.accepts(user, r):
		return http.StatusForbidden, refreshUserChanged
	case !ep.mayRefresh(c, before.user, user, r):
		return http.StatusForbidden, refreshRejected
	case !c.renew(user, r):
		return http.StatusForbidden, refreshUserChanged
	}
	return http.StatusOK, ""
}

// refreshByPoll is refresh for a poll whose credentials are not those that the
// connection knows. It reports whether the poll may go on, and answers it if
// not (transports.md, 8.4).
func (ep *Endpoint) refreshByPoll(w http.ResponseWriter, r *http.Request, c *Conn) bool {
	before := c.identity()
	user := auth.FromContext(r.Context())
	if !ep.cfg.EnableAuthenticationRefresh || !before.bound ||
		sameCredentials(before.user, user) || stale(before.user, user) {
		return true
	}
	if !ep.mayRefresh(c, before.user, user, r) {
		if c.identity().user != before.user {
			return true // newer ones have come meanwhile, and were accepted
		}
		replyJSON(w, http.StatusForbidden, refreshAnswer{Error: refreshRejected})
		c.Abort(ErrRefreshRejected)
		return false
	}
	if !c.renew(user, r) {
		ep.refuseUser(w, c)
		return false
	}
	return true
}

// mayRefresh asks the program, which may take its time. No lock is held.
func (ep *Endpoint) mayRefresh(c *Conn, before, user *auth.Principal, r *http.Request) bool {
	ask := ep.cfg.OnAuthenticationRefresh
	return ask == nil || ask(AuthenticationRefresh{Request: r, ConnectionID: c.id, Previous: before, User: user})
}

// identity is who a connection belongs to at one moment.
type identity struct {
	bound   bool // false: nobody yet, and every user will do
	user    *auth.Principal
	session Session
}

func (c *Conn) identity() identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	return identity{c.bound, c.user, c.session}
}

// accepts reports whether user is the same one. The App may be stricter than
// the transports, never less strict.
func (i identity) accepts(user *auth.Principal, r *http.Request) bool {
	if !i.bound {
		return true
	}
	if !auth.SameUser(i.user, user) {
		return false
	}
	app, ok := i.session.(Refresher)
	return !ok || app.AcceptsUser(user, r)
}

// renew makes user the connection's user and tells the App. It reports false
// for another user. What is older than what the connection has is accepted and
// changes nothing, and so is what comes before the first transport request,
// which brings its own.
func (c *Conn) renew(user *auth.Principal, r *http.Request) bool {
	for {
		before := c.identity()
		if !before.accepts(user, r) {
			return false
		}
		if !before.bound || stale(before.user, user) {
			return true
		}
		if c.swapUser(before.user, user) {
			c.ep.debug(c, "AuthenticationRefreshed")
			if app, ok := before.session.(Refresher); ok {
				app.UserRefreshed()
			}
			return true
		}
	}
}

// swapUser replaces the connection's user unless somebody else has.
func (c *Conn) swapUser(before, user *auth.Principal) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.user != before {
		return false
	}
	c.user, c.expiry = user, user.Expiry()
	c.request = c.request.WithContext(auth.NewContext(c.request.Context(), user))
	return true
}

// stale reports whether credentials end earlier than those that are known.
func stale(known, shown *auth.Principal) bool {
	a, b := known.Expiry(), shown.Expiry()
	return !a.IsZero() && !b.IsZero() && b.Before(a)
}

// sameCredentials reports whether two principals say the same of one user.
func sameCredentials(a, b *auth.Principal) bool {
	return a == b || a.Expiry().Equal(b.Expiry()) && a.Scheme() == b.Scheme() && a.Name() == b.Name() &&
		slices.Equal(a.Claims(), b.Claims())
}

// LifetimeSeconds is how long credentials of this expiry are still good, as
// clients are told it: whole seconds, 0 if that is not known or over.
func LifetimeSeconds(expiry time.Time) int64 {
	if expiry.IsZero() {
		return 0
	}
	return min(max(int64(time.Until(expiry)/time.Second), 0), math.MaxInt32)
}

func replyJSON(w http.ResponseWriter, status int, answer refreshAnswer) {
	body, err := json.Marshal(answer)
	if err != nil {
		reply(w, http.StatusInternalServerError, plain, "")
		return
	}
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	reply(w, status, "application/json", string(body))
}
