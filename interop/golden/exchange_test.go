package golden

import (
	"net/http"
	"testing"
)

func TestHeadOfAnswers(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	got := http.Header{
		"Content-Type":  {"text/plain"},
		"Cache-Control": {"no-cache, no-store"},
		"Vary":          {"Origin", "Accept"},
		"Set-Cookie":    {"a=b; path=/"},
		"Location":      {"http://127.0.0.1:5000/abc"},
	}
	for _, tc := range []struct {
		name   string
		status int
		header Header
		same   bool
	}{
		{"equal", 200, Header{"content-type", text("text/plain")}, true},
		{"another status", 404, Header{"content-type", text("text/plain")}, false},
		{"another value", 200, Header{"content-type", text("text/plain; charset=utf-8")}, false},
		{"missing", 200, Header{"expires", text("0")}, false},
		{"must be absent and is", 200, Header{"expires", nil}, true},
		{"must be absent and is not", 200, Header{"content-type", nil}, false},
		{"blanks beside commas", 200, Header{"cache-control", text("no-cache,no-store")}, true},
		{"blanks beside semicolons", 200, Header{"set-cookie", text("a=b;path=/")}, true},
		{"blanks elsewhere", 200, Header{"set-cookie", text("a =b;path=/")}, false},
		{"several fields", 200, Header{"vary", text("Origin, Accept")}, true},
		{"placeholders", 200, Header{"location", text("http://<host>/<id>")}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			diff := testBindings(t).compareHead(&Answer{Status: tc.status, Headers: Headers{tc.header}}, 200, got)
			if (diff == "") != tc.same {
				t.Errorf("got %q, want a difference: %v", diff, !tc.same)
			}
		})
	}
}

func TestBodiesOfAnswers(t *testing.T) {
	t.Parallel()
	for _, tc := range []rule{
		{"text is equal", "No such thing", "No such thing", true},
		{"blanks count in text", "No such thing", "No such  thing", false},
		{"empty", "", "", true},
		{"not empty", "", " ", false},
		{"JSON by value", `{"a":1,"b":"<id>"}`, `{ "b": "abc", "a": 1.0 }`, true},
		{"JSON with another value", `{"a":1}`, `{"a":2}`, false},
		{"JSON that is none", `{"a":1}`, `{"a":1`, false},
		{"a placeholder alone", "<id>", "abc", true},
		{"a placeholder alone that does not fit", "<id>", "abcd", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			diff := testBindings(t).compareText(tc.want, tc.got)
			if (diff == "") != tc.same {
				t.Errorf("got %q, want a difference: %v", diff, !tc.same)
			}
		})
	}
}
