package transports

import "sync"

// worker writes for its share of the WebSocket connections. It never waits for
// one of them: what a socket does not take at once is left to a goroutine of
// that connection's own.
type worker struct {
	engine *Engine
	bell   chan struct{} // capacity 1

	mu      sync.Mutex
	list    []*Conn // guarded by mu; connections with something to write
	busy    bool    // guarded by mu; the bell need not be rung
	running bool    // guarded by mu

	spare []*Conn // the worker's own: the list before
}

func newWorker(e *Engine) *worker {
	return &worker{engine: e, bell: make(chan struct{}, 1)}
}

// push puts c on the list. The caller has seen to it that it is there only
// once.
func (w *worker) push(c *Conn) {
	w.mu.Lock()
	w.list = append(w.list, c)
	ring := !w.busy
	w.busy = true
	start := !w.running
	w.running = true
	w.mu.Unlock()
	switch {
	case start:
		w.engine.spawn(w.run)
	case ring:
		w.bell <- struct{}{}
	}
}

func (w *worker) run() {
	for {
		w.mu.Lock()
		list := w.list
		w.busy = len(list) > 0
		w.list = w.spare[:0]
		w.mu.Unlock()
		for i, c := range list {
			list[i] = nil
			c.turn()
		}
		w.spare = list
		if len(list) > 0 {
			continue
		}
		select {
		case <-w.bell:
		case <-w.engine.stop:
			return
		}
	}
}

// turn is the worker's visit to c.
func (c *Conn) turn() {
	if c.out.unlist() {
		c.ws.Load().turn()
	}
}
