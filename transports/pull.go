package transports

import (
	"net/http"
	"sync"
	"time"

	"github.com/hubwire/signalr/internal/bufpool"
)

// pull is what a connection has whose client sends by POST, and whose GET
// writes for itself: server-sent events and long polling. Between requests it
// costs no goroutine.
type pull struct {
	wake chan struct{} // capacity 1; there may be something to write
	in   inbox

	poll     *poll // guarded by Conn.mu; the one that is running
	replaced bool  // guarded by Conn.mu; poll knows that a newer one has come

	mu     sync.Mutex
	writer *http.ResponseController // guarded by mu; of the write that goes on, nil if none does
}

func newPull(e *Engine, limit int) *pull {
	return &pull{wake: make(chan struct{}, 1), in: newInbox(e, limit)}
}

// signal wakes the request that waits for something to write, now or when it
// next looks.
func (p *pull) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// takeOut takes what is queued, nil if nothing is. over says that nothing will
// come any more.
func (c *Conn) takeOut() (buf *bufpool.Buffer, over bool) {
	q := &c.out
	q.mu.Lock()
	defer q.mu.Unlock()
	buf, _ = q.take()
	return buf, q.finished || q.closed
}

// outDone says that the client has all that takeOut returned.
func (c *Conn) outDone(buf *bufpool.Buffer) {
	q := &c.out
	q.mu.Lock()
	q.done(c.ep.engine.now)
	q.mu.Unlock()
	bufpool.Put(buf)
}

// writeOut runs one write to the client, under the eye of the sweep and of
// Abort.
func (c *Conn) writeOut(rc *http.ResponseController, write func() error) error {
	p := c.pull
	p.mu.Lock()
	p.writer = rc
	p.mu.Unlock()
	c.out.blocked.Store(c.ep.engine.now())
	err := write()
	c.out.blocked.Store(0)
	p.mu.Lock()
	p.writer = nil
	p.mu.Unlock()
	return err
}

// interrupt makes the write that goes on fail.
func (p *pull) interrupt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.writer != nil {
		_ = p.writer.SetWriteDeadline(time.Now())
	}
}

// withoutDeadlines lets a request last: the time-outs of http.Server are for
// ordinary ones.
func withoutDeadlines(rc *http.ResponseController) {
	_ = rc.SetReadDeadline(time.Time{}) // a writer without deadlines has none to clear
	_ = rc.SetWriteDeadline(time.Time{})
}

// endPull ends what carries a connection that is Disposed. The request that
// waits, if there is one, does the rest. The App still gets what the client has
// sent if rest is set.
func (c *Conn) endPull(rest bool) {
	c.mu.Lock()
	p := c.pull
	if !c.attached {
		c.transportOver = true
	}
	c.mu.Unlock()
	if p != nil {
		p.in.end(rest)
		if !rest {
			p.interrupt()
		}
		p.signal()
	}
	c.settle()
}

// finishPull has what is queued written, and then the transport closed.
func (c *Conn) finishPull() {
	c.out.mu.Lock()
	c.out.finished = true
	c.out.mu.Unlock()
	c.pull.in.end(false)
	c.pull.signal()
}
