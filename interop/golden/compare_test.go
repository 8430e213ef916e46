package golden

import (
	"encoding/hex"
	"testing"
)

// rule is a case of the comparison that must be told apart: what passes and
// what does not.
type rule struct {
	name string
	want string
	got  string
	same bool
}

func TestJSONIsComparedByValue(t *testing.T) {
	t.Parallel()
	for _, tc := range []rule{
		{"order of properties is free", `{"a":1,"b":[{"c":2,"d":3}]}`, `{"b":[{"d":3,"c":2}],"a":1}`, true},
		{"blanks are free", `{"a":[1,2]}`, " { \"a\" : [ 1 ,\n2 ] } ", true},
		{"escapes are free", `{"a":"é<😀"}`, `{"\u0061":"\u00e9\u003C\uD83D\uDE00"}`, true},
		{"another string differs", `{"a":"x"}`, `{"a":"X"}`, false},
		{"a property too few", `{"a":1,"b":2}`, `{"a":1}`, false},
		{"a property too many", `{"a":1}`, `{"a":1,"b":null}`, false},
		{"a property twice", `{"a":1}`, `{"a":1,"a":1}`, false},
		{"null is not absent", `{"a":null}`, `{}`, false},
		{"null is not false", `{"a":null}`, `{"a":false}`, false},
		{"true is not false", `true`, `false`, false},
		{"order of items counts", `[1,2]`, `[2,1]`, false},
		{"an item too many", `[1]`, `[1,2]`, false},
		{"an item too few", `[1,2]`, `[1]`, false},
		{"an array is not an object", `[]`, `{}`, false},
		{"a number is not a string", `1`, `"1"`, false},
		{"numbers of another spelling", `[1,100,0.5,0,1e21]`, `[1.0,1e2,5E-1,-0,1000000000000000000000]`, true},
		{"another number", `1`, `2`, false},
		{"64-bit integers are not rounded", `9223372036854775807`, `9223372036854775806`, false},
		{"a long integer equals itself", `9223372036854775807`, `9223372036854775807`, true},
		{"integers beyond 64 bits are not rounded", `18446744073709551617`, `18446744073709551616`, false},
		{"spellings of the same double", `5e-324`, `4.94065645841247E-324`, true},
		{"neighbouring doubles differ", `0.1`, `0.10000000000000002`, false},
		{"numbers beyond the doubles", `1e400`, `1e401`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			want, err := parseJSON([]byte(tc.want))
			if err != nil {
				t.Fatal(err)
			}
			got, err := parseJSON([]byte(tc.got))
			if err != nil {
				t.Fatal(err)
			}
			checkRule(t, nil, tc.same, want, got)
		})
	}
}

func TestMessagePackIsComparedByWhatItSays(t *testing.T) {
	t.Parallel()
	for _, tc := range []rule{ // want in notation, got in bytes
		{"fixint", `1`, "01", true},
		{"the same in uint 8", `1`, "cc01", true},
		{"the same in uint 16", `1`, "cd0001", true},
		{"the same in uint 32", `1`, "ce00000001", true},
		{"the same in uint 64", `1`, "cf0000000000000001", true},
		{"the same in int 8", `1`, "d001", true},
		{"the same in int 16", `1`, "d10001", true},
		{"the same in int 32", `1`, "d200000001", true},
		{"the same in int 64", `1`, "d30000000000000001", true},
		{"negative fixint", `-1`, "ff", true},
		{"the same in int 64", `-1`, "d3ffffffffffffffff", true},
		{"another integer", `1`, "02", false},
		{"the longest integer", `{"$int":"18446744073709551615"}`, "cfffffffffffffffff", true},
		{"an integer that a double would round", `{"$int":"9223372036854775807"}`, "cf7ffffffffffffffe", false},
		{"an integer is not a float", `1`, "cb3ff0000000000000", false},
		{"a float is not an integer", `{"$f64":1}`, "01", false},
		{"float 64", `{"$f64":1.5}`, "cb3ff8000000000000", true},
		{"float 32", `{"$f32":1.5}`, "ca3fc00000", true},
		{"the width of a float counts", `{"$f64":1.5}`, "ca3fc00000", false},
		{"the value of a float counts", `{"$f64":1.5}`, "cb3ff8000000000001", false},
		{"not a number", `{"$f64":"NaN"}`, "cb7ff8000000000001", true},
		{"infinity", `{"$f32":"Infinity"}`, "ca7f800000", true},
		{"minus infinity is another", `{"$f32":"Infinity"}`, "caff800000", false},
		{"minus zero", `{"$f64":"-0"}`, "cb8000000000000000", true},
		{"zero is another", `{"$f64":"-0"}`, "cb0000000000000000", false},
		{"nil", `null`, "c0", true},
		{"nil is not false", `null`, "c2", false},
		{"true", `true`, "c3", true},
		{"fixstr", `"a"`, "a161", true},
		{"the same in str 8", `"a"`, "d90161", true},
		{"the same in str 16", `"a"`, "da000161", true},
		{"the same in str 32", `"a"`, "db0000000161", true},
		{"bin is not str", `"a"`, "c40161", false},
		{"bin", `{"$bin":"61"}`, "c40161", true},
		{"the same in bin 16", `{"$bin":"61"}`, "c5000161", true},
		{"str is not bin", `{"$bin":"61"}`, "a161", false},
		{"other bytes", `{"$bin":"61"}`, "c40162", false},
		{"invalid UTF-8 is not the replacement character", `"�"`, "a1ff", false},
		{"fixext", `{"$ext":[-1,"3ca8345f"]}`, "d6ff3ca8345f", true},
		{"the same in ext 8", `{"$ext":[-1,"3ca8345f"]}`, "c704ff3ca8345f", true},
		{"another type of extension", `{"$ext":[-1,"3ca8345f"]}`, "d6013ca8345f", false},
		{"other bytes of an extension", `{"$ext":[-1,"3ca8345f"]}`, "d6ff3ca83460", false},
		{"array", `[1,[2]]`, "92019102", true},
		{"the same in array 16", `[1]`, "dc000101", true},
		{"an item too few", `[1,2]`, "9101", false},
		{"order of map entries is free", `{"a":1,"b":2}`, "82a16202a16101", true},
		{"the same in map 16", `{"a":1}`, "de0001a16101", true},
		{"an entry too many", `{"a":1}`, "82a16101a16202", false},
		{"keys that are no strings", `{"$map":[[1,"a"],[2,"b"]]}`, "8202a16201a161", true},
		{"another such key", `{"$map":[[1,"a"]]}`, "8102a161", false},
		{"keys that repeat", `{"$map":[["a",1],["a",2]]}`, "82a16102a16101", true},
		{"keys that repeat, with another value", `{"$map":[["a",1],["a",2]]}`, "82a16101a16101", false},
		{"an array is not a map", `[]`, "80", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tree, err := parseJSON([]byte(tc.want))
			if err != nil {
				t.Fatal(err)
			}
			want, err := fromNotation(tree)
			if err != nil {
				t.Fatal(err)
			}
			b, err := hex.DecodeString(tc.got)
			if err != nil {
				t.Fatal(err)
			}
			got, err := parseMessagePack(b)
			if err != nil {
				t.Fatal(err)
			}
			checkRule(t, nil, tc.same, want, got)
		})
	}
}

func checkRule(t *testing.T, vars Vars, same bool, want, got any) {
	t.Helper()
	b, err := newBindings(vars, "127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	diff := b.compareValues(want, got)
	if same && diff != "" {
		t.Errorf("got a difference, want none:\n%s", diff)
	}
	if !same && diff == "" {
		t.Error("got no difference, want one")
	}
}

func TestADiffShowsOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	b, err := newBindings(Vars{{Name: "id", Pattern: "[a-z]+"}}, "h:1")
	if err != nil {
		t.Fatal(err)
	}
	want, err := parseJSON([]byte(`{"id":"<id>","n":1.0,"text":"old"}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseJSON([]byte(`{"text":"new","id":"abc","n":1}`))
	if err != nil {
		t.Fatal(err)
	}
	shownWant, ok := b.clone().matchValue(want, got)
	if ok {
		t.Fatal("got a match, want a difference")
	}
	for _, m := range shownWant.(Object) {
		if m.Key != "text" && m.Value == any("<id>") {
			t.Errorf("the diff would show %v, which fits", m.Key)
		}
	}
	if diff := b.compareValues(want, got); diff == "" {
		t.Error("got no difference, want one")
	}
	if _, bound := b.values["id"]; bound {
		t.Error("a message that differs has given a placeholder its value")
	}
}
