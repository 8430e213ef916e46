package protocol

import (
	stdjson "encoding/json"
	"math"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

func TestJSONValuesWritten(t *testing.T) {
	t.Parallel()
	utc := time.Date(2002, 4, 1, 10, 20, 15, 123456789, time.UTC)
	for _, test := range []struct {
		name  string
		value any
		want  string
	}{
		{"nil", nil, `null`},
		{"string", "hello", `"hello"`},
		{"only what must be is escaped", "é < > & + ' / 日本 😀 \u007f", `"é < > & + ' / 日本 😀 ` + "\u007f" + `"`},
		{"quotes, backslashes, control characters", "\"\\\b\t\n\f\r\x00\x1e", `"\"\\\b\t\n\f\r\u0000\u001e"`},
		{"invalid UTF-8", "a\xffb", `"a` + "\ufffd" + `b"`},
		{"named string", stringEnum("a"), `"a"`},
		{"bool", true, `true`},
		{"int", -5, `-5`},
		{"int8", int8(-128), `-128`},
		{"int64", int64(math.MinInt64), `-9223372036854775808`},
		{"uint64", uint64(math.MaxUint64), `18446744073709551615`},
		{"plain enum is its number", plainEnum(3), `3`},
		{"enum with names is its name", blue, `"Blue"`},
		{"whole float", 2.0, `2`},
		{"float", 1.5, `1.5`},
		{"large float", -1e300, `-1e+300`},
		{"small float", 1e-7, `1e-07`},
		{"negative zero", math.Copysign(0, -1), `-0`},
		{"float32", float32(0.1), `0.1`},
		{"bytes", []byte{1, 2}, `"AQI="`},
		{"no bytes", []byte{}, `""`},
		{"nil bytes", []byte(nil), `""`},
		{"array of bytes", [3]byte{1, 2, 3}, `"AQID"`},
		{"pointer to array of bytes", &[3]byte{1, 2, 3}, `"AQID"`},
		{"list", []int{1, 2, 3}, `[1,2,3]`},
		{"array", [2]string{"a", "b"}, `["a","b"]`},
		{"nil list", []int(nil), `[]`},
		{"pointer to a nil list", new([]int(nil)), `[]`},
		{"nil pointer to a list", (*[]int)(nil), `null`},
		{"map, sorted, keys as they are", map[string]int{"b": 2, "Key One": 1}, `{"Key One":1,"b":2}`},
		{"nil map", map[string]int(nil), `{}`},
		{"map with numbers for keys", map[int8]bool{-1: true, 2: false}, `{"-1":true,"2":false}`},
		{"map with unsigned keys", map[uint16]bool{1: true}, `{"1":true}`},
		{"map with names for keys", map[color]int{blue: 1}, `{"Blue":1}`},
		{"map of any", map[string]any{"A": Custom{Name: "x"}}, `{"A":{"name":"x","value":0}}`},
		{"object", Custom{"n", 1}, `{"name":"n","value":1}`},
		{"object with all", complexObject{Nested: &Custom{}, Children: []Custom{{"c", 1}}}, `{"byteArray":"","dateTime":"0001-01-01T00:00:00Z","guid":"","intArray":[],"string":"","nested":{"name":"","value":0},"children":[{"name":"c","value":1}],"map":{}}`},
		{"embedded fields", derived{base: base{1, "hidden"}, Custom: &Custom{"n", 2}, Shared: "s", Tagged: 3}, `{"baseID":1,"name":"n","value":2,"shared":"s","other_name":3}`},
		{"embedded nil pointer", derived{Empty: 1}, `{"baseID":0,"shared":"","other_name":0,"empty":1}`},
		{"recursive type", node{1, &node{Value: 2}, []node{{Value: 3}}, map[string]node{"A": {Value: 4}}}, `{"value":1,"next":{"value":2,"next":null,"kids":[],"more":{}},"kids":[{"value":3,"next":null,"kids":[],"more":{}}],"more":{"A":{"value":4,"next":null,"kids":[],"more":{}}}}`},
		{"camel case in any", []any{Custom{}, &Custom{}, map[string]*Custom{"X": {}}}, `[{"name":"","value":0},{"name":"","value":0},{"X":{"name":"","value":0}}]`},
		{"anonymous struct", struct{ URLValue, IPAddress, ID, AbC int }{}, `{"urlValue":0,"ipAddress":0,"id":0,"abC":0}`},
		{"omitempty, omitzero, string", struct {
			A int        `json:",omitempty"`
			B []int      `json:"b,omitempty"`
			C time.Time  `json:",omitzero"`
			D int64      `json:",string"`
			E *uint8     `json:",string"`
			F float64    `json:"f,string,omitempty"`
			G *time.Time `json:",omitzero"`
			H any        `json:",omitzero"`
		}{D: math.MaxInt64}, `{"d":"9223372036854775807","e":null}`},
		{"time", utc, `"2002-04-01T10:20:15.1234567Z"`},
		{"time, trailing zeros dropped", utc.Truncate(time.Second).Add(500 * time.Millisecond), `"2002-04-01T10:20:15.5Z"`},
		{"time, nanoseconds dropped", utc.Truncate(time.Second).Add(99), `"2002-04-01T10:20:15Z"`},
		{"time in a zone", utc.Truncate(time.Second).In(time.FixedZone("", -5400)), `"2002-04-01T08:50:15-01:30"`},
		{"time in a zone that nobody could read", utc.Truncate(time.Second).In(time.FixedZone("", 61)), `"2002-04-01T10:20:15Z"`},
		{"time in a zone too far away", utc.Truncate(time.Second).In(time.FixedZone("", 15*3600)), `"2002-04-01T10:20:15Z"`},
		{"zero time", time.Time{}, `"0001-01-01T00:00:00Z"`},
		{"pointer to time", &utc, `"2002-04-01T10:20:15.1234567Z"`},
		{"duration", 26*time.Hour + 3*time.Minute + 4*time.Second + 500*time.Millisecond, `"1.02:03:04.5000000"`},
		{"negative duration", -time.Second, `"-00:00:01"`},
		{"no duration", time.Duration(0), `"00:00:00"`},
		{"longest duration", time.Duration(math.MaxInt64), `"106751.23:47:16.8547758"`},
		{"shortest duration", time.Duration(math.MinInt64), `"-106751.23:47:16.8547758"`},
		{"text methods", netip.MustParseAddr("1.2.3.4"), `"1.2.3.4"`},
		{"JSON methods", *big.NewInt(0).Lsh(big.NewInt(1), 70), `1180591620717411303424`},
		{"JSON methods by pointer", big.NewInt(7), `7`},
		{"JSON methods of a nil pointer", (*big.Int)(nil), `null`},
		{"JSON methods of version 2", streamed{3}, `[3,3]`},
		{"number", stdjson.Number("2.50"), `2.50`},
		{"empty number", stdjson.Number(""), `0`},
		{"raw message", stdjson.RawMessage(` {"A" : 1.0}`), ` {"A" : 1.0}`},
		{"jsontext value", jsontext.Value(`1.0`), `1.0`},
		{"raw", Raw(`[1.0]`), `[1.0]`},
		{"nil raw", Raw(nil), `null`},
		{"raw inside", []any{Raw(`1`), stdjson.RawMessage(nil)}, `[1,null]`},
		{"64 levels", nested(64), strings.Repeat("[", 64) + "1" + strings.Repeat("]", 64)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := JSON{}.appendValue([]byte("-"), test.value)
			if err != nil || string(got) != "-"+test.want {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
		})
	}
}

type stringEnum string

// streamed writes itself by the methods of encoding/json version 2.
type streamed struct{ n int64 }

func (s streamed) MarshalJSONTo(e *jsontext.Encoder) error {
	for _, token := range []jsontext.Token{jsontext.BeginArray, jsontext.Int(s.n), jsontext.Int(s.n), jsontext.EndArray} {
		if err := e.WriteToken(token); err != nil {
			return err
		}
	}
	return nil
}

func (s *streamed) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	for d.PeekKind() != ']' {
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		if token.Kind() == '0' {
			s.n, _ = strconv.ParseInt(token.String(), 10, 64)
		}
	}
	_, err := d.ReadToken()
	return err
}

func TestJSONValuesRefusedOnWrite(t *testing.T) {
	t.Parallel()
	type twice struct {
		ID int
		Id int //nolint:revive // on purpose
	}
	for _, test := range []struct {
		name  string
		value any
		want  string
	}{
		{"NaN", math.NaN(), "NaN has no form in JSON"},
		{"infinity", math.Inf(-1), "-Inf has no form in JSON"},
		{"inside", map[string]any{"a": []any{1, Custom{}, struct{ F float64 }{math.NaN()}}}, "a[2].f: NaN has no form in JSON"},
		{"function", func() {}, "func() has no form in JSON"},
		{"channel in a struct", struct{ C chan int }{}, "c: chan int has no form in JSON"},
		{"complex number", 1i, "complex128 has no form in JSON"},
		{"map with structs for keys", map[Custom]int{}, "map[protocol.Custom]int has no form in JSON"},
		{"65 levels", nested(65), strings.Repeat("[0]", 64) + ": more than 64 levels"},
		{"ring of pointers", ring(), "the value refers to itself"},
		{"two fields with one name", twice{}, `protocol.twice has two fields called "id"`},
		{"year 10000", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "the year 10000 has no form in JSON"},
		{"year 0", time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), "the year 0 has no form in JSON"},
		{"enum without a name", color(7), "no color 7"},
		{"raw that is no value", Raw("1,2"), "the raw value is not one JSON value"},
		{"raw with a separator", Raw("1\x1e"), "the raw value is not one JSON value"},
		{"raw message with a separator", stdjson.RawMessage("\"\x1e\""), "the raw value is not one JSON value"},
		{"number that is none", stdjson.Number("1,2"), `"1,2" is not a JSON number`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := JSON{}.appendValue(nil, test.value)
			if err == nil || err.Error() != test.want {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
		})
	}
}
