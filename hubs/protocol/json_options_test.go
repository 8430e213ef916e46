package protocol

import (
	stdjson "encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJSONAny(t *testing.T) {
	t.Parallel()
	const in = `{"a":[1.0,2.50,1e3,-0,true,false,null,"x"],"b":{},"c":[],"b":{"n":12345678901234567890}}`
	var x any
	if err := (JSON{}).Unmarshal(Raw(in), &x); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"a": []any{stdjson.Number("1.0"), stdjson.Number("2.50"), stdjson.Number("1e3"), stdjson.Number("-0"), true, false, nil, "x"},
		"b": map[string]any{"n": stdjson.Number("12345678901234567890")},
		"c": []any{},
	}
	if diff := cmp.Diff(want, x); diff != "" {
		t.Error(diff)
	}
	out, err := JSON{}.appendValue(nil, x)
	if echo := `{"a":[1.0,2.50,1e3,-0,true,false,null,"x"],"b":{"n":12345678901234567890},"c":[]}`; err != nil || string(out) != echo {
		t.Errorf("got %s, %v, want %s", out, err, echo)
	}
	// What is read must not live in the buffer it came from.
	raw := Raw(`["abc",1.5]`)
	if err := (JSON{}).Unmarshal(raw, &x); err != nil {
		t.Fatal(err)
	}
	copy(raw, `["xyz",9.9]`)
	if diff := cmp.Diff([]any{"abc", stdjson.Number("1.5")}, x); diff != "" {
		t.Error(diff)
	}
}

func TestJSONOptions(t *testing.T) {
	t.Parallel()
	type pair struct {
		First  Custom
		Second *Custom
		Text   string
	}
	write := func(v any, opts ...JSONOption) string {
		got, err := NewJSON(opts...).appendValue(nil, v)
		if err != nil {
			t.Error(err)
		}
		return string(got)
	}
	for _, test := range []struct{ name, got, want string }{
		{"none", write(pair{Second: &Custom{}}), `{"first":{"name":"","value":0},"second":{"name":"","value":0},"text":""}`},
		{"exact names", write(pair{Second: &Custom{}}, ExactNames()), `{"First":{"Name":"","Value":0},"Second":{"Name":"","Value":0},"Text":""}`},
		{"names of one's own", write(Custom{}, FieldNames(strings.ToUpper)), `{"NAME":"","VALUE":0}`},
		{"enums as numbers", write([]any{blue, map[color]color{red: blue}}, EnumNumbers()), `[1,{"Red":1}]`},
		{"a function for a struct", write(pair{Second: &Custom{Name: "x"}}, MarshalJSONFunc(func(c Custom) ([]byte, error) {
			return JSON{}.appendValue(nil, c.Name)
		})), `{"first":"","second":"x","text":""}`},
		{"a function for strings", write([]any{"a", Custom{Name: "x"}}, MarshalJSONFunc(func(s string) ([]byte, error) {
			return JSON{}.appendValue(nil, "<"+s+">")
		})), `["<a>",{"name":"<x>","value":0}]`},
		{"a function for strings, alone", write("a", MarshalJSONFunc(func(string) ([]byte, error) { return []byte("1"), nil })), `1`},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, test.got, test.want)
		}
	}
	if _, err := NewJSON(MarshalJSONFunc(func(int) ([]byte, error) { return []byte("1\x1e2"), nil })).appendValue(nil, 1); err == nil {
		t.Error("a function may write more than a value")
	}
	upper := UnmarshalJSONFunc(func(data []byte, s *string) error {
		*s = strings.ToUpper(string(data))
		return nil
	})
	var got pair
	if err := NewJSON(upper, ExactNames()).Unmarshal(Raw(`{"FIRST":{"name":"x"},"text":null}`), &got); err != nil {
		t.Error(err)
	}
	if want := (pair{First: Custom{Name: `"X"`}, Text: "NULL"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	var s string
	if err := NewJSON(upper).Unmarshal(Raw(`"a"`), &s); err != nil || s != `"A"` {
		t.Errorf("got %q, %v", s, err)
	}
}

func TestCamelCase(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "ID": "id", "URLValue": "urlValue", "IPAddress": "ipAddress", "AbC": "abC", "A": "a", "name": "name", "Name": "name", "ID2": "iD2",
		"ÄRger": "äRger", "ÄRGER": "ärger", "X_Y": "x_Y", "_X": "_X",
	} {
		if got := CamelCase(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
