package golden

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func TestCutting(t *testing.T) {
	t.Parallel()
	long := "8001" + strings.Repeat("00", 128) // a prefix of two bytes
	for _, tc := range []struct {
		name     string
		cutter   cutter
		received []string // one carrier after the other; MessagePack in hexadecimal
		want     []string
		err      error
	}{
		{"JSON, one message", cutter{protocol: protocolJSON}, []string{"{}\x1e"}, []string{"{}\x1e"}, nil},
		{"JSON, two share a carrier", cutter{protocol: protocolJSON}, []string{"{}\x1e[]\x1e"}, []string{"{}\x1e", "[]\x1e"}, nil},
		{"JSON, an empty carrier", cutter{protocol: protocolJSON}, []string{""}, nil, nil},
		{"JSON, half a message", cutter{protocol: protocolJSON}, []string{"{}\x1e{\"a\""}, []string{"{}\x1e"}, errNotWhole},
		{
			"MessagePack, the handshake first",
			cutter{protocol: protocolMessagePack, handshake: true},
			[]string{"7b7d1e", "0291060191"},
			[]string{"7b7d1e", "029106", "0191"},
			nil,
		},
		{
			"MessagePack, the handshake and more in one carrier",
			cutter{protocol: protocolMessagePack, handshake: true},
			[]string{"7b7d1e029106"},
			[]string{"7b7d1e", "029106"},
			nil,
		},
		{"MessagePack, a resumed stream", cutter{protocol: protocolMessagePack}, []string{"029106"}, []string{"029106"}, nil},
		{"MessagePack, a longer prefix", cutter{protocol: protocolMessagePack}, []string{long}, []string{long}, nil},
		{"MessagePack, half a message", cutter{protocol: protocolMessagePack}, []string{"0391"}, nil, errNotWhole},
		{"MessagePack, half a prefix", cutter{protocol: protocolMessagePack}, []string{"80"}, nil, errNotWhole},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := tc.cutter
			hexadecimal := c.protocol == protocolMessagePack
			var got []string
			var err error
			for _, carrier := range tc.received {
				data := []byte(carrier)
				if hexadecimal {
					if data, err = hex.DecodeString(carrier); err != nil {
						t.Fatal(err)
					}
				}
				var messages []Message
				messages, err = c.cut("", data)
				for _, m := range messages {
					text := string(m.Bytes)
					if hexadecimal {
						text = hex.EncodeToString(m.Bytes)
					}
					got = append(got, text)
				}
			}
			if !errors.Is(err, tc.err) {
				t.Errorf("got error %v, want %v", err, tc.err)
			}
			if strings.Join(got, "|") != strings.Join(tc.want, "|") {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestALengthPrefixBeyond31Bits(t *testing.T) {
	t.Parallel()
	c := cutter{protocol: protocolMessagePack}
	if _, err := c.cut("", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0x01}); err == nil || errors.Is(err, errNotWhole) {
		t.Errorf("got %v, want an error about the prefix", err)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, event, data string
		ok                bool
	}{
		{"a line of data", "data: x\r\n\r\n", "x", true},
		{"several lines of data", "data: x\r\ndata: y\r\n\r\n", "x\ny", true},
		{"empty data", "data: \r\n\r\n", "", true},
		{"a comment", ":\r\n", "", true},
		{"a comment that ends in LF", ":\n", "", false},
		{"a line that ends in LF", "data: x\n\r\n", "", false},
		{"an empty line that is LF", "data: x\r\n\n", "", false},
		{"no blank behind the colon", "data:x\r\n\r\n", "", false},
		{"another field", "event: x\r\n\r\n", "", false},
		{"no line at all", "\r\n", "", false},
		{"cut off in a line", "data: x", "", false},
		{"cut off before the empty line", "data: x\r\n", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			data, err := parseEvent([]byte(tc.event))
			if (err == nil) != tc.ok {
				t.Fatalf("got error %v, want one: %v", err, !tc.ok)
			}
			if tc.ok && string(data) != tc.data {
				t.Errorf("got %q, want %q", data, tc.data)
			}
		})
	}
}
