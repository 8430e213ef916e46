package redis

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// echoes keeps a message from reaching this node's clients twice. What a node
// publishes comes back to it like any other message, without a mark of origin:
// that is how its own clients get it. When a PUBLISH fails, they are served
// without; but the failure may mean no more than that the reply was lost. So
// what was heard lately is remembered, and so is what was served and may still
// be heard. A message is known by the hash of its channel and its bytes.
type echoes struct {
	seed      maphash.Seed
	expecting atomic.Int32 // how many are in expected

	mu       sync.Mutex
	lately   [echoesKept]uint64       // guarded by mu; a ring
	n        uint64                   // guarded by mu; how many were ever heard
	expected map[uint64]*expectedEcho // guarded by mu
}

// expectedEcho is a message that was served already.
type expectedEcho struct {
	times int
	pongs int // how many pongs came since
}

const (
	echoesKept = 4096

	// echoPongs is after how many pongs an echo is not expected any more: the
	// second answers a ping that was sent after the message.
	echoPongs = 2
)

func newEchoes() *echoes {
	return &echoes{seed: maphash.MakeSeed(), expected: make(map[uint64]*expectedEcho)}
}

func (e *echoes) hash(channel string, payload []byte) uint64 {
	return maphash.String(e.seed, channel)*31 + maphash.Bytes(e.seed, payload)
}

// mark returns the present, for heardSince.
func (e *echoes) mark() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.n
}

// heard notes a message and reports whether it was served already.
func (e *echoes) heard(channel string, payload []byte) bool {
	h := e.hash(channel, payload)
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.expected) > 0 {
		if x := e.expected[h]; x != nil {
			e.expecting.Add(-1)
			if x.times--; x.times == 0 {
				delete(e.expected, h)
			}
			return true
		}
	}
	e.lately[e.n%echoesKept] = h
	e.n++
	return false
}

// serve is asked by who is about to serve a message that may have been
// published, or still be, since the mark: it reports whether nobody has heard it
// so far, and if so has its echo dropped.
func (e *echoes) serve(channel string, payload []byte, mark uint64) bool {
	h := e.hash(channel, payload)
	e.mu.Lock()
	defer e.mu.Unlock()
	oldest := max(mark, e.n-min(e.n, echoesKept))
	for i := oldest; i < e.n; i++ {
		if e.lately[i%echoesKept] == h {
			return false
		}
	}
	if len(e.expected) < echoesKept {
		x := e.expected[h]
		if x == nil {
			x = new(expectedEcho)
			e.expected[h] = x
		}
		x.times++
		x.pongs = 0
		e.expecting.Add(1)
	}
	return true
}

// age is called at every pong.
func (e *echoes) age() {
	if e.expecting.Load() == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for h, x := range e.expected {
		if x.pongs++; x.pongs >= echoPongs {
			delete(e.expected, h)
			e.expecting.Add(-int32(x.times))
		}
	}
}
