package transports

import (
	"net"
	"runtime"
	"testing"

	"github.com/hubwire/signalr/internal/bufpool"
)

// receivers makes n connections whose writes cost no system call, so that only
// what is ours is measured.
func receivers(tb testing.TB, n int) (*Engine, []*Conn) {
	tb.Helper()
	e := NewEngine()
	tb.Cleanup(e.Close)
	ep, err := NewEndpoint(e, Config{}, newFakeApp())
	if err != nil {
		tb.Fatal(err)
	}
	conns := make([]*Conn, n)
	for i := range conns {
		c, err := ep.newConn(true, false)
		if err != nil {
			tb.Fatal(err)
		}
		nc, _ := net.Pipe()
		ws := &webSocket{c: c, nc: nc, sys: sink{}, home: e.home(), unsent: -1}
		c.ws.Store(ws)
		ws.onWrite = func(uintptr) bool {
			ws.rest = nil
			return true
		}
		conns[i] = c
	}
	return e, conns
}

// sink is a socket that takes everything at once.
type sink struct{}

func (sink) Control(func(uintptr)) error      { return nil }
func (sink) Read(func(uintptr) bool) error    { return nil }
func (sink) Write(f func(uintptr) bool) error { f(0); return nil }

func written(conns []*Conn) bool {
	for _, c := range conns {
		c.out.mu.Lock()
		busy := c.out.pend != nil || c.out.writing
		c.out.mu.Unlock()
		if busy {
			return false
		}
	}
	return true
}

func TestABroadcastCostsNoAllocationAndNoGoroutine(t *testing.T) { //nolint:paralleltest // AllocsPerRun refuses
	if raceEnabled {
		t.Skip("the race detector makes pools drop buffers")
	}
	const n = 1000
	_, conns := receivers(t, n)
	p := []byte(`{"type":1,"target":"receive","arguments":["0123456789012345678901234567890123456789"]}` + "\x1e")
	broadcast := func() {
		for _, c := range conns {
			if !c.TryQueue(p) {
				t.Fatal("no room")
			}
			c.Wake()
		}
		for !written(conns) {
			runtime.Gosched()
		}
	}
	broadcast()
	before := runtime.NumGoroutine()
	allocs := testing.AllocsPerRun(20, broadcast)
	if allocs > n/50 { // a pool may miss now and then
		t.Errorf("got %v allocations for %d deliveries, want none", allocs, n)
	}
	if got := runtime.NumGoroutine(); got > before {
		t.Errorf("got %d goroutines more", got-before)
	}
}

func BenchmarkBroadcast(b *testing.B) {
	_, conns := receivers(b, 1000)
	p := make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range conns {
			c.TryQueue(p)
			c.Wake()
		}
		for !written(conns) {
			runtime.Gosched()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/delivery")
}

func BenchmarkQueueAndFlush(b *testing.B) {
	_, conns := receivers(b, 1)
	c, p := conns[0], make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		c.TryQueue(p)
		c.Flush()
	}
}

func BenchmarkFormatEvent(b *testing.B) {
	b.ReportAllocs()
	p := make([]byte, 100)
	for b.Loop() {
		buf := bufpool.Get(frameRoom + len(p))
		buf.B = append(buf.B[:frameRoom], p...)
		buf, _ = formatEvent(buf)
		bufpool.Put(buf)
	}
}
