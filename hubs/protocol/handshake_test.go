package protocol

import (
	"bytes"
	"errors"
	"testing"
)

func TestParseHandshakeRequest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, in, protocol string
		version            int
	}{
		{"H1 plain", `{"protocol":"json","version":1}`, "json", 1},
		{"H2 members in any order, unknown ones skipped", `{"version":2,"protocol":"MessagePack","x":{"y":[1]}}`, "MessagePack", 2},
		{"H3 version 0", `{"protocol":"json","version":0}`, "json", 0},
		{"negative version", `{"protocol":"json","version":-7}`, "json", -7},
		{"H4 a version too high is not for the parser to refuse", `{"protocol":"json","version":3}`, "json", 3},
		{"H5 nor is an unknown protocol", `{"protocol":"Yaml","version":1}`, "Yaml", 1},
		{"leading blanks", " \t\r\n" + `{ "protocol" : "json" , "version" : 1 }`, "json", 1},
		{"the last of two counts", `{"protocol":"x","version":9,"protocol":"json","version":1}`, "json", 1},
		{"what follows the brace is not looked at", `{"protocol":"json","version":1}junk`, "json", 1},
		{"escapes", `{"proto\u0063ol":"j\u0073on","version":1}`, "json", 1},
		{"empty name", `{"protocol":"","version":1}`, "", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseHandshakeRequest([]byte(test.in))
			if want := (HandshakeRequest{test.protocol, test.version}); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestParseHandshakeRequestFaults(t *testing.T) {
	t.Parallel()
	const malformed = "The handshake request is not valid JSON."
	for _, test := range []struct{ name, in, kind, text string }{
		{"H7 no version", `{"protocol":"json"}`, "InvalidDataException", `Missing required property 'version'. Message content: {"protocol":"json"}`},
		{"no protocol", `{"version":1}`, "InvalidDataException", `Missing required property 'protocol'. Message content: {"version":1}`},
		{"names are case-sensitive", `{"Protocol":"json","version":1}`, "InvalidDataException", `Missing required property 'protocol'. Message content: {"Protocol":"json","version":1}`},
		{"version null", `{"protocol":"json","version":null}`, "InvalidDataException", `Missing required property 'version'. Message content: {"protocol":"json","version":null}`},
		{"protocol null", `{"protocol":null,"version":1}`, "InvalidDataException", "Expected 'protocol' to be of type String."},
		{"protocol a number", `{"protocol":1,"version":1}`, "InvalidDataException", "Expected 'protocol' to be of type String."},
		{"version a string", `{"protocol":"json","version":"1"}`, "InvalidDataException", "Expected 'version' to be of type Number."},
		{"root an array", `[]`, "InvalidDataException", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."},
		{"root null", `null`, "InvalidDataException", "Unexpected JSON Token Type 'Null'. Expected a JSON Object."},
		{"version with a fraction", `{"protocol":"json","version":1.0}`, "FormatException", "Either the JSON value is not in a supported format, or is out of bounds for an Int32."},
		{"version out of range", `{"protocol":"json","version":2147483648}`, "FormatException", "Either the JSON value is not in a supported format, or is out of bounds for an Int32."},
		{"not JSON", `nope`, "JsonReaderException", malformed},
		{"empty", ``, "JsonReaderException", malformed},
		{"byte order mark", "\ufeff" + `{"protocol":"json","version":1}`, "JsonReaderException", malformed},
		{"trailing comma", `{"protocol":"json","version":1,}`, "JsonReaderException", malformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseHandshakeRequest([]byte(test.in))
			var fault *Error
			if !errors.As(err, &fault) || fault.Kind != test.kind || fault.Text != test.text {
				t.Errorf("got %+v, %#v, want %s %q", got, err, test.kind, test.text)
			}
		})
	}
}

func TestAppendHandshakeResponse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"H1 accepted", "", "{}\x1e"},
		{"H5 refused", "The protocol 'Yaml' is not supported.", `{"error":"The protocol 'Yaml' is not supported."}` + "\x1e"},
		{"H7 quotes are escaped", `x {"protocol":"json"}`, `{"error":"x {\"protocol\":\"json\"}"}` + "\x1e"},
		{"the separator is escaped", "\x1e", `{"error":"\u001e"}` + "\x1e"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := string(AppendHandshakeResponse([]byte("-"), test.text)); got != "-"+test.want {
				t.Errorf("got %q, want %q", got, "-"+test.want)
			}
		})
	}
}

func TestSplitHandshake(t *testing.T) {
	t.Parallel()
	whole := []byte(`{"protocol":"json","version":1}` + "\x1e" + `{"type":6}` + "\x1e")
	for n := range whole {
		payload, rest, ok := SplitHandshake(whole[:n])
		if complete := n > 31; ok != complete {
			t.Fatalf("got ok %v for %d bytes", ok, n)
		} else if complete && (!bytes.Equal(payload, whole[:31]) || !bytes.Equal(rest, whole[32:n])) {
			t.Fatalf("got %q and %q for %d bytes", payload, rest, n)
		} else if !complete && len(rest) != n {
			t.Fatalf("got rest %q for %d bytes, want all of them", rest, n)
		}
	}
}
