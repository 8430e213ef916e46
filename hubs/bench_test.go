package hubs

import (
	"context"
	"iter"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hubwire/signalr/hubs/protocol"
)

// sink is a transport that costs nothing: it counts the frames it is given.
type sink struct {
	testConn
	frames atomic.Int64
	want   int64         // set before the calls
	done   chan struct{} // gets a token when want frames have come
}

func newSink() *sink {
	return &sink{testConn: *newTestConn("sink"), done: make(chan struct{}, 1)}
}

func (s *sink) TryQueue(p []byte) bool {
	if s.frames.Add(1) == s.want {
		s.done <- struct{}{}
	}
	return true
}
func (s *sink) Wake()   {}
func (s *sink) Flush()  {}
func (s *sink) Finish() {}

// expect makes done get a token after n more frames.
func (s *sink) expect(n int) { s.frames.Store(0); s.want = int64(n) }

type benchHub struct {
	Hub
}

func (h *benchHub) Echo(s string) string { return s }

func (h *benchHub) EchoCtx(_ context.Context, s string) (string, error) { return s, nil }

func (h *benchHub) EchoBytes(b []byte) []byte { return b }

func (h *benchHub) Quiet(string) {}

func (h *benchHub) Count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

type point struct{ X, Y int }

func (h *benchHub) Points(n int) iter.Seq[point] {
	return func(yield func(point) bool) {
		for i := range n {
			if !yield(point{i, i}) {
				return
			}
		}
	}
}

func (h *benchHub) Sum(items iter.Seq2[int, error]) (int, error) {
	sum := 0
	for item, err := range items {
		if err != nil {
			return 0, err
		}
		sum += item
	}
	return sum, nil
}

func benchClient(b testing.TB) (*Connection, *sink) {
	rt, _ := serve(b, func() *benchHub { return &benchHub{} }, Config{})
	s := newSink()
	s.expect(1)
	c := rt.Connect(s)
	c.Receive([]byte("{\"protocol\":\"json\",\"version\":1}\x1e"))
	<-s.done
	c.wait(func() bool { return c.phase == open })
	return c, s
}

var text64 = `"` + strings.Repeat("x", 64) + `"`

func BenchmarkCall(b *testing.B) {
	for _, bench := range []struct {
		name, method string
		batch        int
	}{
		{"Echo", "Echo", 1},
		{"Echo/pipelined16", "Echo", 16},
		{"EchoCtx", "EchoCtx", 1},
		{"EchoCtx/pipelined16", "EchoCtx", 16},
		{"EchoBytes/pipelined16", "EchoBytes", 16},
	} {
		b.Run(bench.name, func(b *testing.B) {
			c, s := benchClient(b)
			p := []byte(strings.Repeat(invocation("1", bench.method, text64)+"\x1e", bench.batch))
			b.ReportAllocs()
			for b.Loop() {
				s.expect(bench.batch)
				c.Receive(p)
				<-s.done
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*bench.batch), "ns/call")
		})
	}
}

// BenchmarkCodec is what BenchmarkCall would cost without the runtime.
func BenchmarkCodec(b *testing.B) {
	p := protocol.NewJSON()
	frame := []byte(invocation("1", "Echo", text64) + "\x1e")
	var m protocol.Message
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		payload, _, _, _ := p.Split(frame)
		_ = p.Parse(payload, &m)
		var s string
		_ = p.Unmarshal(m.Arguments[0], &s)
		buf, _ = p.AppendResult(buf[:0], m.InvocationID, s)
	}
}

func BenchmarkStream(b *testing.B) {
	for _, method := range []string{"Count", "Points"} {
		b.Run(method, func(b *testing.B) {
			c, s := benchClient(b)
			const items = 1000
			p := []byte(`{"type":4,"invocationId":"1","target":"` + method + `","arguments":[1000]}` + "\x1e")
			b.ReportAllocs()
			for b.Loop() {
				s.expect(items + 1)
				c.Receive(p)
				<-s.done
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*items), "ns/item")
		})
	}
}

func BenchmarkUpload(b *testing.B) {
	c, s := benchClient(b)
	const items = 1000
	head := []byte(`{"type":1,"invocationId":"1","target":"Sum","arguments":[],"streamIds":["u"]}` + "\x1e")
	batch := []byte(strings.Repeat(`{"type":2,"invocationId":"u","item":7}`+"\x1e", 20))
	tail := []byte(`{"type":3,"invocationId":"u"}` + "\x1e")
	b.ReportAllocs()
	for b.Loop() {
		s.expect(1)
		c.Receive(head)
		for range items / 20 {
			c.Receive(batch)
		}
		c.Receive(tail)
		<-s.done
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*items), "ns/item")
}
