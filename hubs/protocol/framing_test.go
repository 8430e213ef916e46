package protocol

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestSplitText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, in, payload, rest string
		ok                      bool
	}{
		{"nothing", "", "", "", false},
		{"no separator yet", "abc", "", "abc", false},
		{"one frame", "abc\x1e", "abc", "", true},
		{"two frames", "abc\x1ed\x1e", "abc", "d\x1e", true},
		{"an empty frame is one", "\x1eabc", "", "abc", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			payload, rest, ok, err := JSON{}.Split([]byte(test.in))
			if string(payload) != test.payload || string(rest) != test.rest || ok != test.ok || err != nil {
				t.Errorf("got %q, %q, %v, %v", payload, rest, ok, err)
			}
		})
	}
}

func TestSplitBinary(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, in, payload, rest string
		ok, tooLong             bool
	}{
		{name: "nothing"},
		{name: "half a prefix", in: "\x80", rest: "\x80"},
		{name: "four bytes of a prefix", in: "\xff\xff\xff\xff", rest: "\xff\xff\xff\xff"},
		{name: "MX10 half a body", in: "\x05\x91", rest: "\x05\x91"},
		{name: "one frame", in: "\x02\x91\x06", payload: "\x91\x06", ok: true},
		{name: "two frames", in: "\x02\x91\x06\x01", payload: "\x91\x06", rest: "\x01", ok: true},
		{name: "an empty frame is one", in: "\x00\x01", rest: "\x01", ok: true},
		{name: "over-long prefix", in: "\x81\x00a", payload: "a", ok: true},
		{name: "over-long prefix of five bytes", in: "\x81\x80\x80\x80\x00ab", payload: "a", rest: "b", ok: true},
		{name: "the longest frame, still to come", in: "\xff\xff\xff\xff\x07", rest: "\xff\xff\xff\xff\x07"},
		{name: "MX9 longer than that", in: "\xff\xff\xff\xff\x0f", rest: "\xff\xff\xff\xff\x0f", tooLong: true},
		{name: "just longer", in: "\x80\x80\x80\x80\x08", rest: "\x80\x80\x80\x80\x08", tooLong: true},
		{name: "a fifth byte that goes on", in: "\x80\x80\x80\x80\x80", rest: "\x80\x80\x80\x80\x80", tooLong: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			payload, rest, ok, err := MessagePack{}.Split([]byte(test.in))
			if string(payload) != test.payload || string(rest) != test.rest || ok != test.ok {
				t.Errorf("got %q, %q, %v", payload, rest, ok)
			}
			var fault *Error
			if errors.As(err, &fault) != test.tooLong || test.tooLong && *fault != *errFrameTooLong() {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func TestCloseFrame(t *testing.T) {
	t.Parallel()
	for length, prefix := range map[int]string{
		0: "\x00", 1: "\x01", 127: "\x7f", 128: "\x80\x01", 300: "\xac\x02", 16383: "\xff\x7f", 16384: "\x80\x80\x01", 2097152: "\x80\x80\x80\x01",
	} {
		body := strings.Repeat("x", length-length/2) + strings.Repeat("y", length/2)
		got := closeFrame(append(openFrame([]byte("before")), body...), len("before"))
		if want := "before" + prefix + body; string(got) != want {
			t.Errorf("got a wrong frame for a body of %d bytes, %x...", length, got[:min(len(got), 12)])
		}
		payload, rest, ok, err := splitBinary(got[len("before"):])
		if string(payload) != body || len(rest) > 0 || !ok || err != nil {
			t.Errorf("cannot split what was framed, %d bytes", length)
		}
	}
}

// What a frame aliases must not let an append run into the next one.
func TestSplitLimitsCapacity(t *testing.T) {
	t.Parallel()
	for _, p := range []Protocol{JSON{}, MessagePack{}} {
		buf := p.AppendPing(p.AppendPing(nil))
		payload, rest, _, _ := p.Split(buf)
		before := bytes.Clone(rest)
		_ = append(payload, "overwritten"...)
		if !bytes.Equal(rest, before) {
			t.Errorf("%s: appending to the payload changed the rest", p.Name())
		}
	}
}

func TestMessageResetForgetsTheUncommon(t *testing.T) {
	t.Parallel()
	m := Message{Type: Ping, Arguments: make([]Raw, 5, 10), StreamIDs: make([]string, 0, math.MaxInt16), InvocationID: "1"}
	m.Arguments[0] = Raw("held")
	m.Reset()
	if cap(m.Arguments) != 10 || len(m.Arguments) != 0 || m.Arguments[:1][0] != nil {
		t.Errorf("got arguments %q, capacity %d", m.Arguments[:1], cap(m.Arguments))
	}
	if cap(m.StreamIDs) != 0 || m.Type != 0 || m.InvocationID != "" {
		t.Errorf("got %+v", m)
	}
}
