package transports

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/internal/bufpool"
)

// State is where a connection stands (transports.md, 3.1).
type State uint8

// The states of a connection.
const (
	// Inactive: negotiated and not used yet, or between two polls.
	Inactive State = iota

	// Active: a request carries the connection's transport.
	Active

	// Disposed: closing or closed, for good.
	Disposed
)

// Conn is one connection to a client, whatever transport carries it. The App
// gets it with [App.Connect] and has to call Finish in the end. All methods are
// safe for concurrent use; none calls the App back before it returns, unless
// its engine is being closed.
type Conn struct {
	ep     *Endpoint   // set before use
	id     string      // set before use; public
	token  string      // set before use; secret
	resume *resumption // set before use; nil unless stateful reconnect was granted
	place  int         // guarded by the table's lock

	out queue

	// What carries the connection; one of the two, set before Connect. pull is
	// set earlier if a POST comes first. ws changes only with stateful
	// reconnect, with the lock of out held and while nobody writes.
	ws   atomic.Pointer[webSocket]
	pull *pull // guarded by mu until Connect

	mu            sync.Mutex
	state         State           // guarded by mu
	transport     Type            // guarded by mu; 0: none chosen yet
	session       Session         // guarded by mu; nil until Connect has returned
	claimed       bool            // guarded by mu; Connect is called, or will be at once
	connected     bool            // guarded by mu; Connect has been called
	finished      bool            // guarded by mu; Finish was called
	attached      bool            // guarded by mu; a request or socket carries it, or is about to
	transportOver bool            // guarded by mu; no transport now, and none will come
	removed       bool            // guarded by mu
	bound         bool            // guarded by mu; user is known
	user          *auth.Principal // guarded by mu; of the first accepted GET
	expiry        time.Time       // guarded by mu; of the newest accepted GET
	request       *http.Request   // guarded by mu; copy of the first accepted GET
	lastSeen      int64           // guarded by mu; when it became Inactive, on the engine's clock
	cause         error           // guarded by mu; why it has ended, nil if it has not
	ctx           context.Context //nolint:containedctx // the connection's own life; guarded by mu, made when first asked for
	cancel        context.CancelCauseFunc
}

// ID is the public connection id: 22 characters.
func (c *Conn) ID() string { return c.id }

// State returns where the connection stands.
func (c *Conn) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// User is the principal of the request that opened the connection; nil is the
// anonymous user.
func (c *Conn) User() *auth.Principal {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.user
}

// AuthExpiry is when the credentials of the newest transport request end; every
// accepted poll may prolong them. The zero time is never.
func (c *Conn) AuthExpiry() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expiry
}

// Request is a copy of the request that opened the connection, made for
// reading: its body is empty, its context has the values of the original but
// never ends, and PathValue works on every transport.
func (c *Conn) Request() *http.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.request
}

// TransportType is the transport in use; zero until the first request.
func (c *Conn) TransportType() Type {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.transport
}

// Transport is the name of the transport in use: "WebSockets",
// "ServerSentEvents" or "LongPolling".
func (c *Conn) Transport() string { return c.TransportType().String() }

// SupportsBinary reports whether the transport carries binary messages: all do
// but server-sent events.
func (c *Conn) SupportsBinary() bool { return c.TransportType() != ServerSentEvents }

// SetBinary makes what is queued from now on go out as binary messages. Only
// WebSockets tell them from text.
func (c *Conn) SetBinary() { c.out.setBinary() }

// InherentKeepAlive reports whether the transport needs no pings: long polling.
func (c *Conn) InherentKeepAlive() bool { return c.TransportType() == LongPolling }

// StatefulReconnect reports whether the connection survives the loss of its
// WebSocket: the client asked for it, the endpoint allows it, it uses
// WebSockets, and the App has not switched it off.
func (c *Conn) StatefulReconnect() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resume != nil && c.resume.on && (c.transport == WebSockets || c.transport == 0)
}

// Context ends when the transport is gone for good or Abort was called, with
// the reason as its cause. It costs no goroutine.
func (c *Conn) Context() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx == nil {
		c.ctx, c.cancel = context.WithCancelCause(context.Background())
		if c.cause != nil {
			c.cancel(c.cause)
		}
	}
	return c.ctx
}

// getPull returns what the connection needs for POST, making it if necessary;
// nil on a WebSocket.
func (c *Conn) getPull() *pull {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.transport == WebSockets {
		return nil
	}
	if c.pull == nil {
		c.pull = newPull(c.ep.engine, c.ep.cfg.ApplicationMaxBufferSize)
		if c.state == Disposed {
			c.pull.in.end(false)
		}
	}
	return c.pull
}

// unusedYet reports whether no request has taken the connection.
func (c *Conn) unusedYet() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.claimed
}

// takeEarly returns what was posted before the connection became a WebSocket,
// nil if nothing was.
func (c *Conn) takeEarly() *bufpool.Buffer {
	c.mu.Lock()
	p := c.pull
	c.mu.Unlock()
	if p == nil {
		return nil
	}
	return p.in.takeAll()
}
