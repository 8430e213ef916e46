package golden

import (
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMessagePackThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, bytes string }{
		{"nothing", ""},
		{"bytes behind the value", "0101"},
		{"the format that does not exist", "c1"},
		{"uint 64 cut short", "cf00000000"},
		{"str cut short", "a361"},
		{"a size cut short", "da00"},
		{"array with an item missing", "9201"},
		{"map with a value missing", "81a161"},
		{"ext without data", "d6ff3ca8"},
		{"array of four billion", "ddffffffff"},
		{"nested without end", strings.Repeat("91", 200) + "01"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b, err := hex.DecodeString(tc.bytes)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := parseMessagePack(b); err == nil {
				t.Errorf("got %v, want an error", v)
			}
		})
	}
}

func TestEncodeIsAsShortAsClientsWrite(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, notation, want string }{
		{"message", `[3,{},"s1",3,"yes"]`, "950380a2733103a3796573"},
		{
			"integers", `[0,127,128,256,65536,{"$int":"4294967296"},-1,-32,-33,-129,-32769,{"$int":"-2147483649"}]`,
			"9c007fcc80cd0100ce00010000cf0000000100000000ffe0d0dfd1ff7fd2ffff7fffd3ffffffff7fffffff",
		},
		{"floats", `[{"$f32":1.5},{"$f64":"-0"},{"$f64":"NaN"}]`, "93ca3fc00000cb8000000000000000cb7ff8000000000001"},
		{
			"others", `[null,true,false,{"$bin":"0102"},{"$ext":[-1,"65920080"]},{"$ext":[5,"010203"]}]`,
			"96c0c3c2c4020102d6ff65920080c70305010203",
		},
		{"maps", `{"$map":[[1,"a"],[1,"b"]]}`, "8201a16101a162"},
		{"bytes to copy", `[{"$hex":"cc01"},2]`, "92cc0102"},
		{"a longer string", `"` + strings.Repeat("x", 32) + `"`, "d920" + strings.Repeat("78", 32)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tree, err := parseJSON([]byte(tc.notation))
			if err != nil {
				t.Fatal(err)
			}
			v, err := fromNotation(tree)
			if err != nil {
				t.Fatal(err)
			}
			b, err := appendMessagePack(nil, v)
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(b); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestNotationThatMeansNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`1.5`, `{"$f64":true}`, `{"$f32":"x"}`, `{"$int":5}`, `{"$bin":1}`, `{"$ext":[1]}`, `{"$ext":[1,2]}`,
		`{"$ext":[200,"00"]}`, `{"$map":[1]}`, `{"$map":{}}`, `{"$other":1}`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			tree, err := parseJSON([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if v, err := fromNotation(tree); err == nil {
				t.Errorf("got %v, want an error", v)
			}
		})
	}
}

// FuzzMessagePack: what can be read survives being written, in bytes and in notation.
func FuzzMessagePack(f *testing.F) {
	for _, seed := range []string{
		"950380a2733103a3796573", "9c007fcc80cd0100ce00010000cf0000000100000000ffe0d0dfd1ff7fd2ffff7fffd3ffffffff7fffffff",
		"93ca3fc00000cb8000000000000000cb7ff8000000000001", "96c0c3c2c4020102d6ff65920080c70305010203", "82c401ff01c0a0", "81a424696e7401",
		"ddffffffff", "dfffffffff", "c1",
	} {
		b, err := hex.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := parseMessagePack(b)
		if err != nil {
			return
		}
		written, err := appendMessagePack(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		if len(written) > len(b) {
			t.Errorf("written in %d bytes, read from %d", len(written), len(b))
		}
		again, err := parseMessagePack(written)
		if err != nil {
			t.Fatalf("reading %x: %v", written, err)
		}
		bindings, err := newBindings(nil, "h:1")
		if err != nil {
			t.Fatal(err)
		}
		if diff := bindings.compareValues(v, again); diff != "" {
			t.Errorf("bytes:\n%s", diff)
		}
		notation := toNotation(v)
		if !utf8.Valid(b) && strings.ContainsRune(notation, utf8.RuneError) || strings.Contains(notation, "\\ufffd") {
			return // JSON cannot hold such a string
		}
		tree, err := parseJSON([]byte(notation))
		if err != nil {
			t.Fatalf("%s: %v", notation, err)
		}
		if again, err = fromNotation(tree); err != nil {
			t.Fatalf("%s: %v", notation, err)
		}
		if diff := bindings.compareValues(v, again); diff != "" {
			t.Errorf("%s:\n%s", notation, diff)
		}
	})
}
