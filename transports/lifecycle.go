package transports

import (
	"context"
	"log/slog"
)

// Abort ends the connection at once; what is queued is lost. A WebSocket client
// sees code 1006, an event stream just ends, a waiting poll is answered. cause
// becomes the cause of Context, unless the connection has ended for another
// reason already; nil stands for context.Canceled. It does not block. The App
// still has to call Finish.
func (c *Conn) Abort(cause error) {
	if cause == nil {
		cause = context.Canceled
	}
	c.end(cause)
	c.mu.Lock()
	ws := c.socket()
	c.mu.Unlock()
	switch {
	case ws == nil:
		c.endPull(false)
	case ws.events:
		c.pull.in.end(false)
		ws.cut() // its reader does the rest
	default:
		ws.kill()       // its reader does the rest
		c.endDetached() // if there is one
	}
}

// Finish says that the App is through with the connection. What is queued is
// still written, then the transport is closed in good order (transports.md,
// 3.5, 4.5, 5.4 and 6.4). Called once, last; Receive is not called any more
// once it has returned.
func (c *Conn) Finish() {
	c.mu.Lock()
	c.finished = true
	ws, detached := c.ws.Load(), !c.attached
	c.mu.Unlock()
	switch {
	case ws == nil:
		c.finishPull()
	case detached:
		c.end(ErrFinished)
		c.endDetached()
	default:
		ws.finish()
		if ws.events {
			c.pull.in.end(false)
		}
	}
	c.settle()
}

// end makes the connection Disposed for a reason, unless it is already, and
// drops what is queued.
func (c *Conn) end(cause error) {
	c.dispose(cause)
	c.closeOut()
}

func (c *Conn) closeOut() {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.close()
}

// dispose is end for a connection whose poll still waits for the App's last
// words.
func (c *Conn) dispose(cause error) bool { return c.disposeIf(cause, func() bool { return true }) }

// disposeIf is dispose if a condition holds, which is asked with mu held.
func (c *Conn) disposeIf(cause error, holds func() bool) bool {
	c.mu.Lock()
	if c.cause != nil || !holds() {
		c.mu.Unlock()
		return false
	}
	c.cause = cause
	c.state = Disposed
	cancel := c.cancel
	c.mu.Unlock()
	if cancel != nil {
		cancel(cause)
	}
	return true
}

// settle takes the connection out of the table when both sides have ended
// (transports.md, 3.3).
func (c *Conn) settle() {
	c.mu.Lock()
	over := c.state == Disposed && c.transportOver && (c.finished || !c.claimed) && !c.removed
	if over {
		c.removed = true
	}
	connected, transport := c.connected, c.transport
	c.mu.Unlock()
	if !over {
		return
	}
	if connected {
		c.ep.counter(transport).Add(-1)
	} else {
		c.ep.unused.Add(-1)
	}
	c.ep.debug(c, "RemovedConnection")
	c.ep.conns.remove(c)
}

// connect hands the connection to the App. The caller has claimed it.
func (c *Conn) connect() Session {
	c.mu.Lock()
	c.connected = true
	transport := c.transport
	c.mu.Unlock()
	c.ep.unused.Add(-1)
	c.ep.counter(transport).Add(1)
	session := c.ep.app.Connect(c)
	c.mu.Lock()
	c.session = session
	c.mu.Unlock()
	return session
}

// expire ends a connection that was without a transport for too long.
func (c *Conn) expire() {
	if !c.disposeIf(ErrDisconnectTimeout, func() bool { return c.state == Inactive }) {
		return // a poll has come just now
	}
	c.closeOut()
	c.ep.debug(c, "ConnectionTimedOut")
	if c.ws.Load() != nil {
		c.endDetached()
		return
	}
	c.endPull(true)
}

// cutOff aborts a connection whose client takes nothing. One whose client can
// come back loses its socket only.
func (c *Conn) cutOff(cause error) {
	if c.DropSocket() {
		c.ep.debug(c, "SocketDropped", slog.Any("error", cause))
		return
	}
	if c.dispose(cause) {
		c.ep.cutOffs.Add(1)
		c.ep.log.LogAttrs(context.Background(), slog.LevelWarn, "ReceiverCutOff",
			slog.String("connection_id", c.id), slog.String("transport", c.Transport()), slog.Any("error", cause))
	}
	c.Abort(cause)
}

// abandon ends a connection whose first request failed before the App heard of
// it.
func (c *Conn) abandon(cause error) {
	c.end(cause)
	c.mu.Lock()
	c.claimed, c.attached, c.transportOver = false, false, true
	c.mu.Unlock()
	c.settle()
}

// receiver returns who takes bytes from the client: nil when the App has
// finished or the connection was aborted, and what still comes is discarded.
func (c *Conn) receiver() Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished || c.cause != nil {
		return nil
	}
	return c.session
}
