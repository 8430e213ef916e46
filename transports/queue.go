package transports

import (
	"sync"
	"sync/atomic"

	"github.com/hubwire/signalr/internal/bufpool"
)

// frameRoom is how many bytes in front of a buffer's payload are left free, so
// that a transport's framing goes there and the payload is never moved: the ten
// bytes of the longest WebSocket header, or the size of a chunk and "data: ".
const frameRoom = 16

// queue is the bounded outbound queue of a connection: bytes in order, and
// senders in order that wait for room. It holds memory only while there is
// something in it. One goroutine at a time takes from it, see acquire.
type queue struct {
	limit int // bytes, set before use; negative is none

	// blocked is when the write under way began to wait for the client, on the
	// engine's clock; zero: it does not wait.
	blocked atomic.Int64

	mu        sync.Mutex
	pend      *bufpool.Buffer // guarded by mu; frameRoom free bytes and the payload, nil if nothing waits
	split     int             // guarded by mu; up to here pend is text and binary behind it; 0: one kind only
	inFlight  int             // guarded by mu; bytes taken by the writer, not yet by the client
	first     *waiter         // guarded by mu; senders that wait, in order
	last      *waiter         // guarded by mu
	stalled   int64           // guarded by mu; since when a sender found no room and no byte was taken; 0: neither
	lastTook  int64           // guarded by mu; when the write under way has last got on
	idle      chan struct{}   // guarded by mu; closed when writing ends, nil if nobody waits for it
	control   []byte          // guarded by mu; frames of the transport's own, written behind pend
	listed    bool            // guarded by mu; on the worker's list
	writing   bool            // guarded by mu; somebody takes from the queue
	binary    bool            // guarded by mu; what is queued now is binary
	farewell  bool            // guarded by mu; the transport has something to write when all else is
	finished  bool            // guarded by mu; the App has finished
	closed    bool            // guarded by mu; nothing is accepted any more
	away      bool            // guarded by mu; what is queued is dropped until a new socket is there
	resumable bool            // guarded by mu; one may come
}

// waiter is a sender that waits for room.
type waiter struct {
	p     []byte
	ready chan struct{} // closed when p is queued or dropped
	next  *waiter
}

// size is how many bytes wait for the client. mu is held.
func (q *queue) size() int {
	if q.pend == nil {
		return q.inFlight
	}
	return q.inFlight + len(q.pend.B) - frameRoom
}

// full reports whether the next sender has to wait. mu is held.
func (q *queue) full() bool { return q.limit >= 0 && q.size() >= q.limit }

// add appends p. mu is held.
func (q *queue) add(p []byte) {
	if q.pend == nil {
		q.pend = bufpool.Get(frameRoom + len(p))
		q.pend.B = q.pend.B[:frameRoom]
	}
	q.pend = q.pend.Grow(len(p))
	q.pend.B = append(q.pend.B, p...)
}

// try appends p if there is room and nobody waits. It returns true on a closed
// queue, which drops p. now is asked only for the first sender turned away.
func (q *queue) try(p []byte, now func() int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed, q.away:
	case q.first == nil && !q.full():
		q.add(p)
	default:
		if q.stalled == 0 {
			q.stalled = now()
		}
		return false
	}
	return true
}

// join is try that lines up where try fails; it returns the place in the line,
// or nil if there was no need.
func (q *queue) join(p []byte, now func() int64) *waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed, q.away:
		return nil
	case q.first == nil && !q.full():
		q.add(p)
		return nil
	}
	if q.stalled == 0 {
		q.stalled = now()
	}
	w := &waiter{p: p, ready: make(chan struct{})}
	if q.first == nil {
		q.first = w
	} else {
		q.last.next = w
	}
	q.last = w
	return w
}

// leave takes w out of the line. It returns false if it is not there any more.
func (q *queue) leave(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	var before *waiter
	for at := q.first; at != nil; before, at = at, at.next {
		if at != w {
			continue
		}
		if before == nil {
			q.first = w.next
		} else {
			before.next = w.next
		}
		if q.last == w {
			q.last = before
		}
		return true
	}
	return false
}

// admit lets senders in that wait, when half of the queue is free. mu is held.
func (q *queue) admit() {
	if q.first == nil || q.limit >= 0 && q.size() > q.limit/2 {
		return
	}
	for q.first != nil && !q.full() {
		w := q.first
		q.first = w.next
		q.add(w.p)
		close(w.ready)
	}
	if q.first == nil {
		q.last = nil
	}
}

// took says that the client has taken n bytes of what take returned, but not
// all.
func (q *queue) took(n int, now func() int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.inFlight -= min(n, q.inFlight)
	q.lastTook = now()
	q.admit()
	q.progress(now)
}

// progress restarts the clock for clients that take nothing. mu is held.
func (q *queue) progress(now func() int64) {
	if q.stalled == 0 {
		return
	}
	q.stalled = 0
	if q.first != nil {
		q.stalled = now()
	}
}

// stalledSince returns since when no byte has been taken of a queue that is
// full; 0 if it is not full. The time that a write has been waiting counts from
// before the queue was full, so that a sender that waits for several stalled
// clients in turn waits about once.
func (q *queue) stalledSince() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	since := q.stalled
	if blocked := q.blocked.Load(); since != 0 && blocked != 0 {
		since = min(since, max(blocked, q.lastTook))
	}
	return since
}

// resumed restarts the stall clock: a byte has been taken after all.
func (q *queue) resumed(now func() int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lastTook = now()
	q.progress(now)
}

// pending reports whether there is anything to write. mu is held.
func (q *queue) pending() bool { return q.pend != nil || len(q.control) > 0 || q.farewell }

// list reports whether the queue has to go on its worker's list, and notes
// that it is there.
func (q *queue) list() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.listed || q.writing || !q.pending() {
		return false
	}
	q.listed = true
	return true
}

// unlist is acquire for the worker, whose list the queue has left.
func (q *queue) unlist() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.listed = false
	return q.acquireLocked()
}

// acquire makes the caller the one that takes from the queue, if there is
// something to take and nobody else does. Its duty ends with release.
func (q *queue) acquire() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.acquireLocked()
}

func (q *queue) acquireLocked() bool {
	if q.writing || !q.pending() {
		return false
	}
	q.writing = true
	return true
}

// release ends what acquire began. mu is held.
func (q *queue) release() {
	q.writing = false
	q.blocked.Store(0)
	if q.idle != nil {
		close(q.idle)
		q.idle = nil
	}
}

// awaitIdle waits until nobody writes.
func (q *queue) awaitIdle() {
	q.mu.Lock()
	if !q.writing {
		q.mu.Unlock()
		return
	}
	if q.idle == nil {
		q.idle = make(chan struct{})
	}
	idle := q.idle
	q.mu.Unlock()
	<-idle
}

// take returns what is pending, nil if nothing is, and where it changes from
// text to binary. mu is held.
func (q *queue) take() (buf *bufpool.Buffer, split int) {
	buf, split = q.pend, q.split
	q.pend, q.split = nil, 0
	if buf != nil {
		q.inFlight = len(buf.B) - frameRoom
	}
	return buf, split
}

// done says that all that take returned has been taken by the client. mu is
// held.
func (q *queue) done(now func() int64) {
	q.inFlight = 0
	q.blocked.Store(0)
	q.admit()
	q.progress(now)
}

// putBack puts what take returned in front again: the client did not get it.
// mu is held.
func (q *queue) putBack(buf *bufpool.Buffer) {
	q.inFlight = 0
	if q.closed {
		bufpool.Put(buf)
		return
	}
	if q.pend != nil {
		buf = buf.Grow(len(q.pend.B))
		buf.B = append(buf.B, q.pend.B[frameRoom:]...)
		bufpool.Put(q.pend)
	}
	q.pend = buf
}

// close drops what is queued, lets all waiting senders go, and drops what else
// comes. mu is held.
func (q *queue) close() {
	q.closed = true
	q.drop()
}

// suspend drops what is queued, lets all waiting senders go, and drops what
// comes until there is a new socket. mu is held.
func (q *queue) suspend() {
	q.away = true
	q.control, q.farewell = nil, false
	q.drop()
}

// setAside suspends the queue and waits until nobody writes.
func (q *queue) setAside() {
	q.mu.Lock()
	q.suspend()
	q.mu.Unlock()
	q.awaitIdle()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.inFlight = 0
	q.suspend()
}

// drop drops what is queued and lets all waiting senders go. mu is held.
func (q *queue) drop() {
	bufpool.Put(q.pend)
	q.pend, q.split = nil, 0
	for q.first != nil {
		w := q.first
		q.first = w.next
		close(w.ready)
	}
	q.last = nil
	q.stalled = 0
}

// setBinary makes what is queued from now on binary.
func (q *queue) setBinary() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.binary {
		return
	}
	q.binary = true
	if q.pend != nil {
		q.split = len(q.pend.B)
	}
}
