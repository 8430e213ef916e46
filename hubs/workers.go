package hubs

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// workers runs the calls of all connections. A worker that has nothing to do
// waits a moment for the calls of another connection: its stack has grown
// already, which for a short call is a good part of the price of a goroutine.
// Who has not been needed for about a second is let go, and all are when there
// is no connection any more; so an idle server has none.
type workers struct {
	shards  []workerShard
	reaped  atomic.Int64   // when reap last looked, since rt.epoch
	running sync.WaitGroup // every worker; Shutdown waits for it
}

// workerShard is the workers for some of the connections, to keep processors
// from waiting for each other's lock.
type workerShard struct {
	mu    sync.Mutex
	idle  []*worker // guarded by mu; who came last is taken first
	least int       // guarded by mu; the length of idle when it was shortest since reap looked
	shut  bool      // guarded by mu; there are no connections
	_     [16]byte  // a line of the cache for each lock
}

// worker is a goroutine that waits for the next connection to serve; nil ends it.
type worker struct{ next chan *Connection }

// maxIdleWorkers is how many may wait in one shard.
const maxIdleWorkers = 16

func newWorkers() *workers {
	w := &workers{shards: make([]workerShard, runtime.GOMAXPROCS(0))}
	for i := range w.shards {
		w.shards[i].shut = true
	}
	return w
}

// start has a worker run c.work, which was counted.
func (w *workers) start(c *Connection) {
	s := &w.shards[uint(c.created)%uint(len(w.shards))]
	s.mu.Lock()
	last := len(s.idle) - 1
	if last < 0 {
		s.mu.Unlock()
		w.running.Add(1)
		// Ends when it is not needed any more; Shutdown waits for it.
		go w.run(s, c)
		return
	}
	waiting := s.idle[last]
	s.idle[last] = nil
	s.idle = s.idle[:last]
	s.least = min(s.least, last)
	s.mu.Unlock()
	waiting.next <- c // there is room for it
}

func (w *workers) run(s *workerShard, c *Connection) {
	defer w.running.Done()
	self := &worker{next: make(chan *Connection, 1)}
	for c != nil {
		c.work()
		c = s.park(self)
	}
}

// park waits for another connection to serve. It returns nil when the worker is
// to end.
func (s *workerShard) park(self *worker) *Connection {
	s.mu.Lock()
	if s.shut || len(s.idle) >= maxIdleWorkers {
		s.mu.Unlock()
		return nil
	}
	s.idle = append(s.idle, self)
	s.mu.Unlock()
	return <-self.next
}

// reap lets those go who were not needed since it last did. It is called with
// every tick of every connection, and looks once a second.
func (w *workers) reap(at time.Duration) {
	last := w.reaped.Load()
	if at-time.Duration(last) < time.Second || !w.reaped.CompareAndSwap(last, int64(at)) {
		return
	}
	for i := range w.shards {
		s := &w.shards[i]
		s.mu.Lock()
		s.letGo(s.least)
		s.least = len(s.idle)
		s.mu.Unlock()
	}
}

// letGo ends the n workers that have waited longest. s.mu is held.
func (s *workerShard) letGo(n int) {
	for _, waiting := range s.idle[:n] {
		waiting.next <- nil // there is room for it
	}
	left := copy(s.idle, s.idle[n:])
	clear(s.idle[left:])
	s.idle = s.idle[:left]
}

// open says whether there are connections.
func (w *workers) open(yes bool) {
	for i := range w.shards {
		s := &w.shards[i]
		s.mu.Lock()
		s.shut = !yes
		if s.shut {
			s.letGo(len(s.idle))
			s.least = 0
		}
		s.mu.Unlock()
	}
}
