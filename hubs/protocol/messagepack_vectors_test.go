package protocol

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// unhex turns the vectors' notation into bytes.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// packReadVectors are the messages of the spec, hub-protocol.md 12.4, that a
// server must accept, and what it must make of them.
var packReadVectors = []struct {
	name, frame string
	want        Message
}{
	{"M1 invocation", "0F 96 01 80 A1 37 A3 53 75 6D 92 02 CD 01 2C 90", Message{Type: Invocation, InvocationID: "7", Target: []byte("Sum"), Arguments: raws("\x02", "\xcd\x01\x2c")}},
	{"M2 five items", "0E 95 01 80 A1 37 A3 53 75 6D 92 02 CD 01 2C", Message{Type: Invocation, InvocationID: "7", Target: []byte("Sum"), Arguments: raws("\x02", "\xcd\x01\x2c")}},
	{"M3 no reply wanted", "0E 96 01 80 C0 A4 4E 6F 74 65 91 A2 68 69 90", Message{Type: Invocation, Target: []byte("Note"), Arguments: raws("\xa2hi")}},
	{"an empty id is none", "0E 96 01 80 A0 A4 4E 6F 74 65 91 A2 68 69 90", Message{Type: Invocation, Target: []byte("Note"), Arguments: raws("\xa2hi")}},
	{"M4 header", "11 96 01 81 A1 6B A1 76 A1 38 A3 53 75 6D 92 01 02 90", Message{Type: Invocation, InvocationID: "8", Target: []byte("Sum"), Arguments: raws("\x01", "\x02"), Headers: map[string]string{"k": "v"}}},
	{"M5 uploads", "10 96 01 80 A1 39 A2 55 70 90 92 A2 75 31 A2 75 32", Message{Type: Invocation, InvocationID: "9", Target: []byte("Up"), StreamIDs: []string{"u1", "u2"}}},
	{"M6 stream invocation", "0F 96 04 80 A2 31 30 A5 43 6F 75 6E 74 91 05 90", Message{Type: StreamInvocation, InvocationID: "10", Target: []byte("Count"), Arguments: raws("\x05")}},
	{"M7 item", "07 94 02 80 A2 31 30 FB", Message{Type: StreamItem, InvocationID: "10", Item: Raw("\xfb")}},
	{"M8 nil item", "07 94 02 80 A2 31 30 C0", Message{Type: StreamItem, InvocationID: "10", Item: Raw("\xc0")}},
	{"M14 cancel", "06 93 05 80 A2 31 30", Message{Type: CancelInvocation, InvocationID: "10"}},
	{"M15 ping", "02 91 06", Message{Type: Ping}},
	{"M19 close of two items", "03 92 07 C0", Message{Type: Close}},
	{"close with an error", "07 93 07 A3 62 79 65 C3", Message{Type: Close, Error: "bye", HasError: true, AllowReconnect: true}},
	{"M20 ack", "04 92 08 CC C8", Message{Type: Ack, SequenceID: 200}},
	{"M21 sequence", "07 92 09 CE 00 01 11 70", Message{Type: Sequence, SequenceID: 70000}},
	{"M23 client result", "09 95 03 80 A2 73 31 03 A1 61", Message{Type: Completion, InvocationID: "s1", Result: Raw("\xa1a"), HasResult: true}},
	{"end of upload", "07 94 03 80 A2 75 31 02", Message{Type: Completion, InvocationID: "u1"}},
	{"upload fails", "0A 95 03 80 A2 75 31 01 A2 6E 6F", Message{Type: Completion, InvocationID: "u1", Error: "no", HasError: true}},
	{"a nil error is none", "08 95 03 80 A2 75 31 01 C0", Message{Type: Completion, InvocationID: "u1"}},
	{"an empty error is one", "08 95 03 80 A2 75 31 01 A0", Message{Type: Completion, InvocationID: "u1", HasError: true}},
	{"unknown type", "03 92 0A C1", Message{Type: 10}},
	{"negative type", "02 91 FF", Message{Type: -1}},
	{"integers of any family", "0D 92 08 D3 00 00 00 00 00 00 00 05 C1 C1", Message{Type: Ack, SequenceID: 5}},
	{"type as uint 64", "0A 91 CF 00 00 00 00 00 00 00 06", Message{Type: Ping}},
	{"surplus items", "04 93 06 01 02", Message{Type: Ping}},
	{"bytes behind the array", "04 91 06 C1 C1", Message{Type: Ping}},
	{"over-long length prefix", "82 80 80 80 00 91 06", Message{Type: Ping}},
	{"invalid UTF-8 in ids and targets", "0E 95 01 80 A1 FF A4 61 E2 82 62 91 01 90 90", Message{Type: Invocation, InvocationID: "\ufffd", Target: []byte("a\ufffdb"), Arguments: raws("\x01")}},
	{"MX8 item of whatever stream", "07 94 02 80 A2 7A 7A 01", Message{Type: StreamItem, InvocationID: "zz", Item: Raw("\x01")}},
	{"a broken item is the stream's business", "07 94 02 80 A2 7A 7A 92", Message{Type: StreamItem, InvocationID: "zz", Item: Raw("\x92")}},
	{"a missing item, too", "06 93 02 80 A2 7A 7A", Message{Type: StreamItem, InvocationID: "zz"}},
	{"MX7 no arguments", "09 94 01 80 A1 31 A3 53 75 6D", Message{Type: Invocation, InvocationID: "1", Target: []byte("Sum"), ArgumentsErr: errReadingLength("array", "arguments")}},
	{"arguments nil, stream ids not looked at", "0B 96 01 80 A1 31 A3 53 75 6D C0 C0", Message{Type: Invocation, InvocationID: "1", Target: []byte("Sum"), ArgumentsErr: errReadingLength("array", "arguments")}},
	{"more arguments than bytes", "0E 95 01 80 A1 31 A3 53 75 6D DD FF FF FF FF", Message{Type: Invocation, InvocationID: "1", Target: []byte("Sum"), ArgumentsErr: errReadingLength("array", "arguments")}},
	{"an argument of the unused format", "0B 95 01 80 A1 31 A3 53 75 6D 91 C1", Message{Type: Invocation, InvocationID: "1", Target: []byte("Sum"), ArgumentsErr: errArguments}},
	{"an argument that breaks off", "0F 95 01 80 A1 31 A3 53 75 6D 91 DB FF FF FF FF", Message{Type: Invocation, InvocationID: "1", Target: []byte("Sum"), ArgumentsErr: errArguments}},
}

func TestMessagePackReads(t *testing.T) {
	t.Parallel()
	for _, test := range packReadVectors {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			payload, rest, ok, err := MessagePack{}.Split(append(unhex(t, test.frame), '+'))
			if test.name == "bytes behind the array" || test.name == "invalid UTF-8 in ids and targets" || test.name == "integers of any family" {
				rest = rest[len(rest)-1:]
			}
			if !ok || err != nil || string(rest) != "+" {
				t.Fatalf("split: got %x, %x, %v, %v", payload, rest, ok, err)
			}
			got := Message{Arguments: raws("1", "2"), StreamIDs: []string{"x"}, Error: "x", HasResult: true, InvocationID: "x"}
			if err := (MessagePack{}).Parse(payload, &got); err != nil {
				t.Fatal(err)
			}
			if test.want.ArgumentsErr != nil {
				got.Arguments = nil // as far as they could be told apart
			}
			if diff := cmp.Diff(test.want, got, equateEmpty, cmp.Comparer(sameText)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func sameText(a, b error) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Error() == b.Error()
}

func TestMessagePackFaults(t *testing.T) {
	t.Parallel()
	const data, end, pack = "InvalidDataException", "EndOfStreamException", "MessagePackSerializationException"
	for _, test := range []struct{ name, payload, kind, text string }{
		{"nothing", "", end, "Attempted to read past the end of the stream."},
		{"nil", "C0", pack, "Unexpected msgpack code 192 (nil) encountered."},
		{"unused format", "C1", pack, "Unexpected msgpack code 193 ((never used)) encountered."},
		{"integer", "05", pack, "Unexpected msgpack code 5 (positive fixint) encountered."},
		{"negative integer", "FF", pack, "Unexpected msgpack code 255 (negative fixint) encountered."},
		{"string", "A1 61", pack, "Unexpected msgpack code 161 (fixstr) encountered."},
		{"string that breaks off", "D9", pack, "Unexpected msgpack code 217 (str 8) encountered."},
		{"map", "81 A1 61 01", pack, "Unexpected msgpack code 129 (fixmap) encountered."},
		{"float", "CB 00", pack, "Unexpected msgpack code 203 (float 64) encountered."},
		{"array that breaks off", "DC 00", end, "Attempted to read past the end of the stream."},
		{"more items than bytes", "96 01 81 A1 6B", end, "Attempted to read past the end of the stream."},
		{"empty array", "90", data, "Reading 'messageType' as Int32 failed."},
		{"MX1 type a string", "91 A1 61", data, "Reading 'messageType' as Int32 failed."},
		{"type a float", "91 CA 3F 80 00 00", data, "Reading 'messageType' as Int32 failed."},
		{"type out of range", "91 CE FF FF FF FF", data, "Reading 'messageType' as Int32 failed."},
		{"MX2 headers nil", "92 01 C0", data, "Reading map length for 'headers' failed."},
		{"headers missing", "91 05", data, "Reading map length for 'headers' failed."},
		{"more headers than bytes", "93 05 DF FF FF FF FF A1 31", data, "Reading map length for 'headers' failed."},
		{"header key an integer", "93 05 81 01 A1 61", data, "Reading 'headers[0].Key' as String failed."},
		{"header value an integer", "93 05 82 A1 61 A1 62 A1 63 01", data, "Reading 'headers[1].Value' as String failed."},
		{"header key empty", "93 05 81 A0 A1 61", data, "Null or empty key in header."},
		{"header key nil", "93 05 81 C0 A1 61", data, "Null or empty key in header."},
		{"header value nil", "93 05 81 A1 61 C0", data, "Null or empty value in header."},
		{"header twice", "93 05 82 A1 6B A1 61 A1 6B A1 62", "ArgumentException", "An item with the same key has already been added. Key: k"},
		{"id missing", "92 05 80", data, "Reading 'invocationId' as String failed."},
		{"id an integer", "93 05 80 01", data, "Reading 'invocationId' as String failed."},
		{"id binary", "93 05 80 C4 01 61", data, "Reading 'invocationId' as String failed."},
		{"id that breaks off", "93 05 80 A5 61", data, "Reading 'invocationId' as String failed."},
		{"MX3 cancel with an empty id", "93 05 80 A0", data, "Null or empty invocation ID for CancelInvocation message."},
		{"stream invocation without an id", "96 04 80 C0 A1 61 90 90", data, "Null or empty invocation ID for StreamInvocation message."},
		{"item without an id", "94 02 80 C0 01", data, "Null or empty invocation ID for StreamItem message."},
		{"completion without an id", "94 03 80 C0 02", data, "Null or empty invocation ID for Completion message."},
		{"target missing", "93 01 80 A1 31", data, "Reading 'target' as String failed."},
		{"target empty", "95 01 80 A1 31 A0 90", data, "Null or empty target for Invocation message."},
		{"target nil", "95 04 80 A1 31 C0 90", data, "Null or empty target for StreamInvocation message."},
		{"stream ids nil", "96 01 80 A1 31 A1 61 90 C0", data, "Reading array length for 'streamIds' failed."},
		{"stream id nil", "96 01 80 A1 31 A1 61 90 91 C0", data, "Null or empty value in streamIds received."},
		{"stream id an integer", "96 01 80 A1 31 A1 61 90 91 01", pack, "Unexpected msgpack code 1 (positive fixint) encountered."},
		{"stream id that breaks off", "96 01 80 A1 31 A1 61 90 91 D9 05", end, "Attempted to read past the end of the stream."},
		{"stream id empty", "96 01 80 A1 31 A1 61 90 91 A0", data, "Null or empty value in streamIds received."},
		{"result kind a string", "94 03 80 A1 31 A1 61", data, "Reading 'resultKind' as Int32 failed."},
		{"MX4 result kind", "94 03 80 A1 31 04", data, "Invalid invocation result kind."},
		{"MX5 error missing", "94 03 80 A1 31 01", data, "Reading 'error' as String failed."},
		{"close error an integer", "93 07 01 C2", data, "Reading 'error' as String failed."},
		{"allowReconnect an integer", "93 07 C0 01", data, "Reading 'allowReconnect' as Boolean failed."},
		{"MX6 sequence id nil", "92 08 C0", data, "Reading 'sequenceId' as Int64 failed."},
		{"sequence id missing", "91 09", data, "Reading 'sequenceId' as Int64 failed."},
		{"sequence id out of range", "92 09 CF FF FF FF FF FF FF FF FF", data, "Reading 'sequenceId' as Int64 failed."},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var m Message
			err := MessagePack{}.Parse(unhex(t, test.payload), &m)
			var fault *Error
			if !errors.As(err, &fault) || fault.Kind != test.kind || fault.Text != test.text {
				t.Errorf("got %#v, want %s %q", err, test.kind, test.text)
			}
		})
	}
}

func TestMessagePackWrites(t *testing.T) {
	t.Parallel()
	type item struct {
		Id  int //nolint:revive // the vector's name
		Tag *string
		Raw []byte
	}
	p := MessagePack{}
	must := func(b []byte, err error) []byte {
		if err != nil {
			t.Error(err)
		}
		return b
	}
	itemOf := func(v any) []byte { return must(p.AppendStreamItem(nil, "4", v)) }
	for _, test := range []struct {
		name string
		got  []byte
		want string
	}{
		{"M1 invocation", must(p.AppendInvocation(nil, "7", "Sum", []any{2, 300})), "0F 96 01 80 A1 37 A3 53 75 6D 92 02 CD 01 2C 90"},
		{"M3 no reply wanted", must(p.AppendInvocation(nil, "", "Note", []any{"hi"})), "0E 96 01 80 C0 A4 4E 6F 74 65 91 A2 68 69 90"},
		{"M7 item", must(p.AppendStreamItem(nil, "10", -5)), "07 94 02 80 A2 31 30 FB"},
		{"M8 nil item", must(p.AppendStreamItem(nil, "10", nil)), "07 94 02 80 A2 31 30 C0"},
		{"M9 end of stream", p.AppendEnd(nil, "10"), "07 94 03 80 A2 31 30 02"},
		{"M10 void", must(p.AppendResult(nil, "7", nil)), "07 95 03 80 A1 37 03 C0"},
		{"M11 result", must(p.AppendResult(nil, "7", 302)), "09 95 03 80 A1 37 03 CD 01 2E"},
		{"M12 error", p.AppendError(nil, "7", "boom"), "0B 95 03 80 A1 37 01 A4 62 6F 6F 6D"},
		{"an empty error", p.AppendError(nil, "7", ""), "07 95 03 80 A1 37 01 A0"},
		{"M13 true", must(p.AppendResult(nil, "7", true)), "07 95 03 80 A1 37 03 C3"},
		{"M15 ping", p.AppendPing(nil), "02 91 06"},
		{"M16 close", p.AppendClose(nil, "", false), "04 93 07 C0 C2"},
		{"M17 close, reconnect", p.AppendClose(nil, "", true), "04 93 07 C0 C3"},
		{"M18 close, error", p.AppendClose(nil, "bye", false), "07 93 07 A3 62 79 65 C2"},
		{"M20 ack", p.AppendAck(nil, 200), "04 92 08 CC C8"},
		{"M21 sequence", p.AppendSequence(nil, 70000), "07 92 09 CE 00 01 11 70"},
		{"M22 client result wanted", must(p.AppendInvocation(nil, "s1", "Ask", []any{"q"})), "0E 96 01 80 A2 73 31 A3 41 73 6B 91 A1 71 90"},
		{"M24 object", itemOf(item{Id: 1, Raw: []byte{1, 2}}), "17 94 02 80 A1 34 83 A2 49 64 01 A3 54 61 67 C0 A3 52 61 77 C4 02 01 02"},
		{"M25 time", itemOf(time.Unix(1700000000, 0)), "0B 94 02 80 A1 34 D6 FF 65 53 F1 00"},
		{"M26 time with a fraction", itemOf(time.Unix(1700000000, 5e8)), "0F 94 02 80 A1 34 D7 FF 77 35 94 00 65 53 F1 00"},
		{"M27 float64", itemOf(1.5), "0E 94 02 80 A1 34 CB 3F F8 00 00 00 00 00 00"},
		{"M28 float32", itemOf(float32(1.5)), "0A 94 02 80 A1 34 CA 3F C0 00 00"},
		{"M29 integers", itemOf([]int{127, 128, 255, 256, 65535, 65536, -32, -33, -129}), "1C 94 02 80 A1 34 99 7F CC 80 CC FF CD 01 00 CD FF FF CE 00 01 00 00 E0 D0 DF D1 FF 7F"},
		{"M30 enum", itemOf(blue), "0A 94 02 80 A1 34 A4 42 6C 75 65"},
		{"M31 string", itemOf(strings.Repeat("x", 130)), "89 01 94 02 80 A1 34 D9 82" + strings.Repeat("78", 130)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if want := unhex(t, test.want); !bytes.Equal(test.got, want) {
				t.Errorf("got %x, want %x", test.got, want)
			}
		})
	}
}

func TestMessagePackWriteFailureLeavesNothing(t *testing.T) {
	t.Parallel()
	dst := []byte("before")
	p := MessagePack{}
	for name, write := range map[string]func() ([]byte, error){
		"invocation": func() ([]byte, error) { return p.AppendInvocation(dst, "1", "M", []any{1, func() {}}) },
		"item":       func() ([]byte, error) { return p.AppendStreamItem(dst, "1", func() {}) },
		"result":     func() ([]byte, error) { return p.AppendResult(dst, "1", func() {}) },
	} {
		got, err := write()
		if err == nil || string(got) != "before" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}
