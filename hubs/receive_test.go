package hubs

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/hubwire/signalr/hubs/protocol"
)

// lengths is a hub that tells how much it was given.
type lengthsHub struct {
	Hub
}

func (h *lengthsHub) Len(s string) int { return len(s) }

func TestFramesInParts(t *testing.T) {
	t.Parallel()
	pack := protocol.NewMessagePack()
	for _, test := range []struct {
		name string
		size int // of the argument
		part int // bytes for each Receive
	}{
		{"byte by byte", 10, 1},
		{"in halves", 10, 40},
		{"big", 1 << 20, 16 << 10},
		{"bigger than a pooled buffer, all at once", 1 << 20, 2 << 20},
	} {
		for _, name := range []string{"json", "messagepack"} {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				rt, _ := serve(t, func() *lengthsHub { return new(lengthsHub) }, Config{MaximumReceiveMessageSize: -1})
				c := connect(t, rt, "a")
				c.send(`{"protocol":"` + name + `","version":1}`)
				c.want("{}")
				frame := []byte(invocation("1", "Len", `"`+strings.Repeat("x", test.size)+`"`) + "\x1e")
				want := result("1", fmt.Sprint(test.size))
				if name == "messagepack" {
					var err error
					if frame, err = pack.AppendInvocation(nil, "1", "Len", []any{strings.Repeat("x", test.size)}); err != nil {
						t.Fatal(err)
					}
					answer, err := pack.AppendResult(nil, "1", test.size)
					if err != nil {
						t.Fatal(err)
					}
					want = string(answer)
				}
				frames := bytes.Repeat(frame, 3)
				for len(frames) > 0 {
					n := min(test.part, len(frames))
					// The transport uses its buffer again at once.
					part := bytes.Clone(frames[:n])
					c.conn.Receive(part)
					clear(part)
					frames = frames[n:]
				}
				c.want(want, want, want)
				if c.conn.partial != nil {
					t.Error("an idle connection keeps its buffer for partial frames")
				}
				c.hangUp()
			})
		}
	}
}

func TestReceiveLimit(t *testing.T) {
	t.Parallel()
	frame := invocation("1", "Len", `"xxxxxxxxxx"`) + "\x1e"
	for _, test := range []struct {
		name  string
		limit int
		bytes string
		want  []string
	}{
		{"exactly the limit", len(frame), frame, []string{result("1", "10")}},
		{"one byte more", len(frame) - 1, frame, []string{closeError, ""}},
		{"frames before it are handled", len(frame), frame + strings.Repeat(" ", len(frame)+1), []string{result("1", "10"), closeError, ""}},
		{"several that fit", len(frame), frame + frame, []string{result("1", "10"), result("1", "10")}},
	} {
		for _, part := range []int{1, 7, 1000} {
			t.Run(fmt.Sprint(test.name, "/", part), func(t *testing.T) {
				t.Parallel()
				rt, _ := serve(t, func() *lengthsHub { return new(lengthsHub) }, Config{MaximumReceiveMessageSize: test.limit})
				c := dial(t, rt, "a")
				for b := []byte(test.bytes); len(b) > 0; {
					n := min(part, len(b))
					c.conn.Receive(b[:n])
					b = b[n:]
				}
				c.want(test.want...)
				c.hangUp()
			})
		}
	}
}

func BenchmarkPartialFrames(b *testing.B) {
	rt, _ := serve(b, func() *lengthsHub { return new(lengthsHub) }, Config{MaximumReceiveMessageSize: -1})
	s := newSink()
	s.expect(1)
	c := rt.Connect(s)
	c.Receive([]byte("{\"protocol\":\"json\",\"version\":1}\x1e"))
	<-s.done
	frame := []byte(invocation("1", "Len", `"`+strings.Repeat("x", 4<<20)+`"`) + "\x1e")
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		s.expect(1)
		for rest := frame; len(rest) > 0; {
			n := min(16<<10, len(rest))
			c.Receive(rest[:n])
			rest = rest[n:]
		}
		<-s.done
	}
}
