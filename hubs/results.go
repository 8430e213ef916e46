package hubs

import (
	"context"
	"fmt"
	"sync"

	"github.com/hubwire/signalr/hubs/protocol"
)

// results are the questions of a hub that clients have not answered yet. An id
// is looked up for the whole hub, because only so can an answer from the wrong
// connection be told from one that comes too late.
type results struct {
	mu      sync.Mutex
	waiting map[string]*pendingResult // guarded by mu
}

// pendingResult is one question.
type pendingResult struct {
	id   string
	conn *Connection
	done chan struct{} // closed when the fields below are set

	raw protocol.Raw
	err error
}

// Invoke sends frame, an Invocation with this id, and waits for the client's
// result, which it returns as the client encoded it. The id comes from
// [Env.NextInvocationID]. Errors: [ErrDisconnected], [ErrInvocationCanceled],
// [*Error] with the client's text.
func (c *Connection) Invoke(ctx context.Context, invocationID string, frame []byte) (protocol.Raw, error) {
	q := &pendingResult{id: invocationID, conn: c, done: make(chan struct{})}
	r := &c.rt.results
	if !r.add(q) {
		return nil, DisconnectedError(c.ID())
	}
	if !c.TryQueue(frame) {
		if err := c.Queue(ctx, frame); err != nil {
			r.remove(q)
			return nil, CanceledError(context.Cause(ctx))
		}
	}
	c.transport.Wake() // not Flush: that waits for the client, whatever ctx says
	select {
	case <-q.done:
	case <-ctx.Done():
		if r.remove(q) {
			return nil, CanceledError(context.Cause(ctx))
		}
		<-q.done // it was answered at the same time
	}
	return q.raw, q.err
}

// add registers a question; false if its connection has ended.
func (r *results) add(q *pendingResult) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if q.conn.closing.Load() { // set before fail takes the lock
		return false
	}
	if r.waiting == nil {
		r.waiting = make(map[string]*pendingResult)
	}
	r.waiting[q.id] = q
	q.conn.asked = append(q.conn.asked, q)
	return true
}

// remove takes a question back; false if it has been answered.
func (r *results) remove(q *pendingResult) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting[q.id] != q {
		return false
	}
	r.forget(q)
	return true
}

// forget removes a question. r.mu is held.
func (r *results) forget(q *pendingResult) {
	delete(r.waiting, q.id)
	asked := q.conn.asked
	for i, other := range asked {
		if other == q {
			last := len(asked) - 1
			asked[i], asked[last] = asked[last], nil
			q.conn.asked = asked[:last]
			return
		}
	}
}

// resolve gives a client's answer to who waits for it. It fails if the client
// was not the one that was asked; answers nobody waits for are dropped.
func (r *results) resolve(c *Connection, m *protocol.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.waiting[m.InvocationID]
	if q == nil {
		return nil
	}
	if q.conn != c {
		return &fault{
			kind: kindInvalidOperation,
			text: fmt.Sprintf(textForeign, c.ID(), m.InvocationID),
			is:   ErrForeignResult,
		}
	}
	r.forget(q)
	switch {
	case m.HasError:
		q.err = &Error{Text: m.Error}
	case m.HasResult:
		q.raw = append(protocol.Raw(nil), m.Result...)
	default:
		q.err = &Error{Text: textNoResult}
	}
	close(q.done)
	return nil
}

// fail answers all questions to a connection that has ended.
func (r *results) fail(c *Connection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range c.asked {
		delete(r.waiting, q.id)
		q.err = DisconnectedError(c.ID())
		close(q.done)
	}
	c.asked = nil
}
