package protocol

import (
	"bytes"
	"encoding/hex"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"
)

// generated has the methods that msgp generates: it is its number, alone.
type generated struct{ n int }

func (g *generated) MarshalMsg(b []byte) ([]byte, error) { return msgp.AppendInt(b, g.n), nil }

func (g *generated) UnmarshalMsg(b []byte) (rest []byte, err error) {
	g.n, rest, err = msgp.ReadIntBytes(b)
	return rest, err
}

func TestMessagePackValuesWritten(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		value any
		want  string
	}{
		{"nil", nil, "c0"},
		{"string", "hi", "a2 6869"},
		{"invalid UTF-8", "a\xffb", "a5 61efbfbd62"},
		{"string of 32", strings.Repeat("x", 32), "d920" + strings.Repeat("78", 32)},
		{"string of 256", strings.Repeat("x", 256), "da0100" + strings.Repeat("78", 256)},
		{"named string", stringEnum("a"), "a161"},
		{"bool", false, "c2"},
		{"0", 0, "00"},
		{"127", 127, "7f"},
		{"128", int16(128), "cc80"},
		{"256", uint16(256), "cd0100"},
		{"2^16", 1 << 16, "ce00010000"},
		{"2^32", int64(1 << 32), "cf0000000100000000"},
		{"2^63-1", int64(math.MaxInt64), "cf7fffffffffffffff"},
		{"2^64-1", uint64(math.MaxUint64), "cfffffffffffffffff"},
		{"-1", -1, "ff"},
		{"-32", int8(-32), "e0"},
		{"-33", int32(-33), "d0df"},
		{"-129", -129, "d1ff7f"},
		{"-2^15-1", -1<<15 - 1, "d2ffff7fff"},
		{"-2^63", int64(math.MinInt64), "d38000000000000000"},
		{"plain enum is its number", plainEnum(3), "03"},
		{"enum with names is its name", blue, "a4426c7565"},
		{"float64", 1.5, "cb3ff8000000000000"},
		{"whole float64", 2.0, "cb4000000000000000"},
		{"float32", float32(1.5), "ca3fc00000"},
		{"NaN", math.Inf(1), "cb7ff0000000000000"},
		{"complex number", 1.5 + 2i, "92 cb3ff8000000000000 cb4000000000000000"},
		{"bytes", []byte{1, 2}, "c4020102"},
		{"nil bytes", []byte(nil), "c400"},
		{"array of bytes", [2]byte{1, 2}, "c4020102"},
		{"list", []int{1, 2}, "920102"},
		{"list of 16", make([]int, 16), "dc0010" + strings.Repeat("00", 16)},
		{"nil list", []int(nil), "90"},
		{"nil pointer to a list", (*[]int)(nil), "c0"},
		{"array", [2]string{"a", "b"}, "92a161a162"},
		{"map, sorted", map[string]int{"b": 2, "a": 1}, "82a16101a16202"},
		{"nil map", map[string]int(nil), "80"},
		{"map with numbers for keys", map[int]string{1: "a", -1: "b"}, "8201a161ffa162"},
		{"map with any key", map[any]any{true: nil, "a": 1}, "82a16101c3c0"},
		{"object by exact names", Custom{"n", 1}, "82 a44e616d65 a16e a556616c7565 01"},
		{"object in any", []any{&Custom{}}, "91 82 a44e616d65 a0 a556616c7565 00"},
		{"embedded fields", derived{base: base{1, "x"}, Custom: &Custom{"n", 2}, Shared: "s", Tagged: 3}, "85 a6426173654944 01 a44e616d65 a16e a556616c7565 02 a6536861726564 a173 a54f54484552 03"},
		{"embedded nil pointer", derived{Empty: 1}, "84 a6426173654944 00 a6536861726564 a0 a54f54484552 00 a5456d707479 01"},
		{"recursive type", node{1, &node{Value: 2}, nil, nil}, "84 a556616c7565 01 a44e657874 84 a556616c7565 02 a44e657874 c0 a44b696473 90 a44d6f7265 80 a44b696473 90 a44d6f7265 80"},
		{"object as array", tuple{Left: 1, Right: "r"}, "9201a172"},
		{"whole seconds", time.Unix(1700000000, 99), "d6ff6553f100"},
		{"seconds of 2106", time.Unix(math.MaxUint32, 0), "d6ffffffffff"},
		{"seconds behind 2106", time.Unix(math.MaxUint32+1, 0), "d7ff0000000100000000"},
		{"a tick", time.Unix(0, 199).In(time.FixedZone("", 3600)), "d7ff 00000190 00000000"},
		{"behind 2514", time.Unix(1<<34, 0), "c70cff000000000000000400000000"},
		{"before 1970", time.Unix(-1, 0), "c70cff00000000ffffffffffffffff"},
		{"zero time", time.Time{}, "c70cff00000000fffffff1886e0900"},
		{"duration", time.Second, "ce00989680"},
		{"text methods", netip.MustParseAddr("1.2.3.4"), "a7312e322e332e34"},
		{"generated methods", &generated{300}, "d1012c"},
		{"raw", Raw("\x91\xc0"), "91c0"},
		{"raw of msgp", msgp.Raw("\x91\xc0"), "91c0"},
		{"nil raw", []any{Raw(nil)}, "91c0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := MessagePack{}.appendValue([]byte("-"), test.value)
			if want := append([]byte("-"), unhex(t, test.want)...); err != nil || !bytes.Equal(got, want) {
				t.Errorf("got %x, %v, want %x", got, err, want)
			}
		})
	}
}

func TestMessagePackValuesRefusedOnWrite(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		value any
		want  string
	}{
		{"function", func() {}, "func() has no form in MessagePack"},
		{"inside", map[string]any{"a": []any{1, struct{ F chan int }{}}}, "a[1].F: chan int has no form in MessagePack"},
		{"a key", map[any]int{color(7): 1}, "7: no color 7"},
		{"501 levels", nested(501), "more than 500 levels"},
		{"ring of pointers", ring(), "the value refers to itself"},
		{"enum without a name", color(7), "no color 7"},
		{"raw that is two values", Raw("\x01\x02"), "the raw value is not one MessagePack value"},
		{"raw that breaks off", Raw("\x92\x01"), "the raw value is not one MessagePack value"},
		{"two fields with one name", struct {
			A int `msgpack:"B"`
			C int `msgpack:"B"`
		}{}, `has two fields called "B"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := MessagePack{}.appendValue(nil, test.value)
			if err == nil || !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("got %x, %v, want %s", got, err, test.want)
			}
		})
	}
	if _, err := (MessagePack{}).appendValue(nil, nested(500)); err != nil {
		t.Errorf("500 levels: %v", err)
	}
}

func TestMessagePackValuesRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, in string
		want     any
	}{
		{"string", "a26869", "hi"},
		{"nil string", "c0", ""},
		{"long string", "db0000000161", "a"},
		{"invalid UTF-8, byte by byte", "a3 edb080", "\ufffd\ufffd\ufffd"},
		{"invalid UTF-8, a part that breaks off", "a4 61e28262", "a\ufffdb"},
		{"invalid UTF-8, at the end", "a3 f09f98", "\ufffd"},
		{"invalid UTF-8, no lead bytes", "a3 80fff5", "\ufffd\ufffd\ufffd"},
		{"named string", "a161", stringEnum("a")},
		{"bool", "c3", true},
		{"fixint", "7f", 127},
		{"negative fixint", "ff", -1},
		{"uint 8", "cc01", 1},
		{"uint 16", "cd0001", int8(1)},
		{"uint 32", "ce00000001", int32(1)},
		{"uint 64", "cf0000000000000001", int64(1)},
		{"int 8", "d080", int8(-128)},
		{"int 16", "d10001", uint8(1)},
		{"int 32", "d280000000", math.MinInt32},
		{"int 64", "d3ffffffff80000000", int32(math.MinInt32)},
		{"uint64", "cfffffffffffffffff", uint64(math.MaxUint64)},
		{"plain enum", "03", plainEnum(3)},
		{"enum with names", "a4426c7565", blue},
		{"float64", "cb3ff8000000000000", 1.5},
		{"float32 for float64", "ca3fc00000", 1.5},
		{"float64 for float32", "cb3ff8000000000000", float32(1.5)},
		{"too large a float32", "cb7e37e43c8800759c", float32(math.Inf(1))},
		{"integer for a float", "ff", -1.0},
		{"unsigned integer for a float", "cfffffffffffffffff", float64(math.MaxUint64)},
		{"complex number", "9201ca3fc00000", 1 + 1.5i},
		{"bytes", "c4020102", []byte{1, 2}},
		{"str for bytes", "a26162", []byte("ab")},
		{"integers for bytes", "92cd0001d001", []byte{1, 1}},
		{"nil bytes", "c0", []byte(nil)},
		{"no bytes", "c400", []byte{}},
		{"array of bytes", "c4020102", [2]byte{1, 2}},
		{"list", "920102", []int{1, 2}},
		{"long list", "dd000000020102", []int{1, 2}},
		{"empty list", "90", []int{}},
		{"nil list", "c0", []int(nil)},
		{"nil pointer to a list", "c0", (*[]int)(nil)},
		{"array", "92a161a162", [2]string{"a", "b"}},
		{"map", "82a16101a16202", map[string]int{"b": 2, "a": 1}},
		{"nil map", "c0", map[string]int(nil)},
		{"map with any key", "8301a161c3a162a163c0", map[any]any{int64(1): "a", true: "b", "c": nil}},
		{"object", "82 a44e616d65 a16e a556616c7565 01", Custom{"n", 1}},
		{"object, by case", "82 a46e616d65 a16e a556616c7565 01", Custom{"", 1}},
		{"object, unknown member", "82 a178 92c0c0 a556616c7565 01", Custom{"", 1}},
		{"object, last of two", "82 a556616c7565 01 a556616c7565 02", Custom{"", 2}},
		{"object, last of two objects is all there is", "82 a64e6573746564 81a556616c756501 a64e6573746564 81a44e616d65a178", complexObject{Nested: &Custom{Name: "x"}}},
		{"nil pointer", "c0", (*Custom)(nil)},
		{"nil elements", "92c080", []*Custom{nil, {}}},
		{"object as array", "9201a172", tuple{Left: 1, Right: "r"}},
		{"object as array, fewer", "9101", tuple{Left: 1}},
		{"object as array, more", "9301a172c0", tuple{Left: 1, Right: "r"}},
		{"recursive type", "82 a556616c7565 01 a44e657874 81a556616c756502", node{Value: 1, Next: &node{Value: 2}}},
		{"timestamp of 4 bytes", "d6ff6553f100", time.Unix(1700000000, 0)},
		{"timestamp of 8 bytes", "d7ff773594006553f100", time.Unix(1700000000, 5e8)},
		{"timestamp of 12 bytes", "c70cff00000000fffffff1886e0900", time.Time{}},
		{"timestamp of 4 bytes, framed long", "c704ff6553f100", time.Unix(1700000000, 0)},
		{"timestamp of 8 bytes, framed longer", "c80008ff773594006553f100", time.Unix(1700000000, 5e8)},
		{"timestamp, cut to ticks", "d7ff0000031800000000", time.Unix(0, 100)},
		{"timestamp of more than a second of nanoseconds", "c70cff3b9aca000000000000000000", time.Unix(1, 0)},
		{"timestamp and offset", "92 d6ff6553f100 3c", time.Unix(1700000000-3600, 0)},
		{"timestamp and negative offset", "92 d6ff6553f100 d0a6", time.Unix(1700000000+5400, 0)},
		{"timestamp and no offset", "92 d6ff6553f100 00", time.Unix(1700000000, 0)},
		{"duration", "ce00989680", time.Second},
		{"text methods", "a7312e322e332e34", netip.MustParseAddr("1.2.3.4")},
		{"generated methods", "d1012c", generated{300}},
		{"raw", "9201c0", Raw("\x92\x01\xc0")},
		{"raw of msgp", "9201c0", msgp.Raw("\x92\x01\xc0")},
		{"500 levels", strings.Repeat("91", 500) + "01", nested(500)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := reflect.New(reflect.TypeOf(test.want))
			if test.name == "500 levels" {
				got = reflect.ValueOf(new(any))
				test.want = "a list"
			}
			if err := (MessagePack{}).Unmarshal(unhex(t, test.in), got.Interface()); err != nil {
				t.Fatal(err)
			}
			have := got.Elem().Interface()
			if _, ok := have.([]any); ok {
				have = "a list"
			}
			exported := cmp.Exporter(func(reflect.Type) bool { return true })
			equal := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
			addr := cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
			if diff := cmp.Diff(test.want, have, exported, equal, addr); diff != "" {
				t.Error(diff)
			}
			if at, ok := have.(time.Time); ok && at.Location() != time.UTC && test.in[:2] != "92" {
				t.Errorf("got a time in %v", at.Location())
			}
		})
	}
}

func TestMessagePackValuesRefusedOnRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, in string
		into     any
		want     string
	}{
		{"bin for a string", "c40161", new(""), "binary data does not fit string"},
		{"integer for a string", "01", new(""), "an integer does not fit string"},
		{"float for an int", "ca3f800000", new(0), "a float does not fit int"},
		{"nil for an int", "c0", new(0), "nil does not fit int"},
		{"bool for an int", "c3", new(0), "a boolean does not fit int"},
		{"too large an int8", "cc80", new(int8(0)), "the number 128 does not fit int8"},
		{"too large an int64", "cfffffffffffffffff", new(int64(0)), "an integer does not fit int64"},
		{"too large a uint8", "cd0100", new(uint8(0)), "the number 256 does not fit uint8"},
		{"negative for unsigned", "ff", new(uint64(0)), "an integer does not fit uint64"},
		{"integer for a bool", "01", new(false), "an integer does not fit bool"},
		{"nil for a bool", "c0", new(false), "nil does not fit bool"},
		{"string for a float", "a131", new(0.0), "a string does not fit float64"},
		{"nil for a float", "c0", new(0.0), "nil does not fit float64"},
		{"three parts of a complex number", "93010203", new(1i), "an array of 3 elements does not fit complex128"},
		{"large integers for bytes", "92 01 cd0100", &[]byte{}, "[1]: the number 256 does not fit uint8"},
		{"map for bytes", "80", &[]byte{}, "a map does not fit []uint8"},
		{"too many bytes for an array", "c403010203", &[2]byte{}, "3 bytes does not fit [2]uint8"},
		{"nil for an array of bytes", "c0", &[2]byte{}, "nil does not fit [2]uint8"},
		{"map for a list", "80", &[]int{}, "a map does not fit []int"},
		{"nil in a list", "9201c0", &[]int{}, "[1]: nil does not fit int"},
		{"too few for an array", "9101", &[2]int{}, "an array of 1 elements does not fit [2]int"},
		{"nil for an array", "c0", &[2]int{}, "nil does not fit [2]int"},
		{"list for a map", "90", &map[string]int{}, "an array does not fit map[string]int"},
		{"a key twice", "82a16101a16102", &map[string]int{}, "a: the key is there twice"},
		{"a key twice, any", "82a16101a16102", new(any(nil)), "a: the key is there twice"},
		{"a number as key twice, any", "820101d00102", new(any(nil)), "1: the key is there twice"},
		{"a key of the wrong kind", "810101", &map[string]int{}, "<key>: an integer does not fit string"},
		{"a list as key", "819001", new(any(nil)), "a []interface {} cannot be a key"},
		{"a list as key of any", "819001", &map[any]int{}, "a key that cannot be compared does not fit map[interface {}]int"},
		{"array for an object", "90", &Custom{}, "an array does not fit protocol.Custom"},
		{"nil for an object", "c0", &Custom{}, "nil does not fit protocol.Custom"},
		{"integer as a name", "810101", &Custom{}, "<key>: an integer does not fit string"},
		{"nil as a name", "81c001", &Custom{}, "<key>: nil does not fit string"},
		{"deep down", "81 a84368696c6472656e 92 80 81a556616c7565a178", &complexObject{}, "Children[1].Value: a string does not fit int"},
		{"map for an object as array", "80", &tuple{}, "a map does not fit protocol.tuple"},
		{"integer for an enum", "01", new(blue), "an integer does not fit protocol.color"},
		{"nil for an enum", "c0", new(blue), "nil does not fit protocol.color"},
		{"name of no enum", "a3526564", new(stringless{}), "no names"},
		{"string for a time", "b4 323030322d30342d30315431303a32303a31355a", &time.Time{}, "a string does not fit time.Time"},
		{"integer for a time", "ce3ca8345f", &time.Time{}, "an integer does not fit time.Time"},
		{"nil for a time", "c0", &time.Time{}, "nil does not fit time.Time"},
		{"another extension for a time", "d6013ca8345f", &time.Time{}, "an extension does not fit time.Time"},
		{"timestamp of a byte", "d4ff00", &time.Time{}, "an extension does not fit time.Time"},
		{"year 10000", "c70cff000000000000003afff44180", &time.Time{}, "a timestamp of 253402300800 seconds does not fit time.Time"},
		{"an offset too far", "92 d6ff6553f100 cd0349", &time.Time{}, "an offset of 841 minutes does not fit time.Time"},
		{"an offset alone", "92 3c 3c", &time.Time{}, "an integer does not fit time.Time"},
		{"three parts of a time", "93 d6ff6553f100 00 00", &time.Time{}, "an array of 3 elements does not fit time.Time"},
		{"too long a duration", "cf7fffffffffffffff", new(time.Duration(0)), "the number 9223372036854775807 does not fit time.Duration"},
		{"another extension for any", "d60100000000", new(any(nil)), "an extension does not fit time.Time"},
		{"interface with methods", "01", new(msgp.Marshaler(nil)), "an integer does not fit msgp.Marshaler"},
		{"function", "01", new(func() {}), "an integer does not fit func()"},
		{"unused format", "c1", new(any(nil)), "the value is not MessagePack"},
		{"nothing", "", new(""), "the value is not MessagePack"},
		{"two values", "0102", new(0), "the value is not MessagePack"},
		{"more elements than bytes", "ddffffffff01", &[]int{}, "the value is not MessagePack"},
		{"more pairs than bytes", "dfffffffff0101", &map[int]int{}, "the value is not MessagePack"},
		{"list that breaks off", "9201", &[]int{}, "the value is not MessagePack"},
		{"501 levels", strings.Repeat("91", 501) + "01", new(any(nil)), strings.Repeat("[0]", 500) + ": the value is not MessagePack"},
		{"501 levels, raw", strings.Repeat("91", 501) + "01", &Raw{}, "the value is not MessagePack"},
		{"no pointer", "01", 5, "cannot unmarshal into int: not a pointer, or nil"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := MessagePack{}.Unmarshal(unhex(t, test.in), test.into)
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v into %v, want %s", err, test.into, test.want)
			}
		})
	}
}

// stringless is an enumeration without members.
type stringless struct{}

func (*stringless) UnmarshalText([]byte) error { return errNoNames }

var errNoNames = &Error{Text: "no names"}

func TestMessagePackAny(t *testing.T) {
	t.Parallel()
	in := "8a" + // of everything something
		"a16101 a162ff a163cfffffffffffffffff a164ca3fc00000 a165cb3ff8000000000000 a166c4020102 a167d6ff6553f100" +
		"a16892c3c0 a169 8201a16102a162 a16a 81a161a162"
	var x any
	if err := (MessagePack{}).Unmarshal(unhex(t, in), &x); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"a": int64(1), "b": int64(-1), "c": uint64(math.MaxUint64), "d": float32(1.5), "e": 1.5, "f": []byte{1, 2}, "g": time.Unix(1700000000, 0).UTC(),
		"h": []any{true, nil}, "i": map[any]any{int64(1): "a", int64(2): "b"}, "j": map[string]any{"a": "b"},
	}
	if diff := cmp.Diff(want, x); diff != "" {
		t.Error(diff)
	}
	out, err := MessagePack{}.appendValue(nil, x)
	if echo := strings.ReplaceAll(in, " ", ""); err != nil || hex.EncodeToString(out) != echo {
		t.Errorf("got %x, %v, want %s", out, err, echo)
	}
	// A key that is no string may come late.
	if err := (MessagePack{}).Unmarshal(unhex(t, "83a1610102a162a16303"), &x); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[any]any{"a": int64(1), int64(2): "b", "c": int64(3)}, x); diff != "" {
		t.Error(diff)
	}
}

func TestMessagePackOptions(t *testing.T) {
	t.Parallel()
	p := NewMessagePack(
		MarshalMessagePackFunc(func(dst []byte, c Custom) ([]byte, error) { return msgp.AppendString(dst, c.Name), nil }),
		UnmarshalMessagePackFunc(func(data []byte, c *Custom) (err error) {
			c.Name, _, err = msgp.ReadStringBytes(data)
			return err
		}),
	)
	raw, err := p.appendValue(nil, []Custom{{Name: "a"}, {Name: "b"}})
	if want := "92a161a162"; err != nil || hex.EncodeToString(raw) != want {
		t.Errorf("got %x, %v, want %s", raw, err, want)
	}
	var got []*Custom
	if err := p.Unmarshal(raw, &got); err != nil || len(got) != 2 || got[1].Name != "b" {
		t.Errorf("got %v, %v", got, err)
	}
	bad := NewMessagePack(MarshalMessagePackFunc(func(dst []byte, _ int) ([]byte, error) { return append(dst, 1, 2), nil }))
	if _, err := bad.appendValue(nil, 1); err == nil {
		t.Error("a function may write more than a value")
	}
}
