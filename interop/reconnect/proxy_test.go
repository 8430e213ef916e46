package reconnect_test

import (
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// proxy is a bad network: every connection through it breaks after a random
// number of bytes, in the middle of whatever is on its way. Half of them break
// loudly, on both sides; the others just stop carrying anything, and neither
// side is told. After so many faults the network is good.
type proxy struct {
	net.Listener

	target string
	wg     sync.WaitGroup

	mu     sync.Mutex
	rng    *rand.Rand     // guarded by mu
	faults int            // guarded by mu; still to come
	cuts   int            // guarded by mu; how many there were
	halts  int            // guarded by mu; of the other kind
	conns  map[*link]bool // guarded by mu
	closed bool           // guarded by mu
}

// link is one connection through the proxy.
type link struct {
	p              *proxy
	client, server net.Conn

	mu     sync.Mutex
	budget int  // guarded by mu; bytes until it breaks; negative: it does not
	frozen bool // guarded by mu
	loud   bool // set before start
}

// newProxy listens before target until the test ends.
func newProxy(t *testing.T, target string, rng *rand.Rand, faults int) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, target: target, rng: rng, faults: faults, conns: map[*link]bool{}}
	p.wg.Go(p.serve) // ends when the listener is closed; close waits for it
	t.Cleanup(p.close)
	return p
}

func (p *proxy) close() {
	_ = p.Listener.Close()
	p.mu.Lock()
	p.closed = true
	for l := range p.conns {
		l.cut()
	}
	p.mu.Unlock()
	p.wg.Wait()
}

func (p *proxy) serve() {
	for {
		client, err := p.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.join(client, server)
	}
}

func (p *proxy) join(client, server net.Conn) {
	l := &link{p: p, client: client, server: server}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		l.cut()
		return
	}
	l.budget = -1
	if p.faults > 0 {
		p.faults--
		// The request and its answer take about 400 bytes; some break then.
		l.budget = 300 + p.rng.IntN(1<<(6+p.rng.IntN(11)))
		l.loud = p.rng.IntN(2) == 0
	}
	p.conns[l] = true
	// Both end when their link is cut, which one does for the other and close
	// does for all; close waits for them.
	p.wg.Go(func() { l.carry(client, server) })
	p.wg.Go(func() { l.carry(server, client) })
}

// carry passes bytes on in one direction.
func (l *link) carry(from, to net.Conn) {
	defer l.cut()
	buf := make([]byte, 4<<10)
	for {
		n, err := from.Read(buf)
		pass, broken := l.spend(n)
		if pass > 0 {
			if _, err := to.Write(buf[:pass]); err != nil {
				return
			}
		}
		switch {
		case broken && l.loud:
			l.p.count(&l.p.cuts)
			return
		case broken:
			l.p.count(&l.p.halts)
		}
		if err != nil {
			return
		}
	}
}

// spend takes n bytes off the budget and returns how many of them pass, and
// whether this is where the link breaks.
func (l *link) spend(n int) (pass int, broken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.frozen:
		return 0, false
	case l.budget < 0:
		return n, false
	case n < l.budget:
		l.budget -= n
		return n, false
	}
	l.frozen = true
	return l.budget, true
}

// cut breaks the link on both sides, with a reset where there is something
// unread.
func (l *link) cut() {
	_ = l.client.Close()
	_ = l.server.Close()
}

func (p *proxy) count(what *int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*what++
}

// toll returns how many links have broken, loudly and silently.
func (p *proxy) toll() (cuts, halts int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts, p.halts
}
