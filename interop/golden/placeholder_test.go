package golden

import (
	"strings"
	"testing"
)

var testVars = Vars{
	{Name: "id", Pattern: "[a-z]{3}"},
	{Name: "other", Pattern: "[a-z]{3}"},
	{Name: "?kind", Pattern: "[^ ]+"},
}

func testBindings(t *testing.T) *Bindings {
	t.Helper()
	b, err := newBindings(testVars, "127.0.0.1:5000")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	type match struct {
		want, got string
		ok        bool
	}
	for _, tc := range []struct {
		name    string
		matches []match // one after the other
	}{
		{"the first occurrence takes what is there", []match{{"<id>", "abc", true}}},
		{"what is there must fit the expression", []match{{"<id>", "abcd", false}, {"<id>", "ABC", false}}},
		{"later it stands for that value", []match{{"<id>", "abc", true}, {"<id>", "abc", true}, {"<id>", "abd", false}}},
		{"two names may have the same value", []match{{"<id>", "abc", true}, {"<other>", "abc", true}}},
		{"inside a longer text", []match{{"id=<id>&x", "id=abc&x", true}, {"<id>", "abc", true}}},
		{"the text around it must fit", []match{{"id=<id>&x", "id=abc&y", false}}},
		{"a text that does not fit leaves no value", []match{{"id=<id>&x", "id=abc&y", false}, {"<id>", "abd", true}}},
		{"several in one text", []match{{"<id>/<other>", "abc/def", true}, {"<other>-<id>", "def-abc", true}, {"<other>", "abc", false}}},
		{"the same twice in one text", []match{{"<id><id>", "abcdef", false}, {"<id><id>", "abcabc", true}}},
		{"a question mark is never remembered", []match{{"<?kind>: x", "A: x", true}, {"<?kind>: x", "B: x", true}, {"<?kind>: x", "B C: x", false}}},
		{"host is known from the start", []match{{"http://<host>/", "http://127.0.0.1:5000/", true}, {"http://<host>/", "http://127.0.0.1:5001/", false}}},
		{"another word is ordinary text", []match{{"<tag>", "<tag>", true}, {"<tag>", "abc", false}}},
		{"marks of expressions are ordinary text", []match{{"a.b* <id>", "a.b* abc", true}, {"a.b* <other>", "aXbb abc", false}}},
		{"line feeds are text", []match{{"<?kind>\n", "a\n", true}, {"<?kind>", "a\n", true}, {"<id>", "abc\n", false}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := testBindings(t)
			for _, m := range tc.matches {
				if got := b.match(m.want, m.got); got != m.ok {
					t.Errorf("match(%q, %q): got %v, want %v", m.want, m.got, got, m.ok)
				}
			}
		})
	}
}

func TestPlaceholdersInWhatIsSent(t *testing.T) {
	t.Parallel()
	b := testBindings(t)
	if !b.match("<id>", "abc") {
		t.Fatal("no match")
	}
	for _, tc := range []struct{ name, text, want string }{
		{"a known one is replaced", "x <id> y", "x abc y"},
		{"host", "http://<host>/<id>", "http://127.0.0.1:5000/abc"},
		{"another word is ordinary text", "<tag> & <>", "<tag> & <>"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := b.resolve(tc.text)
			if err != nil || got != tc.want {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
	if _, err := b.resolve("<other>"); err == nil || !strings.Contains(err.Error(), "<other>") {
		t.Errorf("a placeholder without a value: got %v, want an error that names it", err)
	}
}

func TestPlaceholdersInsideValues(t *testing.T) {
	t.Parallel()
	b := testBindings(t)
	tree := func(text string) any {
		t.Helper()
		v, err := parseJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if diff := b.compareValues(tree(`{"a":"<id>","b":["<id>","<?kind>"]}`), tree(`{"b":["abc","K"],"a":"abc"}`)); diff != "" {
		t.Errorf("got a difference, want none:\n%s", diff)
	}
	if diff := b.compareValues(tree(`"<id>"`), tree(`"xyz"`)); diff == "" {
		t.Error("another value: got no difference, want one")
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	b, err := newBindings(Vars{
		{Name: "id", Pattern: "[A-Z]{20}"},
		{Name: "token", Pattern: "[A-Z]{20}"},
		{Name: "ask", Pattern: "s[0-9]+"},
	}, "127.0.0.1:5000")
	if err != nil {
		t.Fatal(err)
	}
	first, second := strings.Repeat("A", 20), strings.Repeat("B", 20)
	for _, tc := range []struct{ name, text, want string }{
		{"new values in the order of vars", `{"x":"` + first + `","y":"` + second + `"}`, `{"x":"<id>","y":"<token>"}`},
		{"known values", `["` + second + `","` + first + `"]`, `["<token>","<id>"]`},
		{"inside a longer string", `["no ` + first + `!"]`, `["no <id>!"]`},
		{"a short one only as a whole", `["s1","s1x"]`, `["<ask>","s1x"]`},
		{"names of properties stay", `{"s1":1}`, `{"s1":1}`},
		{"host", `["http://127.0.0.1:5000/x"]`, `["http://<host>/x"]`},
	} {
		if got := b.mask(tc.text); got != tc.want { // one after the other: values are remembered
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}
