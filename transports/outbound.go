package transports

import (
	"context"
	"time"
)

// stallTimeout is how long a client may take no byte while a sender waits for
// room in its queue.
const stallTimeout = time.Second

// TryQueue appends p to the outbound queue and reports whether there was room.
// It never blocks and starts no write; Wake or Flush does. p is copied. On a
// connection that has ended it drops p and returns true. It fails as long as
// other senders wait in Queue: their bytes come first.
func (c *Conn) TryQueue(p []byte) bool { return c.out.try(p, c.ep.engine.now) }

// Queue is TryQueue that waits for room: as long as the client still takes
// bytes, ctx lives and TransportSendTimeout has not passed; senders get their
// room in the order in which they came. A client that takes no byte for about
// a second while anybody waits is cut off: aborted, logged and counted. With
// long polling, where there is no socket between two polls, it is
// DisconnectTimeout instead.
//
// Queue returns ctx's cause if ctx ended first, and then nothing of p is
// queued; nil otherwise: what a connection that has ended would have got is
// dropped. The writing of what is queued has been started only if Queue had to
// wait: call Wake or Flush.
func (c *Conn) Queue(ctx context.Context, p []byte) error {
	w := c.out.join(p, c.ep.engine.now)
	if w == nil {
		return nil
	}
	c.Wake()
	start := c.ep.engine.now()
	timer := time.NewTimer(c.judge(start))
	defer timer.Stop()
	for {
		select {
		case <-w.ready:
			return nil
		case <-ctx.Done():
			if c.out.leave(w) {
				return context.Cause(ctx)
			}
			return nil
		case <-timer.C:
			timer.Reset(c.judge(start)) // if it cuts the client off, w is ready
		}
	}
}

// judge cuts the client off if it has taken nothing for too long, or if a
// sender that waits since start has waited long enough. It returns when to look
// again.
func (c *Conn) judge(start int64) time.Duration {
	stall, overall := c.patience()
	now := c.ep.engine.now()
	left := stall
	if since := c.out.stalledSince(); since != 0 {
		left = stall - time.Duration(now-since)
	}
	if ws := c.ws.Load(); left <= 0 && ws != nil && ws.moved() {
		c.out.resumed(c.ep.engine.now)
		left = stall
	}
	waited := time.Duration(now - start)
	switch {
	case left <= 0:
		c.cutOff(ErrSlowReceiver)
		return stall
	case overall < 0:
		return left
	case waited >= overall:
		c.cutOff(ErrSendTimeout)
		return stall
	}
	return min(left, overall-waited)
}

// patience returns for how long a receiver may take nothing while a sender
// waits, and how long the sender waits in all, negative for no bound.
func (c *Conn) patience() (stall, overall time.Duration) {
	if c.TransportType() == LongPolling {
		return c.ep.cfg.DisconnectTimeout, -1
	}
	return stallTimeout, c.ep.cfg.TransportSendTimeout
}

// Wake has what is queued written soon, by another goroutine. It does not
// block.
func (c *Conn) Wake() {
	ws := c.ws.Load()
	if ws == nil {
		c.pull.signal()
		return
	}
	if c.out.list() {
		ws.home.push(c)
	}
}

// Flush writes what is queued on the calling goroutine, unless another is
// writing already. It may block as long as a write may. On transports whose
// request writes for itself it is Wake.
func (c *Conn) Flush() {
	if c.ws.Load() == nil {
		c.pull.signal()
		return
	}
	if c.out.acquire() {
		c.ws.Load().drain() // the one that it cannot change any more
	}
}
