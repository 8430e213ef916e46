// Package testclient is a client of a hub that lives in the same process: a
// [hubs.Conn] whose other end the test holds in its hand. It is for the test
// packages of hubs; it sees what a transport sees and knows nothing else of
// the runtime.
package testclient

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/hubwire/signalr/auth"
)

// errStalled is why a connection ended whose client stopped reading.
var errStalled = errors.New("testclient: the client takes no bytes")

// conn is the transport: an outbound queue that the client empties whenever
// it is woken, unless it stalls.
type conn struct {
	options Options // set before start
	ctx     context.Context
	cancel  context.CancelCauseFunc

	mu      sync.Mutex
	queue   []byte        // guarded by mu; what the client has not taken yet
	inbox   []byte        // guarded by mu; what it has taken and not read yet
	stalled bool          // guarded by mu
	discard bool          // guarded by mu; what is taken is forgotten
	binary  bool          // guarded by mu; SetBinary was called
	changed chan struct{} // guarded by mu; closed when bytes were taken; nil: nobody waits

	finished chan struct{} // closed by Finish
}

func newConn(o Options) *conn {
	c := &conn{options: o, finished: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancelCause(o.Request.Context())
	return c
}

func (c *conn) ID() string               { return c.options.ID }
func (c *conn) User() *auth.Principal    { return c.options.User }
func (c *conn) AuthExpiry() time.Time    { return c.options.User.Expiry() }
func (c *conn) Request() *http.Request   { return c.options.Request }
func (c *conn) Transport() string        { return "WebSockets" }
func (c *conn) SupportsBinary() bool     { return true }
func (c *conn) InherentKeepAlive() bool  { return false }
func (c *conn) Context() context.Context { return c.ctx }
func (c *conn) Abort(cause error)        { c.cancel(cause) }

func (c *conn) SetBinary() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.binary = true
}

func (c *conn) TryQueue(p []byte) bool {
	if c.ctx.Err() != nil {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) > 0 && len(c.queue)+len(p) > c.options.QueueLimit {
		return false
	}
	c.queue = append(c.queue, p...)
	return true
}

func (c *conn) Queue(ctx context.Context, p []byte) error {
	stalled := time.NewTimer(c.options.StallLimit)
	defer stalled.Stop()
	for {
		changed := c.onChange() // asked for first, so that no change is missed
		if c.TryQueue(p) {
			return nil
		}
		select {
		case <-changed:
			stalled.Reset(c.options.StallLimit)
		case <-c.ctx.Done():
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-stalled.C:
			c.Abort(errStalled)
		}
	}
}

func (c *conn) Wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.take()
}

func (c *conn) Flush() { c.Wake() }

func (c *conn) Finish() {
	c.Wake()
	close(c.finished)
	c.cancel(nil) // the transport closes, and the reader finds out
}

// stall makes the client stop reading, or go on.
func (c *conn) stall(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stalled = on
	c.take()
}

// shaken notes that the handshake is over.
func (c *conn) shaken() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.discard = c.options.Discard; c.discard {
		c.inbox = nil
	}
}

// take has the client take what is queued. c.mu is held.
func (c *conn) take() {
	if c.stalled || len(c.queue) == 0 {
		return
	}
	if !c.discard {
		c.inbox = append(c.inbox, c.queue...)
	}
	c.queue = c.queue[:0]
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// onChange returns a channel that is closed when the client has taken bytes.
func (c *conn) onChange() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.changed
}

// read waits for bytes that cut takes a piece off, and returns the piece.
func (c *conn) read(ctx context.Context, cut func(buf []byte) (piece, rest []byte, ok bool, err error)) ([]byte, error) {
	for last := false; ; {
		changed := c.onChange()
		c.mu.Lock()
		piece, rest, ok, err := cut(c.inbox)
		if ok {
			c.inbox = rest
		}
		c.mu.Unlock()
		switch {
		case ok || err != nil:
			return piece, err
		case last:
			return nil, c.ended()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-c.finished:
			last = true // one more look
		}
	}
}
