package protocol

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func raws(values ...string) []Raw {
	list := []Raw{}
	for _, v := range values {
		list = append(list, Raw(v))
	}
	return list
}

// jsonReadVectors are the messages of the spec, hub-protocol.md 12.2, that a
// server must accept, and what it must make of them.
var jsonReadVectors = []struct {
	name, in string
	want     Message
}{
	{"J1 invocation", `{"type":1,"invocationId":"7","target":"Sum","arguments":[2,300]}`, Message{Type: Invocation, InvocationID: "7", Target: []byte("Sum"), Arguments: raws("2", "300")}},
	{"J2 no reply wanted", `{"type":1,"target":"Note","arguments":["hi"]}`, Message{Type: Invocation, Target: []byte("Note"), Arguments: raws(`"hi"`)}},
	{"J3 any order, unknown members", `{"arguments":[2,300],"target":"sum","extra":{"a":[]},"invocationId":"7","type":1}`, Message{Type: Invocation, InvocationID: "7", Target: []byte("sum"), Arguments: raws("2", "300")}},
	{"J4 empty id", `{"type":1,"invocationId":"","target":"Note","arguments":["hi"]}`, Message{Type: Invocation, Target: []byte("Note"), Arguments: raws(`"hi"`)}},
	{"J5 headers", `{"type":1,"headers":{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},"invocationId":"8","target":"Sum","arguments":[1,2]}`, Message{Type: Invocation, InvocationID: "8", Target: []byte("Sum"), Arguments: raws("1", "2"), Headers: map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}},
	{"J6 uploads", `{"type":1,"invocationId":"9","target":"Up","arguments":[],"streamIds":["u1","u2"]}`, Message{Type: Invocation, InvocationID: "9", Target: []byte("Up"), Arguments: raws(), StreamIDs: []string{"u1", "u2"}}},
	{"J7 stream invocation", `{"type":4,"invocationId":"10","target":"Count","arguments":[5]}`, Message{Type: StreamInvocation, InvocationID: "10", Target: []byte("Count"), Arguments: raws("5")}},
	{"J8 stream item", `{"type":2,"invocationId":"10","item":-5}`, Message{Type: StreamItem, InvocationID: "10", Item: Raw("-5")}},
	{"J14 end of upload", `{"type":3,"invocationId":"u1"}`, Message{Type: Completion, InvocationID: "u1"}},
	{"J15 upload fails", `{"type":3,"invocationId":"u1","error":"stop"}`, Message{Type: Completion, InvocationID: "u1", Error: "stop", HasError: true}},
	{"J17 client result", `{"result":"a","invocationId":"s1","type":3}`, Message{Type: Completion, InvocationID: "s1", Result: Raw(`"a"`), HasResult: true}},
	{"J18 cancel", `{"type":5,"invocationId":"10"}`, Message{Type: CancelInvocation, InvocationID: "10"}},
	{"J19 ping", `{"type":6}`, Message{Type: Ping}},
	{"J20 close", `{"type":7}`, Message{Type: Close}},
	{"J24 ack", `{"type":8,"sequenceId":200}`, Message{Type: Ack, SequenceID: 200}},
	{"J25 sequence", `{"type":9,"sequenceId":70000}`, Message{Type: Sequence, SequenceID: 70000}},
	{"J26 junk behind the brace", `{"type":6}  {junk`, Message{Type: Ping}},
	{"JX12 result for nobody", `{"type":3,"invocationId":"zz","result":1}`, Message{Type: Completion, InvocationID: "zz", Result: Raw("1"), HasResult: true}},
	{"a null result is one", `{"type":3,"invocationId":"s1","result":null}`, Message{Type: Completion, InvocationID: "s1", Result: Raw("null"), HasResult: true}},
	{"an empty error is one", `{"type":3,"invocationId":"s1","error":""}`, Message{Type: Completion, InvocationID: "s1", HasError: true}},
	{"close with an error", `{"type":7,"error":"x","allowReconnect":true}`, Message{Type: Close, Error: "x", HasError: true, AllowReconnect: true}},
	{"allowReconnect false", `{"type":7,"allowReconnect":false}`, Message{Type: Close}},
	{"ping with more", `{"type":6,"target":"x","arguments":[1]}`, Message{Type: Ping, Target: []byte("x"), Arguments: raws("1")}},
	{"unknown type", `{"type":10,"what":[]}`, Message{Type: 10}},
	{"negative type", `{"type":-1}`, Message{Type: -1}},
	{"the last of two counts", `{"type":6,"type":1,"invocationId":"x","invocationId":"3","target":"Nope","target":"Echo","arguments":["i"],"arguments":["j"]}`, Message{Type: Invocation, InvocationID: "3", Target: []byte("Echo"), Arguments: raws(`"j"`)}},
	{"escapes in names and texts", `{"t\u0079pe":1,"invocationId":"\u0034","target":"Ech\u006f","arguments":["\u0064"]}`, Message{Type: Invocation, InvocationID: "4", Target: []byte("Echo"), Arguments: raws(`"\u0064"`)}},
	{"duplicate and empty headers", `{"type":1,"headers":{"a":"b","a":"c","":""},"target":"Echo","arguments":[]}`, Message{Type: Invocation, Target: []byte("Echo"), Arguments: raws(), Headers: map[string]string{"a": "c", "": ""}}},
	{"empty headers", `{"type":1,"headers":{},"target":"Echo","arguments":[]}`, Message{Type: Invocation, Target: []byte("Echo"), Arguments: raws()}},
	{"an empty target is for the dispatcher", `{"type":1,"target":"","arguments":[]}`, Message{Type: Invocation, Target: []byte{}, Arguments: raws()}},
	{"blanks everywhere", " \n{ \"type\" : 1 ,\t\"target\":\r\"Echo\" , \"arguments\" : [ 1 , [ ] , { } , \"\" ] } ", Message{Type: Invocation, Target: []byte("Echo"), Arguments: raws("1", "[ ]", "{ }", `""`)}},
	{"all kinds of values", `{"type":1,"target":"T","arguments":[-0,1.5E+3,true,false,null,"\"\\\/\b\f\n\r\t\u00e9",{"a":{"b":[]}}]}`, Message{Type: Invocation, Target: []byte("T"), Arguments: raws("-0", "1.5E+3", "true", "false", "null", `"\"\\\/\b\f\n\r\t\u00e9"`, `{"a":{"b":[]}}`)}},
	{"invalid UTF-8 in what is skipped", "{\"type\":6,\"x\xff\":\"\xff\"}", Message{Type: Ping}},
	{"invalid UTF-8 in arguments is for Unmarshal", "{\"type\":1,\"target\":\"T\",\"arguments\":[\"\xff\"]}", Message{Type: Invocation, Target: []byte("T"), Arguments: raws("\"\xff\"")}},
	{"a name that is no text", `{"type":6,"\ud800":1}`, Message{Type: Ping}},
	{"63 levels in an unknown member", `{"type":6,"x":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, Message{Type: Ping}},
	{"62 levels in an argument", `{"type":6,"arguments":[` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `]}`, Message{Type: Ping, Arguments: raws(strings.Repeat("[", 62) + strings.Repeat("]", 62))}},
	{"sequence id of 64 bits", `{"type":8,"sequenceId":9223372036854775807}`, Message{Type: Ack, SequenceID: 1<<63 - 1}},
}

func TestJSONReads(t *testing.T) {
	t.Parallel()
	for _, test := range jsonReadVectors {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			payload, rest, ok, err := JSON{}.Split([]byte(test.in + "\x1e+"))
			if !ok || err != nil || string(payload) != test.in || string(rest) != "+" {
				t.Fatalf("split: got %q, %q, %v, %v", payload, rest, ok, err)
			}
			// What an earlier message left behind must not shine through.
			got := Message{Arguments: raws("1", "2"), StreamIDs: []string{"x"}, Error: "x", HasResult: true, InvocationID: "x"}
			if err := (JSON{}).Parse(payload, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, equateEmpty); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// equateEmpty takes nil and empty lists for the same.
var equateEmpty = cmp.FilterValues(func(x, y any) bool {
	return isEmptyList(x) && isEmptyList(y)
}, cmp.Comparer(func(any, any) bool { return true }))

func isEmptyList(x any) bool {
	switch x := x.(type) {
	case []Raw:
		return len(x) == 0
	case Raw:
		return len(x) == 0
	case []string:
		return len(x) == 0
	}
	return false
}

func TestJSONFaults(t *testing.T) {
	t.Parallel()
	const data, format, operation = "InvalidDataException", "FormatException", "InvalidOperationException"
	for _, test := range []struct{ name, in, kind, text string }{
		{"JX1 nothing", ``, data, "Error reading JSON."},
		{"JX2 an array", `[1]`, data, "Unexpected JSON Token Type 'Array'. Expected a JSON Object."},
		{"null", `null`, data, "Unexpected JSON Token Type 'Null'. Expected a JSON Object."},
		{"a string", `"a"`, data, "Unexpected JSON Token Type 'String'. Expected a JSON Object."},
		{"a number", `-1`, data, "Unexpected JSON Token Type 'Number'. Expected a JSON Object."},
		{"true", `true`, data, "Unexpected JSON Token Type 'True'. Expected a JSON Object."},
		{"false", `false`, data, "Unexpected JSON Token Type 'False'. Expected a JSON Object."},
		{"JX3 names are case-sensitive", `{"Type":6}`, data, "Missing required property 'type'."},
		{"type null", `{"type":null}`, data, "Expected 'type' to be of type Number."},
		{"type a string", `{"type":"1"}`, data, "Expected 'type' to be of type Number."},
		{"type with a fraction", `{"type":6.0}`, format, "Either the JSON value is not in a supported format, or is out of bounds for an Int32."},
		{"type with an exponent", `{"type":6e0}`, format, "Either the JSON value is not in a supported format, or is out of bounds for an Int32."},
		{"type out of range", `{"type":2147483648}`, format, "Either the JSON value is not in a supported format, or is out of bounds for an Int32."},
		{"JX4 target null", `{"type":1,"target":null,"arguments":[]}`, data, "Expected 'target' to be of type String."},
		{"target of a ping", `{"type":6,"target":5}`, data, "Expected 'target' to be of type String."},
		{"JX5 id null", `{"type":1,"invocationId":null,"target":"Sum","arguments":[1,2]}`, data, "Expected 'invocationId' to be of type String."},
		{"id a number", `{"type":1,"invocationId":5}`, data, "Expected 'invocationId' to be of type String."},
		{"error null", `{"type":3,"invocationId":"1","error":null}`, data, "Expected 'error' to be of type String."},
		{"JX6 no arguments", `{"type":1,"invocationId":"1","target":"Sum"}`, data, "Missing required property 'arguments'."},
		{"arguments an object", `{"type":1,"arguments":{}}`, data, "Expected 'arguments' to be of type Array."},
		{"arguments null", `{"type":1,"arguments":null}`, data, "Expected 'arguments' to be of type Array."},
		{"streamIds a string", `{"type":1,"streamIds":"u"}`, data, "Expected 'streamIds' to be of type Array."},
		{"null in streamIds", `{"type":1,"streamIds":["a",null]}`, data, "Null value for 'streamIds' is not valid."},
		{"number in streamIds", `{"type":1,"streamIds":[1]}`, operation, "Cannot get the value of a token type 'Number' as a string."},
		{"array in streamIds", `{"type":1,"streamIds":[[]]}`, operation, "Cannot get the value of a token type 'StartArray' as a string."},
		{"headers an array", `{"type":1,"headers":[]}`, data, "Expected 'headers' to be of type StartObject."},
		{"header a number", `{"type":1,"headers":{"X":1}}`, data, "Expected header 'X' to be of type String."},
		{"header null", `{"type":1,"headers":{"X":null}}`, data, "Expected header 'X' to be of type String."},
		{"JX11 error and result", `{"type":3,"invocationId":"u1","error":"a","result":1}`, data, "The 'error' and 'result' properties are mutually exclusive."},
		{"JX13 no sequenceId", `{"type":9}`, data, "Missing required property 'sequenceId'."},
		{"sequenceId null", `{"type":8,"sequenceId":null}`, data, "Missing required property 'sequenceId'."},
		{"sequenceId a string", `{"type":8,"sequenceId":"1"}`, data, "Expected 'sequenceId' to be of type Number."},
		{"sequenceId out of range", `{"type":8,"sequenceId":9223372036854775808}`, format, "Either the JSON value is not in a supported format, or is out of bounds for an Int64."},
		{"JX14 stream invocation without an id", `{"type":4,"target":"Count","arguments":[5]}`, data, "Missing required property 'invocationId'."},
		{"stream invocation with an empty id", `{"type":4,"invocationId":"","target":"Count","arguments":[5]}`, data, "Missing required property 'invocationId'."},
		{"no target, the first thing asked for", `{"type":4}`, data, "Missing required property 'target'."},
		{"JX15 allowReconnect a string", `{"type":6,"allowReconnect":"yes"}`, data, "Expected 'allowReconnect' to be true or false."},
		{"item without an id", `{"type":2,"item":1}`, data, "Missing required property 'invocationId'."},
		{"item with an empty id", `{"type":2,"invocationId":"","item":1}`, "KeyNotFoundException", "No stream with id '' could be found."},
		{"no item", `{"type":2,"invocationId":"1"}`, data, "Missing required property 'item'."},
		{"completion without an id", `{"type":3}`, data, "Missing required property 'invocationId'."},
		{"cancel with an empty id", `{"type":5,"invocationId":""}`, data, "Missing required property 'invocationId'."},
		{"invalid UTF-8 in the target", "{\"type\":1,\"target\":\"\xff\",\"arguments\":[]}", operation, "Cannot transcode invalid UTF-8 JSON text to UTF-16 string."},
		{"invalid UTF-8 in an id", "{\"type\":1,\"invocationId\":\"\xff\"}", operation, "Cannot transcode invalid UTF-8 JSON text to UTF-16 string."},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var m Message
			err := JSON{}.Parse([]byte(test.in), &m)
			var fault *Error
			if !errors.As(err, &fault) || fault.Kind != test.kind || fault.Text != test.text {
				t.Errorf("got %#v, want %s %q", err, test.kind, test.text)
			}
		})
	}
}

func TestJSONMalformed(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		" ", "{", "}", `{"`, `{"type`, `{"type"`, `{"type":`, `{"type":6`, `{"type":6,`, `{"type":6,}`, `{,"type":6}`, `{"type" 6}`, `{"type":6 "a":1}`,
		`{"type":06}`, `{"type":-}`, `{"type":6.}`, `{"type":6e}`, `{"type":+6}`, `{"type":.5}`, `{"type":6x}`, `{"type":0x6}`, `{'type':6}`, `{type:6}`,
		"\ufeff" + `{"type":6}`, `{"type":6/**/}`, `{"a":nul}`, `{"a":nulll}`, `{"a":True}`, `{"a":"` + "\n" + `"}`, `{"a":"` + "\x1f" + `"}`, `{"a":"\x"}`,
		`{"a":"\u12"}`, `{"a":"\u12g4"}`, `{"a":"\`, `{"a":[1,]}`, `{"a":[,1]}`, `{"a":[1 2]}`, `{"a":[1}`, `{"a":{"b"}}`, `{"a":{"b":1,}}`, `{"a":{1:2}}`,
		`{"arguments":[1,]}`, `{"arguments":[1`, `{"arguments":[` + "\x00" + `]}`, `{"headers":{"a":"b"`, `{"headers":{"a":"b",}}`, `{"headers":{"a":nul}}`,
		`{"streamIds":["a",]}`, `{"streamIds":[nul]}`, `{"allowReconnect":tru}`, `{"target":"a}`, `{"target":nul`, `{"sequenceId":nulll}`, `nul`, `"a`, `-`,
		`{"type":6,"x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, `{"type":6,"arguments":[` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `]}`,
		`{"type":6,"x":` + strings.Repeat(`{"a":`, 64) + "1" + strings.Repeat("}", 64) + `}`, strings.Repeat(`{"x":`, 100000),
	} {
		var m Message
		if err := (JSON{}).Parse([]byte(in), &m); !errors.Is(err, errReadingJSON) {
			t.Errorf("%.60q: got %v, want %v", in, err, errReadingJSON)
		}
	}
}

func TestJSONWrites(t *testing.T) {
	t.Parallel()
	type item struct {
		ID       int
		URLValue *string
		Raw      []byte
	}
	j := JSON{}
	must := func(b []byte, err error) []byte {
		if err != nil {
			t.Error(err)
		}
		return b
	}
	for _, test := range []struct {
		name string
		got  []byte
		want string
	}{
		{"J1 invocation", must(j.AppendInvocation(nil, "7", "Sum", []any{2, 300})), `{"type":1,"invocationId":"7","target":"Sum","arguments":[2,300]}`},
		{"J2 no reply wanted", must(j.AppendInvocation(nil, "", "Note", []any{"hi"})), `{"type":1,"target":"Note","arguments":["hi"]}`},
		{"no arguments", must(j.AppendInvocation(nil, "", "Note", nil)), `{"type":1,"target":"Note","arguments":[]}`},
		{"J8 item", must(j.AppendStreamItem(nil, "10", -5)), `{"type":2,"invocationId":"10","item":-5}`},
		{"J9 null item", must(j.AppendStreamItem(nil, "10", nil)), `{"type":2,"invocationId":"10","item":null}`},
		{"J10 end of stream", j.AppendEnd(nil, "10"), `{"type":3,"invocationId":"10"}`},
		{"J11 result", must(j.AppendResult(nil, "7", 302)), `{"type":3,"invocationId":"7","result":302}`},
		{"J12 void", must(j.AppendResult(nil, "7", nil)), `{"type":3,"invocationId":"7","result":null}`},
		{"J13 error", j.AppendError(nil, "7", "Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist."), `{"type":3,"invocationId":"7","error":"Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist."}`},
		{"J16 client result wanted", must(j.AppendInvocation(nil, "s1", "Ask", []any{"q"})), `{"type":1,"invocationId":"s1","target":"Ask","arguments":["q"]}`},
		{"J19 ping", j.AppendPing(nil), `{"type":6}`},
		{"J20 close", j.AppendClose(nil, "", false), `{"type":7}`},
		{"J21 close, reconnect", j.AppendClose(nil, "", true), `{"type":7,"allowReconnect":true}`},
		{"J22 close, error", j.AppendClose(nil, "Connection closed with an error.", false), `{"type":7,"error":"Connection closed with an error."}`},
		{"J23 close, both", j.AppendClose(nil, "Connection closed with an error.", true), `{"type":7,"error":"Connection closed with an error.","allowReconnect":true}`},
		{"J24 ack", j.AppendAck(nil, 200), `{"type":8,"sequenceId":200}`},
		{"J25 sequence", j.AppendSequence(nil, 70000), `{"type":9,"sequenceId":70000}`},
		{"J27 camel case", must(j.AppendResult(nil, "4", item{ID: 1, Raw: []byte{1, 2}})), `{"type":3,"invocationId":"4","result":{"id":1,"urlValue":null,"raw":"AQI="}}`},
		{"ids are escaped", must(j.AppendResult(nil, "\x1e\"", nil)), `{"type":3,"invocationId":"\u001e\"","result":null}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := string(test.got); got != test.want+"\x1e" {
				t.Errorf("got %q, want %q", got, test.want+"\x1e")
			}
		})
	}
}

func TestJSONWriteFailureLeavesNothing(t *testing.T) {
	t.Parallel()
	dst := []byte("before")
	j := JSON{}
	for name, write := range map[string]func() ([]byte, error){
		"invocation": func() ([]byte, error) { return j.AppendInvocation(dst, "1", "M", []any{1, func() {}}) },
		"item":       func() ([]byte, error) { return j.AppendStreamItem(dst, "1", func() {}) },
		"result":     func() ([]byte, error) { return j.AppendResult(dst, "1", func() {}) },
	} {
		got, err := write()
		if err == nil || string(got) != "before" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}
