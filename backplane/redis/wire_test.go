package redis

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// TestWireRecordings checks that every recorded payload is read, and comes out
// again byte for byte.
func TestWireRecordings(t *testing.T) {
	t.Parallel()
	counted := map[string]int{}
	for _, r := range readRecordings(t) {
		for _, step := range r.Steps {
			for _, w := range step.Wire {
				if w.Payload == "" || w.Decoded == nil {
					continue
				}
				counted[w.Decoded.Kind]++
				payload := unhex(t, w.Payload)
				built := r.build(t, w.Decoded)
				if !bytes.Equal(built, payload) {
					t.Errorf("%s, step %q: got %x, want %x", r.file, step.ID, built, payload)
				}
				if again := reencode(t, w.Decoded.Kind, payload); !bytes.Equal(again, payload) {
					t.Errorf("%s, step %q: read and written again: got %x, want %x", r.file, step.ID, again, payload)
				}
			}
		}
	}
	for kind, least := range map[string]int{"invocation": 200, "group command": 50, "ack": 50, "completion": 60} {
		if counted[kind] < least {
			t.Errorf("got %d recorded payloads of kind %s, want %d at least", counted[kind], kind, least)
		}
	}
}

// build encodes what a recording says in words.
func (r *recording) build(tb testing.TB, d *wireDecoded) []byte {
	tb.Helper()
	switch d.Kind {
	case "invocation":
		m := invocation{id: r.fill(d.InvocationID), returnChannel: r.fill(d.ReturnChannel)}
		for _, id := range d.Excluded {
			m.excluded = append(m.excluded, r.fill(id))
		}
		for _, b := range d.Blobs {
			m.blobs = append(m.blobs, blob{b.Protocol, unhex(tb, b.Hex)})
		}
		return appendInvocation(nil, &m)
	case "group command":
		action := int64(actionAdd)
		if d.Action == "remove" {
			action = actionRemove
		}
		return (&groupCommand{d.ID, r.fill(d.Server), action, d.Group, r.fill(d.Connection)}).encode()
	case "ack":
		return encodeAck(d.ID)
	case "completion":
		return (&completion{d.Protocol, unhex(tb, d.Hex)}).encode()
	}
	tb.Fatalf("a payload of unknown kind %q", d.Kind)
	return nil
}

func reencode(tb testing.TB, kind string, payload []byte) []byte {
	tb.Helper()
	var (
		err  error
		made []byte
	)
	switch kind {
	case "invocation":
		var m invocation
		err = parseInvocation(payload, &m)
		made = appendInvocation(nil, &m)
	case "group command":
		var c groupCommand
		c, err = parseGroupCommand(payload)
		made = c.encode()
	case "ack":
		var id int32
		id, err = parseAck(payload)
		made = encodeAck(id)
	case "completion":
		var c completion
		c, err = parseCompletion(payload)
		made = c.encode()
	}
	if err != nil {
		tb.Errorf("%s %x: %v", kind, payload, err)
	}
	return made
}

// TestWireAccepts checks what others may write and we never do.
func TestWireAccepts(t *testing.T) {
	t.Parallel()
	// "k" is excluded, and the blob of "p" is 01.
	const short = "92 91 a1 6b 81 a1 70 c4 01 01"
	for _, tt := range []struct{ name, payload string }{
		{"the shortest form", short},
		{"array 16, map 16, str 8, bin 16", "dc 00 02 dc 00 01 d9 01 6b de 00 01 d9 01 70 c5 00 01 01"},
		{"array 32, map 32, str 32, bin 32", "dd 00 00 00 02 dd 00 00 00 01 db 00 00 00 01 6b df 00 00 00 01 db 00 00 00 01 70 c6 00 00 00 01 01"},
		{"three items, a string", "93 91 a1 6b 81 a1 70 c4 01 01 a1 78"},
		{"three items, nil", "93 91 a1 6b 81 a1 70 c4 01 01 c0"},
		{"three items, a map", "93 91 a1 6b 81 a1 70 c4 01 01 80"},
		{"four items, nil", "94 91 a1 6b 81 a1 70 c4 01 01 c0 c0"},
		{"four items, no id", "94 91 a1 6b 81 a1 70 c4 01 01 a0 a0"},
		{"bytes behind it", short + "ff ff"},
	} {
		var m invocation
		if err := parseInvocation(unhex(t, strings.ReplaceAll(tt.payload, " ", "")), &m); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if len(m.excluded) != 1 || m.excluded[0] != "k" || !bytes.Equal(m.frame("p"), []byte{1}) || m.id != "" {
			t.Errorf("%s: got %+v", tt.name, m)
		}
	}
	var m invocation
	if err := parseInvocation(unhex(t, "9590"+"80"+"a169"+"a172"+"c3"), &m); err != nil || m.id != "i" || m.returnChannel != "r" {
		t.Errorf("five items: got %+v, %v", m, err)
	}
	for _, tt := range []struct {
		payload string
		want    int32
	}{
		{"9105", 5},
		{"91cc05", 5},
		{"91cd0005", 5},
		{"91ce00000005", 5},
		{"91cf0000000000000005", 5},
		{"91d005", 5},
		{"91d10005", 5},
		{"91d200000005", 5},
		{"91d30000000000000005", 5},
		{"91ff", -1},
		{"91d0ff", -1},
		{"91d1ffff", -1},
		{"91d2ffffffff", -1},
		{"91d3ffffffffffffffff", -1},
		{"9205c0", 5},
	} {
		if id, err := parseAck(unhex(t, tt.payload)); err != nil || id != tt.want {
			t.Errorf("ack %s: got %d, %v, want %d", tt.payload, id, err, tt.want)
		}
	}
	if c, err := parseGroupCommand(unhex(t, "9605a17301a167a16bc0")); err != nil || c != (groupCommand{5, "s", 1, "g", "k"}) {
		t.Errorf("a group command with six items: got %+v, %v", c, err)
	}
	if c, err := parseCompletion(unhex(t, "93a170c40101c0")); err != nil || c.protocol != "p" || !bytes.Equal(c.frame, []byte{1}) {
		t.Errorf("a completion with three items: got %+v, %v", c, err)
	}
}

// TestWireRefuses checks what .NET refuses too.
func TestWireRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, kind, payload string }{
		{"nothing", "invocation", ""},
		{"no array", "invocation", "7b7d"},
		{"one item", "invocation", "9190"},
		{"nil for the excluded", "invocation", "92c080"},
		{"a blob as a string", "invocation", "929081a170a101"},
		{"cut in a blob", "invocation", "929081a170c40501"},
		{"more blobs than bytes", "invocation", "9290dfffffffff"},
		{"more excluded than bytes", "invocation", "92ddffffffff"},
		{"four items, a number as the id", "invocation", "9490800101"},
		{"four items", "group command", "9405a17301a167"},
		{"an id of 33 bits", "group command", "95cf0000000100000000a17301a167a16b"},
		{"no items", "ack", "90"},
		{"an id of 64 bits", "ack", "91cfffffffffffffffff"},
		{"no number", "ack", "91a135"},
		{"one item", "completion", "91a170"},
		{"a string for the message", "completion", "92a170a101"},
	} {
		payload := unhex(t, tt.payload)
		var err error
		switch tt.kind {
		case "invocation":
			err = parseInvocation(payload, new(invocation))
		case "group command":
			_, err = parseGroupCommand(payload)
		case "ack":
			_, err = parseAck(payload)
		case "completion":
			_, err = parseCompletion(payload)
		}
		if err == nil {
			t.Errorf("%s with %s: got no error", tt.kind, tt.name)
		}
	}
}

// TestNames checks the channels against those that .NET used.
func TestNames(t *testing.T) {
	t.Parallel()
	n := names{prefix: "Shop~", hub: "Shop.Hubs.Orders"}
	for _, tt := range []struct{ got, want string }{
		{n.all(), "Shop~Shop.Hubs.Orders:all"},
		{n.connection("k"), "Shop~Shop.Hubs.Orders:connection:k"},
		{n.group("a:*{b} c"), "Shop~Shop.Hubs.Orders:group:a:*{b} c"},
		{n.user("zoe"), "Shop~Shop.Hubs.Orders:user:zoe"},
		{n.groupCommands(), "Shop~Shop.Hubs.Orders:internal:groups"},
		{n.acks("web1_0"), "Shop~Shop.Hubs.Orders:internal:ack:web1_0"},
		{n.results("web1_0"), "Shop~Shop.Hubs.Orders:internal:return:web1_0"},
		{n.bareResults("web1_0"), "Shop.Hubs.Orders:internal:return:web1_0"},
		{n.resultsAt(n.bareResults("web1_0")), n.results("web1_0")},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	if a, b := newServerName(), newServerName(); a == b || len(a) < 34 {
		t.Errorf("got the server names %q and %q", a, b)
	}
}

// FuzzWire reads anything as every kind of payload. What is read comes out in
// the shortest form, and that is read as the same.
func FuzzWire(f *testing.F) {
	for _, r := range readRecordings(f) {
		for _, step := range r.Steps[:min(len(r.Steps), 12)] {
			for _, w := range step.Wire {
				if payload, err := hex.DecodeString(w.Payload); err == nil {
					f.Add(payload)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, kind := range []string{"invocation", "group command", "ack", "completion"} {
			first := tryEncode(kind, payload)
			if first == nil {
				continue
			}
			if second := tryEncode(kind, first); !bytes.Equal(second, first) {
				t.Errorf("%s: got %x, then %x", kind, first, second)
			}
		}
	})
}

// tryEncode reads a payload and writes it again; nil if it cannot be read.
func tryEncode(kind string, payload []byte) []byte {
	switch kind {
	case "invocation":
		var m invocation
		if parseInvocation(payload, &m) == nil && len(m.blobs) < 1<<16 {
			return appendInvocation(nil, &m)
		}
	case "group command":
		if c, err := parseGroupCommand(payload); err == nil {
			return c.encode()
		}
	case "ack":
		if id, err := parseAck(payload); err == nil {
			return encodeAck(id)
		}
	case "completion":
		if c, err := parseCompletion(payload); err == nil {
			return c.encode()
		}
	}
	return nil
}
