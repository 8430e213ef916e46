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

	"github.com/google/go-cmp/cmp"
)

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
		{"pointer to a list", `[]`, new([]int{})},
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
		}{5, new(uint8(6))}},
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
		{"quoted number", `"1"`, new(0), "a string does not fit int"},
		{"1.0 for an int", `1.0`, new(0), "the number 1.0 does not fit int"},
		{"1e2 for an int", `1e2`, new(0), "the number 1e2 does not fit int"},
		{"null for an int", `null`, new(0), "null does not fit int"},
		{"true for an int", `true`, new(0), "a boolean does not fit int"},
		{"too large an int32", `2147483648`, new(int32(0)), "the number 2147483648 does not fit int32"},
		{"too large an int64", `9223372036854775808`, new(int64(0)), "the number 9223372036854775808 does not fit int64"},
		{"negative for unsigned", `-1`, new(uint8(0)), "the number -1 does not fit uint8"},
		{"a very long number", strings.Repeat("1", 1000), new(0), "a number of 1000 characters does not fit int"},
		{"quoted float", `"1.5"`, new(0.0), "a string does not fit float64"},
		{"null for a float", `null`, new(0.0), "null does not fit float64"},
		{"1e400", `1e400`, new(0.0), "the number 1e400 does not fit float64"},
		{"-1e400", `-1e400`, new(0.0), "the number -1e400 does not fit float64"},
		{"too large a float32", `1e39`, new(float32(0)), "the number 1e39 does not fit float32"},
		{"NaN in quotes", `"NaN"`, new(0.0), "a string does not fit float64"},
		{"quoted bool", `"true"`, new(false), "a string does not fit bool"},
		{"null for a bool", `null`, new(false), "null does not fit bool"},
		{"number for a string", `1`, new(""), "a number does not fit string"},
		{"bool for a string", `true`, new(""), "a boolean does not fit string"},
		{"object for a string", `{}`, new(""), "an object does not fit string"},
		{"lone surrogate", `"\ud800"`, new(""), "the string is not valid Unicode"},
		{"lone low surrogate", `"\udc00x"`, new(""), "the string is not valid Unicode"},
		{"invalid UTF-8", "\"\xff\"", new(""), "the string is not valid Unicode"},
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
		{"interface with methods", `1`, new(stdjson.Marshaler(nil)), "a number does not fit json.Marshaler"},
		{"function", `1`, new(func() {}), "a number does not fit func()"},
		{"name of no enum", `"Green"`, new(blue), "no such color"},
		{"null for an enum", `null`, new(blue), "null does not fit protocol.color"},
		{"key of no enum", `{"Green":1}`, &map[color]int{}, "Green: no such color"},
		{"no number in quotes", `{"D":"x"}`, &struct {
			D int `json:",string"`
		}{}, "D: the text in quotes does not fit int"},
		{"number without quotes", `{"D":1}`, &struct {
			D int `json:",string"`
		}{}, "D: a number does not fit int"},
		{"blank for T", `"2020-01-02 03:04:05Z"`, &time.Time{}, `"2020-01-02 03:04:05Z" is not a date and time`},
		{"not JSON", `nul`, new(""), "the value is not JSON"},
		{"two values", `1 2`, new(0), "the value is not JSON"},
		{"nothing", ``, new(0), "the value is not JSON"},
		{"list that breaks off", `[1`, &[]int{}, "the value is not JSON"},
		{"65 levels", strings.Repeat("[", 65) + strings.Repeat("]", 65), new(any(nil)), "the value is not JSON"},
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
