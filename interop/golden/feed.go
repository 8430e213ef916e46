package golden

import (
	"context"
	"errors"
	"sync"
	"time"
)

// chunk is what a stream delivers at a time: a WebSocket message, or one event
// with its lines.
type chunk struct {
	frame string // text or binary; empty for an event
	data  []byte // the payload
	event []byte // an event as it came, with its empty line
	err   error  // why an event is malformed
}

// ended is how a stream ended.
type ended struct {
	code   int // WebSockets: as a client's API reports it, 1006 without a close frame
	reason string
	err    error // what reading failed with, for diagnostics; an event stream that just ends has none
}

// feed carries the chunks of one stream from the goroutine that reads it to the
// script. It is unbounded: a script decides when it looks, and a reader that
// waited for it would hide pings and the end of the connection.
type feed struct {
	mu     sync.Mutex
	chunks []chunk       // guarded by mu
	end    *ended        // guarded by mu; nothing comes after it
	wake   chan struct{} // one slot: there is news
}

func newFeed() *feed { return &feed{wake: make(chan struct{}, 1)} }

func (f *feed) put(c chunk) {
	f.mu.Lock()
	f.chunks = append(f.chunks, c)
	f.mu.Unlock()
	f.nudge()
}

func (f *feed) finish(e ended) {
	f.mu.Lock()
	f.end = &e
	f.mu.Unlock()
	f.nudge()
}

func (f *feed) nudge() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// errLate is the time running out before anything came.
var errLate = errors.New("nothing came in time")

// next returns the next chunk, or the end of the stream, waiting at most until
// the deadline.
func (f *feed) next(ctx context.Context, deadline time.Time) (chunk, *ended, error) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	for {
		f.mu.Lock()
		if len(f.chunks) > 0 {
			c := f.chunks[0]
			f.chunks = f.chunks[1:]
			f.mu.Unlock()
			return c, nil, nil
		}
		end := f.end
		f.mu.Unlock()
		if end != nil {
			return chunk{}, end, nil
		}
		select {
		case <-f.wake:
		case <-timer.C:
			return chunk{}, nil, errLate
		case <-ctx.Done():
			return chunk{}, nil, context.Cause(ctx)
		}
	}
}

// ending is how the stream ended, nil as long as it lives.
func (f *feed) ending() *ended {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.end
}
