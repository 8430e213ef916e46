package hubs

// How much may wait for a permit before the receive loop stops reading: the
// payloads in bytes, and calls.
const (
	maxPendingBytes = 64 << 10
	maxPendingCalls = 512
)

// pendingCalls are calls in the order in which they came, waiting for a permit.
// It is guarded by Connection.mu.
type pendingCalls struct {
	calls []*call
	first int // calls before it have been taken
	bytes int
}

// waiting returns the calls that have not been taken.
func (p *pendingCalls) waiting() []*call { return p.calls[p.first:] }

func (p *pendingCalls) len() int { return len(p.calls) - p.first }

func (p *pendingCalls) full() bool {
	return p.bytes >= maxPendingBytes || p.len() >= maxPendingCalls
}

func (p *pendingCalls) push(k *call) {
	if p.first > 64 && p.first > len(p.calls)/2 {
		n := copy(p.calls, p.calls[p.first:])
		clear(p.calls[n:])
		p.calls, p.first = p.calls[:n], 0
	}
	p.calls = append(p.calls, k)
	p.bytes += int(k.size)
}

func (p *pendingCalls) pop() *call {
	k := p.calls[p.first]
	p.calls[p.first] = nil
	p.first++
	p.bytes -= int(k.size)
	if p.first == len(p.calls) {
		p.clear()
	}
	return k
}

// clear drops all calls. Room for a few is kept.
func (p *pendingCalls) clear() {
	clear(p.calls)
	p.calls, p.first, p.bytes = p.calls[:0], 0, 0
	if cap(p.calls) > 16 {
		p.calls = nil
	}
}

// enqueue hands a call that needs a permit to the workers. It blocks while too
// much is waiting, and returns false if the connection ended meanwhile.
func (c *Connection) enqueue(k *call) bool {
	c.mu.Lock()
	for c.pending.full() {
		c.mu.Unlock()
		if !c.wait(func() bool { return !c.pending.full() }) {
			return false
		}
		c.mu.Lock()
	}
	if c.ending != nil {
		c.mu.Unlock()
		return false
	}
	c.pending.push(k)
	c.enlist(k)
	hire := c.hire()
	c.mu.Unlock()
	if hire {
		c.rt.workers.start(c)
	}
	return true
}

// hire takes a permit for another worker if there is a call for it. Workers are
// started one after the other, each by the one before it when that has taken its
// call, so that calls begin in the order in which they came. c.mu is held.
func (c *Connection) hire() bool {
	if c.opening || c.pending.len() == 0 || c.permits >= c.rt.cfg.MaximumParallelInvocationsPerClient {
		return false
	}
	c.permits++
	c.opening = true
	c.start()
	return true
}

// growStack makes the goroutine's stack as large as most calls need, while there
// is next to nothing on it. Left to itself it would grow in the midst of the
// call, which costs a microsecond: every frame has to be looked at. What counts
// is the size of the frame; give it 0, and nothing of it is touched.
//
//go:noinline
func growStack(touch int) byte {
	if touch == 0 {
		return 0
	}
	var room [5 << 10]byte
	room[touch] = 1
	return room[touch/2]
}

// work runs calls until none is waiting.
func (c *Connection) work() {
	defer c.done()
	growStack(0)
	k := c.take(nil)
	defer func() {
		// Only if a call has ended this goroutine by runtime.Goexit.
		if k != nil {
			c.transport.Wake()
			if c.release(k) {
				c.rt.workers.start(c)
			}
		}
	}()
	for k != nil {
		answered := k.run()
		next := c.take(k)
		// An answer leaves on this goroutine if it has nothing else to do, which
		// saves a hand-over and merges those of pipelined calls. It never waits for
		// a call that follows.
		switch {
		case answered && next != nil:
			c.transport.Wake()
		case answered:
			c.transport.Flush()
		}
		k = next
	}
}

// take ends the worker's last call, nil at first, and returns the next one, or
// nil when the worker is to end; then its permit is returned.
func (c *Connection) take(last *call) *call {
	c.mu.Lock()
	switch {
	case last == nil:
		c.opening = false
	case last.permitReturned && c.permits < c.rt.cfg.MaximumParallelInvocationsPerClient && !c.opening:
		c.permits++ // there is a free one; instead of starting a worker for it
	case last.permitReturned:
		c.mu.Unlock()
		return nil
	default:
		last.permitReturned = true // it is not the ended call's to give any more
	}
	if c.pending.len() == 0 {
		c.permits--
		c.unblock()
		c.mu.Unlock()
		return nil
	}
	k := c.pending.pop()
	k.started = true
	c.beginning.Add(1)
	hire := c.hire()
	c.unblock()
	c.mu.Unlock()
	if hire {
		c.rt.workers.start(c)
	}
	return k
}

// release returns the permit of a worker that was ended by its call, and
// reports whether another has to be started.
func (c *Connection) release(k *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !k.permitReturned {
		k.permitReturned = true // it is not the ended call's to give any more
		c.permits--
		c.unblock()
	}
	return c.hire()
}

// returnPermit gives the permit of a running call back before the call ends.
func (c *Connection) returnPermit(k *call) {
	c.mu.Lock()
	if k.detached || k.permitReturned {
		c.mu.Unlock()
		return
	}
	k.permitReturned = true
	c.permits--
	c.unblock()
	hire := c.hire()
	c.mu.Unlock()
	if hire {
		c.rt.workers.start(c)
	}
}

// allBegun reports whether every call that was read has reached its method.
// c.mu is held.
func (c *Connection) allBegun() bool {
	return c.pending.len() == 0 && c.beginning.Load() == 0
}

// begun says that the call is about to run its method, or never will. It comes
// once for every call that was started.
func (k *call) begun() {
	if k.hasBegun {
		return
	}
	k.hasBegun = true
	c := k.conn
	if k.detached {
		c.mu.Lock()
		k.started = true
		c.unblock()
		c.mu.Unlock()
		return
	}
	// Whoever waits sets watched before it looks at beginning, so one of the two
	// sees the other; nobody waits as a rule, and then no lock is needed.
	if c.beginning.Add(-1) == 0 && c.watched.Load() {
		c.mu.Lock()
		c.unblock()
		c.checkDrained()
		c.mu.Unlock()
	}
}

// checkDrained tells drain when it may go on. c.mu is held.
func (c *Connection) checkDrained() {
	if c.drained != nil && c.allBegun() {
		close(c.drained)
		c.drained = nil
	}
}
