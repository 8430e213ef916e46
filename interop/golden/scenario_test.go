package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestScenariosThatAreRefused(t *testing.T) {
	t.Parallel()
	const header = `"format":1,"name":"x","protocol":"json"`
	steps := func(s string) string { return "{" + header + `,"steps":[` + s + "]}" }
	for _, tc := range []struct{ name, text, want string }{
		{"no JSON", `{`, "EOF"},
		{"another format", `{"format":2,"protocol":"json","steps":[]}`, "format 2"},
		{"another protocol", `{"format":1,"protocol":"xml","steps":[]}`, "xml"},
		{"an unknown kind to ignore", "{" + header + `,"ignore":["pong"],"steps":[]}`, "pong"},
		{"no steps", "{" + header + "}", "no steps"},
		{"an unknown field", "{" + header + `,"hubs":"x","steps":[]}`, "hubs"},
		{"an unknown field of a step", steps(`{"on":"a","expects":"x"}`), "expects"},
		{"an unknown field of an answer", steps(`{"http":{"method":"GET","path":"/"},"expect":{"status":200,"header":{}}}`), "header"},
		{"a step that does nothing", steps(`{"on":"a"}`), "nothing to do"},
		{"a step that does two things", steps(`{"on":"a","send":"x","drop":true}`), "both send and drop"},
		{"a request without an answer", steps(`{"http":{"method":"GET","path":"/"}}`), "no answer"},
		{"a message on no stream", steps(`{"expect":"x"}`), `"on"`},
		{"a pause on a stream", steps(`{"on":"a","pause":5}`), `"on"`},
		{"a set of something else", steps(`{"on":"a","expectSet":[{"pause":1}]}`), "no message"},
		{"a placeholder without an expression", "{" + header + `,"vars":{"id":null},"steps":[]}`, "id"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, err := parseScenario([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestFaultsOfAScriptAreNoDifferences(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, step, want string }{
		{"an unknown stream", `{"on":"a","send":"x"}`, `no stream "a"`},
		{"an unknown request", `{"finish":"p","expect":{"status":200,"headers":{}}}`, `no request "p"`},
		{"a placeholder without a value", `{"http":{"method":"GET","path":"/<id>"},"expect":{"status":200,"headers":{}}}`, "no value yet"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := Replay(t.Context(), "http://127.0.0.1:1", script(t, "", tc.step))
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "script:3: step 1") {
				t.Errorf("got %v, want an error with %q and the place", err, tc.want)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := LoadAll(dir); err == nil {
		t.Error("an empty folder: got no error, want one")
	}
	write("good.json", `{"format":1,"name":"good","protocol":"json","steps":[{"pause":1}]}`)
	if all, err := LoadAll(dir); err != nil || len(all) != 1 || all[0].Name != "good" {
		t.Errorf("got %v, %v, want one scenario", all, err)
	}
	write("bad.json", `{"format":1,"name":"other","protocol":"json","steps":[{"pause":1}]}`)
	if _, err := LoadAll(dir); err == nil || !strings.Contains(err.Error(), "other") {
		t.Errorf("a scenario of another name: got %v, want an error that shows it", err)
	}
}

func TestDifferencesNameTheirPlace(t *testing.T) {
	t.Parallel()
	var f fake
	f.webSocket(t, "/ws", text("[2]\x1e"))
	err := Replay(t.Context(), f.url(t), script(t, "", openWS, `{"on":"a","expect":"[1]\u001e"}`))
	if err == nil || !strings.HasPrefix(err.Error(), "script:4: step 2: ") {
		t.Errorf("got %v, want line 4 of the file and step 2", err)
	}
}
