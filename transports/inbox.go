package transports

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/hubwire/signalr/internal/bufpool"
)

// inbox is the bounded buffer between a client's POST requests and the App. A
// goroutine hands its bytes over as long as there are some; none waits for
// more.
type inbox struct {
	engine *Engine       // set before use
	limit  int           // bytes, set before use; negative is none
	turn   chan struct{} // capacity 1; who has put a value in may write
	room   chan struct{} // capacity 1; half of the buffer has become free
	gone   chan struct{} // closed by end

	mu       sync.Mutex
	session  Session         // guarded by mu; nil until there is a transport
	buf      *bufpool.Buffer // guarded by mu; nil if there is nothing
	inFlight int             // guarded by mu; bytes that the App is looking at
	running  bool            // guarded by mu; the goroutine is there
	ended    bool            // guarded by mu; nothing more is accepted
	told     bool            // guarded by mu; the session knows that

	writer http.ResponseWriter // guarded by mu; of the POST whose turn it is, nil if it is nobody's
}

func newInbox(e *Engine, limit int) inbox {
	return inbox{
		engine: e, limit: limit,
		turn: make(chan struct{}, 1), room: make(chan struct{}, 1), gone: make(chan struct{}),
	}
}

// lock waits for the caller's turn to write; turns come in the order of asking.
// It returns false if the inbox or ctx has ended instead.
func (b *inbox) lock(ctx context.Context) bool {
	select {
	case b.turn <- struct{}{}:
		return true
	case <-b.gone:
	case <-ctx.Done():
	}
	return false
}

func (b *inbox) unlock() { <-b.turn }

// reading says that the body of w's request is being read, nil that it is no
// more, so that end can break it off.
func (b *inbox) reading(w http.ResponseWriter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writer = w
	b.breakOff()
}

// breakOff ends the wait for the rest of a body that nobody will take. mu is
// held.
func (b *inbox) breakOff() {
	if b.ended && b.writer != nil {
		_ = http.NewResponseController(b.writer).SetReadDeadline(time.Now()) // a writer without deadlines waits on
	}
}

// hasEnded reports whether nothing more is accepted.
func (b *inbox) hasEnded() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended
}

// add appends p. full says that the caller should wait for room before it goes
// on; ok is false on an inbox that has ended. The caller's turn it is.
func (b *inbox) add(p []byte) (full, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return false, false
	}
	if b.buf == nil {
		b.buf = bufpool.Get(len(p))
	}
	b.buf = b.buf.Grow(len(p))
	b.buf.B = append(b.buf.B, p...)
	if s, ok := b.session.(readySession); ok && !b.running && s.Ready(b.buf.B) {
		b.running = true
		b.pass()
		b.running = false
	}
	b.pump()
	full = b.limit >= 0 && b.size() >= b.limit
	if full {
		select { // an old signal
		case <-b.room:
		default:
		}
	}
	return full, true
}

// size is how many bytes the App is not through with. mu is held.
func (b *inbox) size() int {
	if b.buf == nil {
		return b.inFlight
	}
	return b.inFlight + len(b.buf.B)
}

// awaitRoom waits until half of the buffer is free. It returns false if the
// inbox or ctx has ended instead.
func (b *inbox) awaitRoom(ctx context.Context) bool {
	select {
	case <-b.room:
		return true
	case <-b.gone:
	case <-ctx.Done():
	}
	return false
}

// start makes session the receiver of what has come and will come.
func (b *inbox) start(session Session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.session = session
	b.pump()
}

// end says that no more will come; rest says whether the App still gets what
// has. The session's Ended follows.
func (b *inbox) end(rest bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !rest {
		bufpool.Put(b.buf)
		b.buf = nil
	}
	if b.ended {
		return
	}
	b.ended = true
	close(b.gone)
	b.breakOff()
	b.pump()
}

// takeAll ends the inbox for a transport that has another way in, and returns
// what has come, nil if nothing has.
func (b *inbox) takeAll() *bufpool.Buffer {
	b.mu.Lock()
	buf := b.buf
	b.buf = nil
	b.mu.Unlock()
	b.end(false)
	return buf
}

// pump starts the goroutine that hands over, if there is something to do and
// it is not there. mu is held.
func (b *inbox) pump() {
	if b.running || b.session == nil || b.buf == nil && (!b.ended || b.told) {
		return
	}
	b.running = true
	if b.engine.spawn(b.handOver) {
		return
	}
	// The engine is closing, and waits for all that its connections do; so
	// this can be waited for, too.
	b.mu.Unlock()
	b.handOver()
	b.mu.Lock()
}

// handOver passes bytes to the App until there are none, and says when no more
// will come.
func (b *inbox) handOver() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.buf != nil {
		b.pass()
	}
	if b.ended && !b.told {
		b.told = true
		b.mu.Unlock()
		b.session.Ended(nil)
		b.mu.Lock()
	}
	b.running = false
	b.pump() // what came meanwhile
}

// pass passes what there is to the App. mu is held before and after.
func (b *inbox) pass() {
	buf := b.buf
	b.buf, b.inFlight = nil, len(buf.B)
	b.mu.Unlock()
	b.session.Receive(buf.B)
	b.mu.Lock()
	bufpool.Put(buf)
	b.inFlight = 0
	if b.size() <= b.limit/2 {
		select {
		case b.room <- struct{}{}:
		default:
		}
	}
}
