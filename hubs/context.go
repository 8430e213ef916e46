package hubs

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/hubwire/signalr/auth"
)

// Context is the connection that a hub serves. It is the same for all calls of
// the connection, until its credentials are refreshed: calls that begin then get
// a new one, with the new principal. It is safe for concurrent use and may be
// kept.
type Context struct {
	conn *Connection     // set before start
	user *auth.Principal // set by the handshake

	// Of the connection's first Context only.
	renewed    atomic.Pointer[Context] // the newest, nil while that is the first
	due        bool                    // guarded by conn.mu; the hub has to be told of new credentials
	announcing bool                    // guarded by conn.mu; a call that does so waits or runs
}

// newest returns what a call that begins now gets; c is the first.
func (c *Context) newest() *Context {
	if renewed := c.renewed.Load(); renewed != nil {
		return renewed
	}
	return c
}

// renew makes a Context with another principal the newest; c is the first, and
// conn.mu is held.
func (c *Context) renew(user *auth.Principal) {
	c.renewed.Store(&Context{conn: c.conn, user: user})
}

// ConnectionID is the public id of the connection.
func (c *Context) ConnectionID() string { return c.conn.ID() }

// UserIdentifier is what [Clients.User] knows the caller by, or "" if it has
// none. It was asked for once, during the handshake.
func (c *Context) UserIdentifier() string { return c.conn.userID }

// UserIdentifierOK is [Context.UserIdentifier] that tells an empty identifier
// from none.
func (c *Context) UserIdentifierOK() (string, bool) { return c.conn.UserIdentifier() }

// User is who is calling, nil for the anonymous user; its methods work on nil.
// It is the principal of the request that opened the connection, or of the one
// that has refreshed its credentials since.
func (c *Context) User() *auth.Principal { return c.user }

// Request is a copy of the request that opened the connection: its headers,
// URL and context values are there for the connection's whole life, its body
// is empty. Do not change it.
func (c *Context) Request() *http.Request { return c.conn.transport.Request() }

// Items are the values that hubs keep with the connection.
func (c *Context) Items() *Items { return &c.conn.items }

// Features is what the connection can do.
func (c *Context) Features() Features { return Features{conn: c.conn} }

// Hub is the name of the hub, see [Config.Name].
func (c *Context) Hub() string { return c.conn.rt.cfg.Name }

// Protocol is the name of the hub protocol that the client chose, such as "json".
func (c *Context) Protocol() string { return c.conn.Protocol().Name() }

// ConnectionAborted ends with the connection, whatever the reason, and before
// OnDisconnected is called. Its cause says why: one of this package's errors,
// or what went wrong. It has the values of the request's context.
func (c *Context) ConnectionAborted() context.Context { return c.conn.Context() }

// Abort ends the connection: the client gets a Close message without an error
// and must not reconnect; nothing else is sent to it any more. Abort returns
// at once, OnDisconnected runs later, with nil.
func (c *Context) Abort() { c.conn.end(ending{cause: ErrAborted}) }

// Features tells how a connection is carried.
type Features struct {
	conn *Connection
}

// Transport is "WebSockets", "ServerSentEvents" or "LongPolling".
func (f Features) Transport() string { return f.conn.transport.Transport() }

// SupportsBinary reports whether the transport carries binary messages.
func (f Features) SupportsBinary() bool { return f.conn.transport.SupportsBinary() }

// InherentKeepAlive reports whether the transport needs no pings.
func (f Features) InherentKeepAlive() bool { return f.conn.transport.InherentKeepAlive() }

// StatefulReconnect reports whether the connection survives the loss of its
// WebSocket: the client comes back with another, and misses nothing.
func (f Features) StatefulReconnect() bool {
	t, ok := f.conn.transport.(StatefulConn)
	return ok && t.StatefulReconnect()
}

// DisableReconnect makes the next loss of the WebSocket the end of the
// connection, for a hub that wants to know of it at once. It cannot be undone.
func (f Features) DisableReconnect() { disableReconnect(f.conn.transport) }
