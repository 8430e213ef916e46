package hubs

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hubwire/signalr/hubs/protocol"
)

// Connection is one client of a hub, from the handshake to the end. The
// transport feeds it through Receive, Ended and Tick; lifetime managers send
// through TryQueue, Queue and Invoke. All methods but those three are safe for
// concurrent use.
//
// It costs no goroutine and no timer of its own: Receive runs on the
// transport's reader, time comes from Tick, and calls run on goroutines that
// last as long as there are calls.
type Connection struct {
	rt         *Runtime      // set before start
	transport  Conn          // set before start
	hubContext Context       // set before start
	created    time.Duration // since rt.epoch; set before start
	place      int           // guarded by rt.mu
	items      Items
	life       lifespan      // ConnectionAborted
	closing    atomic.Bool   // nothing but the Close may be sent any more
	activity   atomic.Uint32 // what Receive tells Tick: idle, heard, busy
	pinged     atomic.Bool   // the client has sent a ping
	beginning  atomic.Int32  // calls that have a permit and have not reached their method
	watched    atomic.Bool   // somebody waits for beginning to be 0

	wire      *wire   // set by the handshake
	userID    string  // set by the handshake
	hasUserID bool    // set by the handshake
	replay    *replay // set by the handshake; nil without stateful reconnect

	partial []byte         // receive loop only: the start of an incomplete frame, from a pool
	dirty   []uploadStream // receive loop only: have items their readers were not woken for

	heard  time.Duration // tick only: when a frame was last seen
	marked time.Duration // tick only: when a ping was last due

	mu      sync.Mutex
	phase   phase             // guarded by mu
	ending  *ending           // guarded by mu; why it ends, nil while it does not
	pending pendingCalls      // guarded by mu; calls that wait for a permit
	permits int               // guarded by mu; how many are taken
	drained chan struct{}     // guarded by mu; closed when all calls have begun; nil unless drain waits
	opening bool              // guarded by mu; a worker was started and has not taken a call yet
	active  []*call           // guarded by mu; calls that the client can cancel
	streams int               // guarded by mu; running calls without a permit
	uploads map[string]upload // guarded by mu; by stream id, nil until the first
	tasks   int               // guarded by mu; goroutines that run for this connection
	blocked bool              // guarded by mu; the receive loop waits for wakeup
	wakeup  chan struct{}     // guarded by mu; nil until the receive loop waits for the first time

	asked []*pendingResult // guarded by rt.results.mu
}

// phase is how far a connection has come.
type phase uint8

const (
	handshaking phase = iota // no hub knows of it
	connecting               // OnConnected runs, or is about to
	open                     // calls are taken
	ended                    // the last goroutine looks after the rest
	retired                  // the runtime has forgotten it
)

func newConnection(r *Runtime, t Conn) *Connection {
	c := &Connection{rt: r, transport: t, created: time.Since(r.epoch)}
	c.hubContext.conn = c
	c.marked = c.created
	c.life.parent = context.Background()
	if request := t.Request(); request != nil {
		c.life.parent = request.Context()
	}
	return c
}

// ID is the public connection id.
func (c *Connection) ID() string { return c.transport.ID() }

// UserIdentifier is what the connection's user is addressed by; ok is false if
// it has none.
func (c *Connection) UserIdentifier() (id string, ok bool) { return c.userID, c.hasUserID }

// Protocol is the hub protocol that the client chose.
func (c *Connection) Protocol() protocol.Protocol { return c.wire.Protocol }

// Context ends with the connection, with the reason as its cause. It has the
// values of the request that opened the connection.
func (c *Connection) Context() context.Context { return &c.life }

// wait blocks the receive loop until ok returns true, which it asks under c.mu.
// Whoever changes what ok looks at calls unblock. It returns false if the
// connection ends first.
func (c *Connection) wait(ok func() bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ok() {
		return true
	}
	defer c.unwatch()
	for c.watched.Store(true); !ok(); c.watched.Store(true) {
		if c.ending != nil {
			return false
		}
		if c.wakeup == nil {
			c.wakeup = make(chan struct{}, 1)
		}
		c.blocked = true
		c.mu.Unlock()
		c.wakeUploads()
		gone := false
		select {
		case <-c.wakeup:
		case <-c.transport.Context().Done():
			gone = true
		}
		c.mu.Lock()
		if gone {
			return false
		}
	}
	return true
}

// unwatch undoes watched, unless drain waits. c.mu is held.
func (c *Connection) unwatch() { c.watched.Store(c.drained != nil) }

// unblock lets the receive loop look again at what it waits for. c.mu is held.
func (c *Connection) unblock() {
	if !c.blocked {
		return
	}
	c.blocked = false
	select {
	case c.wakeup <- struct{}{}:
	default: // it has not taken the last one yet, and will look anyway
	}
}

// start counts a goroutine that is about to run for c. c.mu is held.
func (c *Connection) start() { c.tasks++ }

// done is called last by every goroutine that was counted.
func (c *Connection) done() {
	c.mu.Lock()
	c.tasks--
	last := c.retirable()
	c.mu.Unlock()
	if last {
		c.rt.retire(c)
	}
}

// retirable reports, once, whether nothing is left to be done. c.mu is held.
func (c *Connection) retirable() bool {
	if c.phase != ended || c.tasks > 0 {
		return false
	}
	c.phase = retired
	return true
}

// logger returns the logger for what happens on c.
func (c *Connection) logger() *slog.Logger {
	return c.rt.log.With(slog.String("connection_id", c.ID()))
}
