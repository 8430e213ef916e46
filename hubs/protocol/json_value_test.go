package protocol

import (
	stdjson "encoding/json"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
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
		{"small float", 1e-7, `1e-7`},
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
		{"pointer to a nil list", ptr([]int(nil)), `[]`},
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
			s.n, _ = token.Int()
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

func TestJSONValuesRead(t *testing.T) {
	t.Parallel()
	at := func(nanos int) time.Time { return time.Date(2020, 1, 2, 3, 4, 5, nanos, time.UTC) }
	for _, test := range []struct {
		name, in string
		want     any
	}{
		{"string", `"a\u00e9\ud83d\ude00\n"`, "aé😀\n"},
		{"null string", `null`, ""},
		{"named string", `"a"`, stringEnum("a")},
		{"bool", ` true `, true},
		{"int", `-5`, -5},
		{"minus zero", `-0`, 0},
		{"minus zero, unsigned", `-0`, uint(0)},
		{"int8", `-128`, int8(-128)},
		{"int64", `9223372036854775807`, int64(math.MaxInt64)},
		{"uint64", `18446744073709551615`, uint64(math.MaxUint64)},
		{"plain enum, defined or not", `200`, plainEnum(200)},
		{"enum with names by name", `"Blue"`, blue},
		{"enum with names by number", `1`, blue},
		{"float", `1.5e3`, 1500.0},
		{"float from a whole number", `2`, 2.0},
		{"too small a float is zero", `1e-400`, 0.0},
		{"float32", `0.1`, float32(0.1)},
		{"bytes", `"AQI="`, []byte{1, 2}},
		{"bytes with blanks anywhere", `" A\tQ\nI =\r "`, []byte{1, 2}},
		{"no bytes", `""`, []byte{}},
		{"null bytes", `null`, []byte(nil)},
		{"array of bytes", `"AQID"`, [3]byte{1, 2, 3}},
		{"list", `[1, 2 ,3]`, []int{1, 2, 3}},
		{"empty list", `[ ]`, []int{}},
		{"null list", `null`, []int(nil)},
		{"null pointer to a list", `null`, (*[]int)(nil)},
		{"pointer to a list", `[]`, ptr([]int{})},
		{"array", `["a","b"]`, [2]string{"a", "b"}},
		{"map", `{"a":1,"A":2,"a":3}`, map[string]int{"a": 3, "A": 2}},
		{"map with numbers for keys", `{"-1":true}`, map[int8]bool{-1: true}},
		{"map with unsigned keys", `{"255":true}`, map[uint8]bool{255: true}},
		{"map with names for keys", `{"Blue":1}`, map[color]int{blue: 1}},
		{"null map", `null`, map[string]int(nil)},
		{"object", `{"name":"n","value":1}`, Custom{"n", 1}},
		{"object, any case, unknown members", `{"NAME":"n","x":[{}],"vaLue":1}`, Custom{"n", 1}},
		{"object, escaped name", `{"n\u0061me":"n"}`, Custom{Name: "n"}},
		{"object, last of two", `{"value":1,"Value":2}`, Custom{Value: 2}},
		{"object, last of two objects is all there is", `{"nested":{"value":1},"nested":{"name":"x"}}`, complexObject{Nested: &Custom{Name: "x"}}},
		{"embedded struct, last of two", `{"In":{"value":1},"in":{"name":"x"}}`, struct{ In Custom }{Custom{Name: "x"}}},
		{"exact name before one of another case", `{"ID":1,"id":2}`, struct {
			A int `json:"id"`
			B int `json:"ID"`
		}{2, 1}},
		{"names beyond ASCII", `{"STRASSE":1,"ÄRGER":2}`, struct{ Ärger, Strasse int }{2, 1}},
		{"embedded fields", `{"baseID":1,"name":"n","shared":"s","other_name":3,"hidden":9,"skip":9}`, derived{base: base{BaseID: 1}, Custom: nil, Shared: "s", Tagged: 3}},
		{"numbers in quotes where the tag says so", `{"d":"5","e":"6"}`, struct {
			D int64  `json:",string"`
			E *uint8 `json:",string"`
		}{5, ptr(uint8(6))}},
		{"null pointer", `null`, (*Custom)(nil)},
		{"null elements", `[null,{"value":1}]`, []*Custom{nil, {Value: 1}}},
		{"recursive type", `{"value":1,"next":{"value":2,"kids":[{}]}}`, node{Value: 1, Next: &node{Value: 2, Kids: []node{{}}}}},
		{"JSON methods", `1180591620717411303424`, *big.NewInt(0).Lsh(big.NewInt(1), 70)},
		{"JSON methods of version 2", `[3]`, streamed{3}},
		{"text methods", `"1.2.3.4"`, netip.MustParseAddr("1.2.3.4")},
		{"number", `2.50`, stdjson.Number("2.50")},
		{"raw message", ` {"A" : 1.0} `, stdjson.RawMessage(`{"A" : 1.0}`)},
		{"raw", `[1.0]`, Raw(`[1.0]`)},
		{"date", `"2020-01-02"`, time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC)},
		{"time without seconds", `"2020-01-02T03:04"`, time.Date(2020, 1, 2, 3, 4, 0, 0, time.UTC)},
		{"time without seconds, zone", `"2020-01-02T03:04Z"`, time.Date(2020, 1, 2, 3, 4, 0, 0, time.UTC)},
		{"time without a zone", `"2020-01-02T03:04:05"`, at(0)},
		{"time in UTC", `"2020-01-02T03:04:05Z"`, at(0)},
		{"time with one decimal", `"2020-01-02T03:04:05.5Z"`, at(5e8)},
		{"time with seven decimals", `"2020-01-02T03:04:05.1234567Z"`, at(123456700)},
		{"time with sixteen decimals", `"2020-01-02T03:04:05.1234567890123456Z"`, at(123456700)},
		{"time with a point and no decimals", `"2020-01-02T03:04:05.Z"`, at(0)},
		{"time with an offset", `"2020-01-02T05:34:05+02:30"`, at(0)},
		{"time with an offset of hours", `"2020-01-02T01:04:05-02"`, at(0)},
		{"time with the furthest offset", `"2020-01-02T17:04:05+14:00"`, at(0)},
		{"time with escapes", `"\u0032020-01-02T03:04:05Z"`, at(0)},
		{"leap day", `"2020-02-29"`, time.Date(2020, 2, 29, 0, 0, 0, 0, time.UTC)},
		{"first and last instant", `["0001-01-01T00:00:00Z","9999-12-31T23:59:59.9999999Z"]`, []time.Time{{}, time.Date(9999, 12, 31, 23, 59, 59, 999999900, time.UTC)}},
		{"duration", `"1.02:03:04.5000000"`, 26*time.Hour + 3*time.Minute + 4500*time.Millisecond},
		{"duration with fewer decimals", `"00:00:00.5"`, 500 * time.Millisecond},
		{"negative duration", `"-00:00:01"`, -time.Second},
		{"duration of hours and minutes", `"01:02"`, time.Hour + 2*time.Minute},
		{"duration of days", `"3"`, 72 * time.Hour},
		{"longest duration", `"106751.23:47:16.8547758"`, time.Duration(math.MaxInt64 - 7)},
		{"64 levels", strings.Repeat("[", 63) + "[]" + strings.Repeat("]", 63), stdjson.RawMessage(strings.Repeat("[", 63) + "[]" + strings.Repeat("]", 63))},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := reflect.New(reflect.TypeOf(test.want))
			if err := (JSON{}).Unmarshal(Raw(test.in), got.Interface()); err != nil {
				t.Fatal(err)
			}
			exported := cmp.Exporter(func(reflect.Type) bool { return true })
			equal := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
			addr := cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
			want, have := test.want, got.Elem().Interface()
			if d, ok := have.(derived); ok { // what the pointer was made for
				if d.Custom == nil || d.Custom.Name != "n" {
					t.Errorf("got %+v behind the embedded pointer", d.Custom)
				}
				d.Custom = nil
				have = d
			}
			if diff := cmp.Diff(want, have, exported, equal, addr); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestJSONValuesRefusedOnRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, in string
		into     any
		want     string
	}{
		{"quoted number", `"1"`, ptr(0), "a string does not fit int"},
		{"1.0 for an int", `1.0`, ptr(0), "the number 1.0 does not fit int"},
		{"1e2 for an int", `1e2`, ptr(0), "the number 1e2 does not fit int"},
		{"null for an int", `null`, ptr(0), "null does not fit int"},
		{"true for an int", `true`, ptr(0), "a boolean does not fit int"},
		{"too large an int32", `2147483648`, ptr(int32(0)), "the number 2147483648 does not fit int32"},
		{"too large an int64", `9223372036854775808`, ptr(int64(0)), "the number 9223372036854775808 does not fit int64"},
		{"negative for unsigned", `-1`, ptr(uint8(0)), "the number -1 does not fit uint8"},
		{"a very long number", strings.Repeat("1", 1000), ptr(0), "a number of 1000 characters does not fit int"},
		{"quoted float", `"1.5"`, ptr(0.0), "a string does not fit float64"},
		{"null for a float", `null`, ptr(0.0), "null does not fit float64"},
		{"1e400", `1e400`, ptr(0.0), "the number 1e400 does not fit float64"},
		{"-1e400", `-1e400`, ptr(0.0), "the number -1e400 does not fit float64"},
		{"too large a float32", `1e39`, ptr(float32(0)), "the number 1e39 does not fit float32"},
		{"NaN in quotes", `"NaN"`, ptr(0.0), "a string does not fit float64"},
		{"quoted bool", `"true"`, ptr(false), "a string does not fit bool"},
		{"null for a bool", `null`, ptr(false), "null does not fit bool"},
		{"number for a string", `1`, ptr(""), "a number does not fit string"},
		{"bool for a string", `true`, ptr(""), "a boolean does not fit string"},
		{"object for a string", `{}`, ptr(""), "an object does not fit string"},
		{"lone surrogate", `"\ud800"`, ptr(""), "the string is not valid Unicode"},
		{"lone low surrogate", `"\udc00x"`, ptr(""), "the string is not valid Unicode"},
		{"invalid UTF-8", "\"\xff\"", ptr(""), "the string is not valid Unicode"},
		{"invalid UTF-8 in a raw value", "[\"\xff\"]", &Raw{}, "the value is not UTF-8"},
		{"invalid UTF-8 in a name", "{\"\xff\":1}", &map[string]int{}, "the value is not UTF-8"},
		{"base64 without padding", `"AQI"`, &[]byte{}, "the string is not base64"},
		{"base64 with bits to spare", `"AQJ="`, &[]byte{}, "the string is not base64"},
		{"base64 for URLs", `"AQ-_"`, &[]byte{}, "the string is not base64"},
		{"base64 twice", `"AQ==AQ=="`, &[]byte{}, "the string is not base64"},
		{"list for bytes", `[1,2]`, &[]byte{}, "an array does not fit []uint8"},
		{"too many bytes for an array", `"AQID"`, &[2]byte{}, "a string of 3 bytes does not fit [2]uint8"},
		{"null for an array of bytes", `null`, &[2]byte{}, "null does not fit [2]uint8"},
		{"object for a list", `{}`, &[]int{}, "an object does not fit []int"},
		{"null in a list", `[1,null]`, &[]int{}, "[1]: null does not fit int"},
		{"too few for an array", `[1]`, &[2]int{}, "an array of 1 elements does not fit [2]int"},
		{"too many for an array", `[1,2,3]`, &[2]int{}, "an array of 3 elements does not fit [2]int"},
		{"null for an array", `null`, &[2]int{}, "null does not fit [2]int"},
		{"list for a map", `[]`, &map[string]int{}, "an array does not fit map[string]int"},
		{"null in a map", `{"a":null}`, &map[string]int{}, "a: null does not fit int"},
		{"list for an object", `[]`, &complexObject{}, "an array does not fit protocol.complexObject"},
		{"null for an object", `null`, &Custom{}, "null does not fit protocol.Custom"},
		{"number for a list in an object", `{"intArray":5}`, &complexObject{}, "intArray: a number does not fit []int"},
		{"null for an int in an object in an object", `{"nested":{"value":null}}`, &complexObject{}, "nested.value: null does not fit int"},
		{"deep down", `{"Children":[{},{"VALUE":"x"}]}`, &complexObject{}, "Children[1].VALUE: a string does not fit int"},
		{"interface with methods", `1`, ptr(stdjson.Marshaler(nil)), "a number does not fit json.Marshaler"},
		{"function", `1`, ptr(func() {}), "a number does not fit func()"},
		{"name of no enum", `"Green"`, ptr(blue), "no such color"},
		{"null for an enum", `null`, ptr(blue), "null does not fit protocol.color"},
		{"key of no enum", `{"Green":1}`, &map[color]int{}, "Green: no such color"},
		{"no number in quotes", `{"D":"x"}`, &struct {
			D int `json:",string"`
		}{}, "D: the text in quotes does not fit int"},
		{"number without quotes", `{"D":1}`, &struct {
			D int `json:",string"`
		}{}, "D: a number does not fit int"},
		{"blank for T", `"2020-01-02 03:04:05Z"`, &time.Time{}, `"2020-01-02 03:04:05Z" is not a date and time`},
		{"not JSON", `nul`, ptr(""), "the value is not JSON"},
		{"two values", `1 2`, ptr(0), "the value is not JSON"},
		{"nothing", ``, ptr(0), "the value is not JSON"},
		{"list that breaks off", `[1`, &[]int{}, "the value is not JSON"},
		{"65 levels", strings.Repeat("[", 65) + strings.Repeat("]", 65), ptr(any(nil)), "the value is not JSON"},
		{"no pointer", `1`, 5, "cannot unmarshal into int: not a pointer, or nil"},
		{"nil pointer", `1`, (*int32)(nil), "cannot unmarshal into *int32: not a pointer, or nil"},
		{"nil", `1`, nil, "cannot unmarshal into <nil>: not a pointer, or nil"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := JSON{}.Unmarshal(Raw(test.in), test.into)
			if err == nil || !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("got %v into %v, want %s", err, test.into, test.want)
			}
		})
	}
	for _, in := range []string{
		"2020-01-02T03:04:05z", "2020-01-02T03:04:05,5Z", "2020-01-02T03:04:05+0200", "2020-01-02T24:00:00Z", "2020-01-02T03:60:00Z",
		"2020-01-02T03:04:60Z", "2020-02-30", "2021-02-29", "2020-13-01", "2020-00-01", "2020-01-00", "0000-01-01", "20200102", "2020-1-2", "", "T", "2020",
		"2020-01-02T", "2020-01-02T03", "2020-01-02T03Z", "2020-01-02Z", "2020-01-02T03:04:05.", "2020-01-02T03:04:05.12345678901234567Z",
		"2020-01-02T03:04:05+14:01", "2020-01-02T03:04:05+15", "2020-01-02T03:04:05+01:60", "2020-01-02T03:04:05+1", "2020-01-02T03:04:05 Z",
		"0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "+2020-01-02", " 2020-01-02", "2020-01-02T03:04:05ZZ",
	} {
		if got, ok := parseDateTime([]byte(in)); ok {
			t.Errorf("%q: got %v", in, got)
		}
	}
	for _, in := range []string{
		"24:00:00", "00:60:00", "00:00:60", "00:00:00.12345678", "00:00:00.", "", "-", "1.", "1.2", ":", "01:", "01:02:", "+01:02", " 01:02", "01:02 ",
		"200000", "106751.23:47:16.9", "106752", "1:2:3:4", "a", "--1",
	} {
		if got, ok := parseTimeSpan([]byte(in)); ok {
			t.Errorf("%q: got %v", in, got)
		}
	}
}

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
