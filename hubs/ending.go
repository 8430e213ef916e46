package hubs

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// ending is why a connection ends, and what its client and its hub are told: a
// row of the table in hub-runtime.md, section 20.
type ending struct {
	cause          error // of the contexts
	fault          error // what OnDisconnected gets; nil: nothing went wrong
	hidden         bool  // the Close does not speak of fault
	allowReconnect bool  // in the Close
	silent         bool  // no Close at all
	unseen         bool  // OnConnected failed: OnDisconnected is not called
}

// drainTimeout is how long the end of a connection waits for calls that have
// not begun because others still run. A method that ignores its ctx would
// otherwise hold up OnDisconnected for good.
const drainTimeout = 5 * time.Second

// end ends the connection, unless it is ending already: nothing else is sent to
// it from now on, its contexts end, and the rest happens on a goroutine. It does
// not block.
func (c *Connection) end(why ending) {
	if c.stop(why) {
		// Ends when OnDisconnected has run; Shutdown waits for it.
		go c.finish()
	}
}

// endHere is end for the transport's reader, which may block.
func (c *Connection) endHere(why ending) {
	if c.stop(why) {
		c.finish()
	}
}

// stop begins the end. It returns true if the caller has to run finish, which is
// counted already.
func (c *Connection) stop(why ending) bool {
	c.mu.Lock()
	if c.ending != nil {
		c.mu.Unlock()
		return false
	}
	c.ending = &why
	was := c.phase
	switch was {
	case handshaking:
		c.phase = ended
	case open:
		c.start()
	}
	replay := c.replay
	c.unblock()
	c.mu.Unlock()
	if was == handshaking {
		c.leave(fmt.Errorf("%w: %w", ErrHandshake, why.cause))
		return false
	}
	c.closing.Store(true)
	c.life.end(why.cause)
	if replay != nil {
		replay.end()
	}
	c.rt.results.fail(c)
	c.failUploads(&fault{kind: kindCanceled, text: textUploadsClosed, is: why.cause})
	return was == open // while connecting, connect goes on with it
}

// finish is the last to run for a connection: steps 6 to 8 of hub-runtime.md,
// section 1.
func (c *Connection) finish() {
	c.mu.Lock()
	why := *c.ending
	c.mu.Unlock()
	defer c.done()
	defer c.finished(why.cause) // whatever OnDisconnected does
	c.sendClose(&why)
	c.drain()
	if !why.unseen {
		c.disconnected(why.fault)
	}
}

func (c *Connection) finished(cause error) {
	c.disconnect()
	c.transport.Finish()
	c.mu.Lock()
	c.phase = ended
	c.mu.Unlock()
	c.rt.log.LogAttrs(c.life.parent, slog.LevelDebug, "connection ended",
		slog.String("connection_id", c.ID()), slog.Any("error", cause))
}

// sendClose writes the Close message, the only one that is let through now. How
// long it waits for room is bounded by the transport.
func (c *Connection) sendClose(why *ending) {
	if why.silent {
		return
	}
	if c.replay != nil {
		c.replay.flush()
	}
	text := ""
	if why.fault != nil && !why.hidden {
		text = withDetail(textClosed, why.fault, c.rt.cfg.EnableDetailedErrors)
	}
	frame := c.wire.AppendClose(nil, text, why.allowReconnect)
	if !c.transport.TryQueue(frame) {
		_ = c.transport.Queue(context.Background(), frame) // an error means that it has ended
	}
	c.transport.Flush()
}

// drain waits until every call that has been read has begun, so that none begins
// after OnDisconnected. Calls that do not get their turn in time are dropped.
func (c *Connection) drain() {
	c.mu.Lock()
	drained := make(chan struct{})
	c.drained = drained
	c.watched.Store(true)
	c.checkDrained()
	done := c.drained == nil
	c.mu.Unlock()
	if done {
		return
	}
	timer := time.NewTimer(drainTimeout)
	defer timer.Stop()
	select {
	case <-drained:
		return
	case <-timer.C:
	}
	c.mu.Lock()
	dropped := c.pending.len()
	for _, k := range c.pending.waiting() {
		c.delist(k)
	}
	c.pending.clear()
	c.mu.Unlock()
	c.logger().LogAttrs(c.Context(), slog.LevelWarn, "calls dropped: others of the same connection did not end",
		slog.Int("calls", dropped))
}

// Drain ends the connection because the server is about to shut down: the client
// gets a Close message without an error and may reconnect, OnDisconnected gets
// nil. It does not block.
func (c *Connection) Drain() {
	c.end(ending{cause: ErrServerShutdown, allowReconnect: true})
}

// Close ends the connection for its host, such as one that found the client's
// credentials expired: the client gets a Close message without an error and may
// reconnect, OnDisconnected gets nil. It does not block.
func (c *Connection) Close() {
	c.end(ending{cause: ErrCloseRequested, allowReconnect: true})
}
