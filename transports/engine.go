package transports

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Engine is what the endpoints of one server share: the clock that looks at
// every connection once a second, and the workers that write. It starts no
// goroutine before the first connection. It is safe for concurrent use.
type Engine struct {
	start   time.Time // what monotonic times are counted from; set before use
	workers []*worker // set before use
	turn    atomic.Uint32

	wg   sync.WaitGroup // every goroutine of the engine, its endpoints and connections
	stop chan struct{}  // closed by Close

	mu        sync.Mutex
	endpoints []*Endpoint // guarded by mu
	sweeping  bool        // guarded by mu
	closed    bool        // guarded by mu
}

// NewEngine returns an engine with as many workers as there are processors.
func NewEngine() *Engine {
	e := &Engine{start: time.Now(), stop: make(chan struct{})}
	for range runtime.GOMAXPROCS(0) {
		e.workers = append(e.workers, newWorker(e))
	}
	return e
}

// Close aborts what connections are left, refuses new ones and returns when
// all goroutines have ended; those in the App's code it has to wait for. Shut
// the endpoints down first to end their connections in good order. Calling it
// again is fine.
func (e *Engine) Close() {
	e.mu.Lock()
	first := !e.closed
	e.closed = true
	endpoints := e.endpoints
	e.mu.Unlock()
	for _, ep := range endpoints {
		ep.Close()
		ep.abortAll(ErrShuttingDown)
	}
	if first {
		close(e.stop)
	}
	e.wg.Wait()
}

// spawn runs f on a goroutine that Close waits for. It returns false, and does
// not run f, when the engine is closed.
func (e *Engine) spawn(f func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	// Ended by whoever called spawn; Close waits for it.
	e.wg.Go(f)
	return true
}

func (e *Engine) register(ep *Endpoint) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.endpoints = append(e.endpoints, ep)
}

// wakeSweep starts the sweep if it does not run.
func (e *Engine) wakeSweep() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.sweeping || e.closed {
		return
	}
	e.sweeping = true
	// Ends when Close closes stop; Close waits for it.
	e.wg.Go(e.sweep)
}

// home returns the worker of a new connection.
func (e *Engine) home() *worker {
	return e.workers[int(e.turn.Add(1))%len(e.workers)]
}

// now is a monotonic clock in nanoseconds, never zero.
func (e *Engine) now() int64 { return int64(time.Since(e.start)) + 1 }
