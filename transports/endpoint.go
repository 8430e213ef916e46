package transports

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
)

// Endpoint serves the connections of one hub: an [http.Handler] for the hub's
// base route, whatever path that is. What answers negotiate calls Create. It is
// safe for concurrent use.
type Endpoint struct {
	engine *Engine // set before use
	cfg    Config  // set before use
	app    App     // set before use
	log    *slog.Logger

	conns   table
	closing atomic.Bool  // no new connections
	unused  atomic.Int64 // negotiated, no transport yet
	active  [3]atomic.Int64
	cutOffs atomic.Int64
}

// NewEndpoint returns an endpoint whose connections are run by app. The error
// names each option of cfg that is out of range.
func NewEndpoint(e *Engine, cfg Config, app App) (*Endpoint, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if e == nil || app == nil {
		return nil, errors.New("transports: an endpoint needs an engine and an app")
	}
	ep := &Endpoint{engine: e, cfg: cfg, app: app, log: cfg.Logger}
	e.register(ep)
	return ep, nil
}

// Stats are the numbers of an endpoint at one moment.
type Stats struct {
	// WebSockets, ServerSentEvents and LongPolling count the connections that
	// use these transports.
	WebSockets, ServerSentEvents, LongPolling int64

	// Unused counts the connections that have been negotiated and not been
	// used yet.
	Unused int64

	// CutOff counts the connections that were cut off since the start because
	// their clients took nothing.
	CutOff int64
}

// Stats returns the endpoint's numbers. It is cheap.
func (ep *Endpoint) Stats() Stats {
	return Stats{
		WebSockets:       ep.counter(WebSockets).Load(),
		ServerSentEvents: ep.counter(ServerSentEvents).Load(),
		LongPolling:      ep.counter(LongPolling).Load(),
		Unused:           ep.unused.Load(),
		CutOff:           ep.cutOffs.Load(),
	}
}

func (ep *Endpoint) counter(t Type) *atomic.Int64 { return &ep.active[t>>1] }

// Create makes a connection for the answer to a negotiation and returns its
// public id and its secret token. For version 0 they are the same. stateful is
// the client's wish for stateful reconnect, which is granted if the endpoint
// allows it. The connection vanishes if nobody attaches to it within
// DisconnectTimeout. The request is not kept, nor is its user
// (transports.md, 2 and 8.2).
//
// Errors: [ErrShuttingDown] and [ErrTooManyConnections], both for 503.
func (ep *Endpoint) Create(r *http.Request, version int, stateful bool) (id, token string, err error) {
	if limit := ep.cfg.MaxUnusedConnections; limit != NoLimit && ep.unused.Load() >= int64(limit) {
		ep.log.LogAttrs(r.Context(), slog.LevelWarn, "TooManyConnections", slog.Int("limit", limit))
		return "", "", ErrTooManyConnections
	}
	c, err := ep.newConn(version == 0, stateful && ep.cfg.AllowStatefulReconnects)
	if err != nil {
		return "", "", err
	}
	return c.id, c.token, nil
}

// newConn enters a connection in the table, with one name or two.
func (ep *Endpoint) newConn(oneName, stateful bool) (*Conn, error) {
	if ep.closing.Load() {
		return nil, ErrShuttingDown
	}
	c := &Conn{ep: ep, id: newID(), lastSeen: ep.engine.now()}
	c.out.limit = ep.cfg.TransportMaxBufferSize
	if stateful {
		c.resume = &resumption{on: true}
		c.out.resumable = true
	}
	c.token = c.id
	if !oneName {
		c.token = newID()
	}
	ep.unused.Add(1)
	ep.conns.add(c)
	ep.engine.wakeSweep()
	if ep.closing.Load() { // Close did not see it
		c.Abort(ErrShuttingDown)
		return nil, ErrShuttingDown
	}
	ep.debug(c, "CreatedNewConnection")
	return c, nil
}

// newID returns 128 random bits in base64url: 22 characters.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Close refuses new connections from now on: negotiate and first requests get
// 503 with Retry-After, and those that were negotiated but not used are gone.
// Connections in use go on. It does not block; calling it again is fine.
func (ep *Endpoint) Close() {
	ep.closing.Store(true)
	for _, c := range ep.conns.appendAll(nil) {
		if c.unusedYet() {
			c.Abort(ErrShuttingDown)
		}
	}
}

// Shutdown closes the endpoint and waits until the App has finished with all
// its connections and their transports have ended. If ctx ends first, it aborts
// those that are left and returns ctx's cause. It does not tell the App to
// finish; do that first.
func (ep *Endpoint) Shutdown(ctx context.Context) error {
	ep.Close()
	select {
	case <-ep.conns.quiet():
		return nil
	default:
	}
	select {
	case <-ep.conns.quiet():
		return nil
	case <-ctx.Done():
		ep.abortAll(ErrShuttingDown)
		return context.Cause(ctx)
	}
}

// Wait waits until no connection is left, or returns ctx's cause when that ends
// first. Close the endpoint before.
func (ep *Endpoint) Wait(ctx context.Context) error {
	select {
	case <-ep.conns.quiet():
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (ep *Endpoint) abortAll(cause error) {
	for _, c := range ep.conns.appendAll(nil) {
		c.Abort(cause)
	}
}

// debug logs an event of a connection's life.
func (ep *Endpoint) debug(c *Conn, event string, attrs ...slog.Attr) {
	ctx := context.Background()
	if !ep.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	//nolint:sloglint // a constant wherever it is called
	ep.log.LogAttrs(ctx, slog.LevelDebug, event, append(attrs,
		slog.String("connection_id", c.id), slog.String("transport", c.Transport()))...)
}
