package transports

import (
	"slices"
	"sync"
)

// table holds the connections of an endpoint by their tokens.
type table struct {
	mu      sync.Mutex
	byToken map[string]*Conn // guarded by mu
	all     []*Conn          // guarded by mu; for walking, each knows its place
	empty   chan struct{}    // guarded by mu; closed when the last one leaves, nil if nobody waits
}

// add enters c. It reports whether c is the first one.
func (t *table) add(c *Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byToken == nil {
		t.byToken = make(map[string]*Conn)
	}
	t.byToken[c.token] = c
	c.place = len(t.all)
	t.all = append(t.all, c)
}

// remove takes c out; once it is out it stays out.
func (t *table) remove(c *Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byToken[c.token] != c {
		return
	}
	delete(t.byToken, c.token)
	last := t.all[len(t.all)-1]
	t.all[c.place] = last
	last.place = c.place
	t.all[len(t.all)-1] = nil
	t.all = t.all[:len(t.all)-1]
	if len(t.all) == 0 && t.empty != nil {
		close(t.empty)
		t.empty = nil
	}
}

func (t *table) find(token string) *Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byToken[token]
}

// appendAll appends every connection to list, for a walk without the lock.
func (t *table) appendAll(list []*Conn) []*Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append(slices.Grow(list, len(t.all)), t.all...)
}

func (t *table) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.all)
}

// quiet returns a channel that is closed when the table is empty.
func (t *table) quiet() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.empty != nil {
		return t.empty
	}
	done := make(chan struct{})
	if len(t.all) == 0 {
		close(done)
		return done
	}
	t.empty = done
	return done
}
