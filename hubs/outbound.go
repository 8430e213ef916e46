package hubs

import (
	"context"
	"sync"
)

// TryQueue appends a frame, encoded in the connection's protocol, to the
// outbound queue and reports whether there was room. It never blocks; Wake
// sends. On a connection that has ended it drops the frame and returns true.
//
// All frames that stateful reconnect counts go through TryQueue and Queue.
func (c *Connection) TryQueue(frame []byte) bool {
	switch {
	case c.closing.Load():
		return true
	case c.replay != nil:
		return c.replay.tryQueue(frame)
	}
	return c.transport.TryQueue(frame)
}

// Queue is TryQueue that waits for room, see [Conn.Queue].
func (c *Connection) Queue(ctx context.Context, frame []byte) error {
	switch {
	case c.closing.Load():
		return nil
	case c.replay != nil:
		return c.replay.queue(ctx, frame)
	}
	return c.transport.Queue(ctx, frame)
}

// Wake has what is queued sent soon.
func (c *Connection) Wake() { c.transport.Wake() }

// deliver queues a frame, waiting for room while the connection lives.
func (c *Connection) deliver(frame []byte) {
	if !c.TryQueue(frame) {
		_ = c.Queue(&c.life, frame) // an error means that the connection has ended
	}
}

// deliverError queues the completion of a call that failed.
func (c *Connection) deliverError(invocationID, text string) {
	buf := takeFrame()
	frame := c.wire.AppendError((*buf)[:0], invocationID, text)
	c.deliver(frame)
	giveFrame(buf, frame)
}

// maxPooled is the capacity up to which buffers go back to their pools.
const maxPooled = 64 << 10

var framePool = sync.Pool{New: func() any { return new([]byte) }}

// takeFrame returns a buffer to encode a frame in.
func takeFrame() *[]byte { return framePool.Get().(*[]byte) }

// giveFrame returns the buffer; frame is what it has grown to.
func giveFrame(buf *[]byte, frame []byte) {
	if cap(frame) > maxPooled {
		return
	}
	*buf = frame[:0]
	framePool.Put(buf)
}
