package hubs

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/hubwire/signalr/auth"
)

// refreshedHub is a hub with an OnAuthenticationRefreshed.
type refreshedHub interface {
	OnAuthenticationRefreshed(ctx context.Context) error
}

// AcceptsUser reports whether user, who has shown new credentials for this
// connection, is still the user that it is addressed by. The user identifier
// of a connection never changes.
func (c *Connection) AcceptsUser(user *auth.Principal, r *http.Request) bool {
	c.mu.Lock()
	known := c.phase == connecting || c.phase == open
	c.mu.Unlock()
	if !known {
		return true // it will be asked for by the handshake, or never again
	}
	id, ok, err := c.askUserID(user, r)
	return err == nil && ok == c.hasUserID && id == c.userID
}

// UserRefreshed is called when the transport has another principal of the same
// user. Calls that begin from now on see it, those that run keep the one they
// began with. Then the hub's OnAuthenticationRefreshed is called.
func (c *Connection) UserRefreshed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == handshaking || c.ending != nil {
		return
	}
	c.hubContext.renew(c.transport.User())
	if c.rt.connected.refreshed {
		c.hubContext.due = true
		c.announceRefresh()
	}
}

// announceRefresh has the hub told that there are new credentials, as a call
// among the client's own: it waits for a permit. c.mu is held.
func (c *Connection) announceRefresh() {
	first := &c.hubContext
	if !first.due || first.announcing || c.phase != open || c.ending != nil {
		return
	}
	first.announcing = true
	k := &call{}
	k.scope = scope{conn: c, call: k}
	k.life.parent = &c.life
	k.event = k.refreshed
	c.pending.push(k)
	if c.hire() {
		c.rt.workers.start(c)
	}
}

// refreshed calls OnAuthenticationRefreshed, one time after the other, until it
// has seen the newest credentials.
func (k *call) refreshed() {
	c := k.conn
	k.begun()
	defer k.life.end(ErrCallEnded)
	for c.refreshDue() {
		err := errGoexit
		func() {
			defer func() { c.logRefresh(err) }()
			err = c.guard("OnAuthenticationRefreshed", func() error { return c.tellRefreshed(&k.life) })
		}()
	}
}

// refreshDue reports whether the hub has to be told once more.
func (c *Connection) refreshDue() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := &c.hubContext
	if !first.due || c.ending != nil {
		first.announcing = false
		return false
	}
	first.due = false
	return true
}

func (c *Connection) tellRefreshed(ctx context.Context) error {
	s := &scope{conn: c, connecting: true} // no client results: an answer might wait behind this very call
	s.clients = CallerClients{clientTargets: c.rt.clients, s: s}
	hub, err := c.rt.makeHub(s)
	if err != nil {
		return err
	}
	if h, ok := hub.(refreshedHub); ok {
		return h.OnAuthenticationRefreshed(ctx)
	}
	return nil
}

// logRefresh is all that happens to an error.
func (c *Connection) logRefresh(err error) {
	if err == nil {
		return
	}
	if err == errGoexit { //nolint:errorlint // set by refreshed, not returned by anyone
		c.mu.Lock()
		c.hubContext.announcing = false // the loop is gone with its goroutine
		c.mu.Unlock()
	}
	c.logger().LogAttrs(&c.life, slog.LevelError, "OnAuthenticationRefreshed", slog.Any("error", err))
}
