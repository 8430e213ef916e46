package protocol

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// mostAllocated is what reading an input may allocate: a small multiple of it,
// the worst being one map per three bytes, and what others do meanwhile.
func mostAllocated(input []byte) uint64 { return 256*uint64(len(input)) + 1<<20 }

func FuzzHandshake(f *testing.F) {
	for _, seed := range []string{
		`{"protocol":"json","version":1}`, `{"version":2,"protocol":"MessagePack","x":{"y":[1]}}`, `{"protocol":"json","version":0}`,
		`{"protocol":"json","version":3}`, `{"protocol":"json"}`, `nope`, `[]`, `{"proto\u0063ol":"\ud83d\ude00","version":-1}{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		request, err := ParseHandshakeRequest(payload)
		if err != nil {
			var fault *Error
			if !errors.As(err, &fault) || fault.Kind == "" || fault.Text == "" || request != (HandshakeRequest{}) {
				t.Fatalf("got %+v, %#v", request, err)
			}
			answer, rest, ok := SplitHandshake(AppendHandshakeResponse(nil, fault.Text))
			if !ok || len(rest) > 0 || !jsontext.Value(answer).IsValid() {
				t.Fatalf("got the answer %q", answer)
			}
			return
		}
		again, err := JSON{}.appendValue(nil, map[string]any{"protocol": request.Protocol, "version": request.Version})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseHandshakeRequest(again); err != nil || got != request {
			t.Fatalf("got %+v, %v, want %+v", got, err, request)
		}
	})
}

func FuzzSplit(f *testing.F) {
	for _, seed := range []string{
		"", "\x1e", "a\x1eb", "\x02\x91\x06\x02", "\x81\x00a", "\xff\xff\xff\xff\x07", "\xff\xff\xff\xff\x0f", "\x80\x80\x80\x80\x80", "\x05\x91",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, buf []byte) {
		for _, p := range []Protocol{JSON{}, MessagePack{}} {
			payload, rest, ok, err := p.Split(buf)
			switch {
			case !ok && (payload != nil || !bytes.Equal(rest, buf)):
				t.Fatalf("%s: an incomplete frame was consumed", p.Name())
			case ok && (err != nil || !bytes.HasSuffix(buf, rest) || len(payload)+len(rest) >= len(buf)):
				t.Fatalf("%s: got %q, %q, %v", p.Name(), payload, rest, err)
			case ok && cap(payload) != len(payload):
				t.Fatalf("%s: the payload reaches beyond its end", p.Name())
			}
		}
		if payload, rest, _, err := splitBinary(closeFrame(append(openFrame(nil), buf...), 0)); err != nil || !bytes.Equal(payload, buf) || len(rest) > 0 {
			t.Fatalf("what was framed is split into %x and %x, %v", payload, rest, err)
		}
	})
}

// reencode writes what can be written of m.
func reencode(t *testing.T, p Protocol, m *Message) []byte {
	t.Helper()
	var frame []byte
	var err error
	switch m.Type {
	case Invocation:
		args := make([]any, len(m.Arguments))
		for i, arg := range m.Arguments {
			args[i] = arg
		}
		frame, err = p.AppendInvocation(nil, m.InvocationID, string(m.Target), args)
	case StreamItem:
		frame, err = p.AppendStreamItem(nil, m.InvocationID, m.Item)
	case Completion:
		switch {
		case m.HasError:
			frame = p.AppendError(nil, m.InvocationID, m.Error)
		case m.HasResult:
			frame, err = p.AppendResult(nil, m.InvocationID, m.Result)
		default:
			frame = p.AppendEnd(nil, m.InvocationID)
		}
	case Ping:
		frame = p.AppendPing(nil)
	case Close:
		frame = p.AppendClose(nil, m.Error, m.AllowReconnect)
	case Ack:
		frame = p.AppendAck(nil, m.SequenceID)
	case Sequence:
		frame = p.AppendSequence(nil, m.SequenceID)
	default:
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	payload, rest, ok, err := p.Split(frame)
	if err != nil || !ok || len(rest) > 0 {
		t.Fatalf("what was written is no frame: %q, %v", frame, err)
	}
	return payload
}

// checkAgain parses what m becomes when it is written, and compares.
func checkAgain(t *testing.T, p Protocol, m *Message) {
	t.Helper()
	payload := reencode(t, p, m)
	if payload == nil {
		return
	}
	var again Message
	if err := p.Parse(payload, &again); err != nil {
		t.Fatalf("what was written cannot be read: %q, %v", payload, err)
	}
	// Only this is written; what a message of its type has no use for is lost.
	want := Message{Type: m.Type, InvocationID: m.InvocationID, Target: m.Target, Arguments: m.Arguments, Item: m.Item}
	want.AllowReconnect, want.SequenceID = m.AllowReconnect, m.SequenceID
	want.Error, want.HasError, want.Result, want.HasResult = m.Error, m.HasError, m.Result, m.HasResult
	switch keep := want; m.Type {
	case Invocation:
		want = Message{Type: keep.Type, InvocationID: keep.InvocationID, Target: keep.Target, Arguments: keep.Arguments}
	case StreamItem:
		want = Message{Type: keep.Type, InvocationID: keep.InvocationID, Item: keep.Item}
	case Completion:
		want = Message{Type: keep.Type, InvocationID: keep.InvocationID, Error: keep.Error, HasError: keep.HasError && keep.Error != "", Result: keep.Result, HasResult: keep.HasResult}
		again.HasError = again.HasError && again.Error != "" // JSON does not write an empty one
	case Close:
		want = Message{Type: keep.Type, Error: keep.Error, HasError: keep.HasError && keep.Error != "", AllowReconnect: keep.AllowReconnect}
	case Ack, Sequence:
		want = Message{Type: keep.Type, SequenceID: keep.SequenceID}
	default:
		want = Message{Type: keep.Type}
	}
	if diff := cmp.Diff(want, again, equateEmpty); diff != "" {
		t.Fatal(diff)
	}
}

func FuzzJSONParse(f *testing.F) {
	for _, vector := range jsonReadVectors {
		f.Add([]byte(vector.in))
	}
	f.Add([]byte(awkwardCall))
	f.Fuzz(func(t *testing.T, payload []byte) {
		// The scanner against the library's.
		s := jsonScanner{data: payload}
		if raw, ok := s.raw(0); ok && !jsontext.Value(raw).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) {
			t.Fatalf("%q is no JSON", raw)
		} else if !ok && bytes.Count(payload, []byte("["))+bytes.Count(payload, []byte("{")) <= maxJSONDepth && jsontext.Value(payload).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) {
			t.Fatalf("%q is JSON", payload)
		}
		var m Message
		var err error
		if n := allocated(func() { err = JSON{}.Parse(payload, &m) }); n > mostAllocated(payload) {
			t.Fatalf("%d bytes allocated for %d", n, len(payload))
		}
		if err != nil {
			var fault *Error
			if !errors.As(err, &fault) || fault.Kind == "" || fault.Text == "" {
				t.Fatalf("got %#v", err)
			}
			return
		}
		checkAgain(t, JSON{}, &m)
	})
}

func FuzzMessagePackParse(f *testing.F) {
	for _, vector := range packReadVectors {
		if payload, _, ok, _ := splitBinary(unhex(f, vector.frame)); ok {
			f.Add(payload)
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var m Message
		var err error
		if n := allocated(func() { err = MessagePack{}.Parse(payload, &m) }); n > mostAllocated(payload) {
			t.Fatalf("%d bytes allocated for %d", n, len(payload))
		}
		if err != nil {
			var fault *Error
			if !errors.As(err, &fault) || fault.Kind == "" || fault.Text == "" {
				t.Fatalf("got %#v", err)
			}
			return
		}
		for _, value := range []Raw{m.Item, m.Result} {
			if rest, ok := skipPack(value, 0); !ok || len(rest) > 0 {
				return // broken values are passed on to be refused by Unmarshal
			}
		}
		if m.ArgumentsErr == nil {
			checkAgain(t, MessagePack{}, &m)
		}
	})
}

// everything has a field for each kind of value.
type everything struct {
	String   string
	Bool     bool
	Int      int
	Int8     int8
	Uint64   uint64
	Float    float64
	Float32  float32
	Bytes    []byte
	Array    [2]int
	Bytes4   [4]byte
	List     []string
	Lists    [][]int8
	Map      map[string]int
	ByNumber map[int8]string
	Time     time.Time
	Duration time.Duration
	Any      any
	Color    color
	Pointer  *Custom
	Inner    node
	Raw      Raw
	Tuple    tuple
}

// checkValue reads raw as an any and as everything, and what it finds again
// after writing it.
func checkValue(t *testing.T, p Protocol, raw Raw) {
	t.Helper()
	for _, pair := range [][2]any{{new(any), new(any)}, {new(everything), new(everything)}} {
		var err error
		if n := allocated(func() { err = p.Unmarshal(raw, pair[0]) }); n > mostAllocated(raw) {
			t.Fatalf("%d bytes allocated for %d", n, len(raw))
		}
		if err != nil {
			continue
		}
		frame, err := p.AppendResult(nil, "1", pair[0])
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		payload, rest, ok, err := p.Split(frame)
		if err != nil || !ok || len(rest) > 0 {
			t.Fatalf("what was written is no frame: %q, %v", frame, err)
		}
		var m Message
		if err := p.Parse(payload, &m); err != nil {
			t.Fatalf("what was written cannot be parsed: %q, %v", payload, err)
		}
		if err := p.Unmarshal(m.Result, pair[1]); err != nil {
			t.Fatalf("what was written cannot be read: %q, %v", payload, err)
		}
		again, err := p.AppendResult(nil, "1", pair[1])
		if err != nil || !bytes.Equal(again, frame) {
			t.Fatalf("got %q, %v, before %q", again, err, frame)
		}
	}
}

func FuzzJSONValue(f *testing.F) {
	for _, seed := range []string{
		`null`, `"a\u00e9\ud83d\ude00"`, `[1.0,2.50,1e3,-0,{"a":[]}]`, `{"string":"x","bool":true,"int":1,"int8":-1,"uint64":1,"float":1.5,"float32":0.1}`,
		`{"bytes":"AQI=","array":[1,2],"bytes4":"AQIDBA==","list":["a"],"lists":[[1],[]],"map":{"a":1},"byNumber":{"-1":"x"}}`,
		`{"time":"2002-04-01T10:20:15.1234567Z","duration":"1.02:03:04.5000000","any":{"x":[null]},"color":"Blue","pointer":{"name":"x"}}`,
		`{"inner":{"value":1,"next":{"kids":[{}]},"more":{"a":{}}},"raw":[1, 2],"tuple":{"left":1}}`, `{"time":"2020-01-02T05:34:05+02:30","color":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) { checkValue(t, JSON{}, raw) })
}

func FuzzMessagePackValue(f *testing.F) {
	for _, seed := range []any{
		nil, "a",
		[]any{1, -1, 1.5, float32(1.5), []byte{1}, time.Unix(1, 100), map[any]any{1: 2}},
		everything{Pointer: &Custom{}},
		everything{List: []string{"a"}, Map: map[string]int{"a": 1}, Time: time.Unix(1<<34, 0), Inner: node{Next: &node{}, Kids: []node{{}}}},
		nested(10),
	} {
		raw, err := MessagePack{}.appendValue(nil, seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) { checkValue(t, MessagePack{}, raw) })
}
