package protocol

import (
	"strings"
	"testing"
	"time"
)

// text64 is the string of 64 bytes that the load generator sends.
var text64 = strings.Repeat("0123456789abcdef", 4)

// echoCall is a call as clients write it.
func echoCall(p Protocol) []byte {
	frame, err := p.AppendInvocation(nil, "1234", "Echo", []any{text64})
	if err != nil {
		panic(err)
	}
	payload, _, _, _ := p.Split(frame)
	return payload
}

// awkwardCall has its arguments first, nested values and escapes.
const awkwardCall = `{"arguments":["a\u00e9\n and \"quotes\"",{"list":[1,2,3,{"deep":[true,false,null]}],"text":"plain"},12345.678],` +
	`"headers":{},"target":"SendMess\u0061ge","invocationId":"1234","type":1}`

func BenchmarkParse(b *testing.B) {
	for _, bench := range []struct {
		name    string
		p       Protocol
		payload []byte
	}{
		{"JSON/echo", JSON{}, echoCall(JSON{})},
		{"JSON/awkward", JSON{}, []byte(awkwardCall)},
		{"JSON/ping", JSON{}, []byte(`{"type":6}`)},
		{"JSON/large", JSON{}, []byte(`{"type":1,"target":"Echo","arguments":["` + strings.Repeat("x", 4096) + `"]}`)},
		{"MessagePack/echo", MessagePack{}, echoCall(MessagePack{})},
		{"MessagePack/ping", MessagePack{}, []byte{0x91, 6}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bench.payload)))
			var m Message
			for b.Loop() {
				if err := bench.p.Parse(bench.payload, &m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

var benchValues = []struct {
	name  string
	value any
}{
	{"string", text64},
	{"text", strings.Repeat("größer als ", 6)},
	{"int", 123456},
	{"float", 1234.5678},
	{"bytes", []byte(text64)},
	{"struct", Custom{"a name", 42}},
	{"object", complexObject{
		ByteArray: []byte{1, 2, 3}, DateTime: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), GUID: "00010203-0405-0607-0706-050403020100",
		IntArray: []int{1, 2, 3}, String: "hello world", Nested: &Custom{"n", 1}, Children: []Custom{{"a", 1}, {"b", 2}}, Map: map[string]int{"x": 1, "y": 2},
	}},
	{"list", []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
	{"any", map[string]any{"name": "x", "list": []any{true, nil, "y"}}},
}

func BenchmarkAppendResult(b *testing.B) {
	for _, p := range []Protocol{JSON{}, MessagePack{}} {
		for _, bench := range benchValues {
			b.Run(p.Name()+"/"+bench.name, func(b *testing.B) {
				b.ReportAllocs()
				var dst []byte
				var err error
				for b.Loop() {
					if dst, err = p.AppendResult(dst[:0], "1234", bench.value); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	for _, p := range []Protocol{JSON{}, MessagePack{}} {
		for _, bench := range benchValues {
			b.Run(p.Name()+"/"+bench.name, func(b *testing.B) {
				frame, err := p.AppendResult(nil, "1", bench.value)
				if err != nil {
					b.Fatal(err)
				}
				payload, _, _, _ := p.Split(frame)
				var m Message
				if err := p.Parse(payload, &m); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				b.ResetTimer()
				for b.Loop() {
					if err := p.Unmarshal(m.Result, newOf(bench.value)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// newOf returns a pointer to a new value of v's type, as the hub's prepared
// closures make it.
func newOf(v any) any {
	switch v.(type) {
	case string:
		return new(string)
	case int:
		return new(int)
	case float64:
		return new(float64)
	case []byte:
		return new([]byte)
	case Custom:
		return new(Custom)
	case complexObject:
		return new(complexObject)
	case []int:
		return new([]int)
	}
	return new(any)
}

func BenchmarkAppendInvocation(b *testing.B) {
	for _, p := range []Protocol{JSON{}, MessagePack{}} {
		b.Run(p.Name(), func(b *testing.B) {
			b.ReportAllocs()
			args := []any{"user", text64}
			var dst []byte
			var err error
			for b.Loop() {
				if dst, err = p.AppendInvocation(dst[:0], "", "ReceiveMessage", args); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseHandshakeRequest(b *testing.B) {
	b.ReportAllocs()
	payload := []byte(`{"protocol":"json","version":1}`)
	for b.Loop() {
		if _, err := ParseHandshakeRequest(payload); err != nil {
			b.Fatal(err)
		}
	}
}
