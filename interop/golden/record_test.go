package golden

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func TestRecordingMessages(t *testing.T) {
	t.Parallel()
	const pack = `"protocol":"messagepack"`
	for _, tc := range []struct {
		name    string
		header  string
		frames  []frame
		steps   []string
		changed map[int]string // by number; the others stay as they are
	}{
		{"what fits stays", "", []frame{text("{\"b\": 2, \"a\":\"abc\"}\x1e")}, []string{`{"on":"a", "expect":"{\"a\":\"<id>\",\"b\":2.0}\u001e", "note":"x"}`}, nil},
		{"what is empty is filled in", "", []frame{text("{\"a\":\"é<\"}\x1e")}, []string{`{"on":"a","expect":""}`}, map[int]string{2: `{"on":"a","expect":"{\"a\":\"é<\"}\u001e","frame":"text"}`}},
		{
			"what differs is replaced, with the values known by then", "",
			[]frame{text("{}\x1e[\"abc\"]\x1e[1,\"abc\",\"xyz\"]\x1e")},
			[]string{hello, `{"on":"a","expect":"[\"<id>\"]\u001e"}`, `{"on":"a","expect":"[2,\"<id>\"]\u001e","within":900}`, `{"on":"a","send":"<other>"}`},
			map[int]string{4: `{"on":"a","expect":"[1,\"<id>\",\"<other>\"]\u001e","within":900}`},
		},
		{
			"MessagePack", pack,
			[]frame{binaryFrame("{}\x1e\x03\x91\xcc\x07")},
			[]string{`{"on":"a","expect":""}`, `{"on":"a","expect":""}`},
			map[int]string{2: `{"on":"a","expect":"{}\u001e","frame":"binary"}`, 3: `{"on":"a","expectHex":"0391cc07","decoded":[7]}`},
		},
		{
			"MessagePack with placeholders", pack,
			[]frame{binaryFrame("{}\x1e\x05\x91\xa3abc")},
			[]string{hello, `{"on":"a","expectHex":""}`},
			map[int]string{3: `{"on":"a","decoded":["<id>"]}`},
		},
		{
			"a set", "",
			[]frame{text("{}\x1e[2]\x1e[1]\x1e")},
			[]string{hello, `{"on":"a","expectSet":[{"expect":""},{"expect":""}]}`},
			map[int]string{3: `{"on":"a","expectSet":[{"expect":"[2]\u001e"},{"expect":"[1]\u001e"}]}`},
		},
		{"a set that fits", "", []frame{text("{}\x1e[2]\x1e[1]\x1e")}, []string{hello, `{"on":"a","expectSet":[{"expect":"[1]\u001e"},{"expect":"[2]\u001e"}]}`}, nil},
		{"the end", "", []frame{closeWith(1001, "bye")}, []string{`{"on":"a","ends":{"code":1000,"reason":""}}`}, map[int]string{2: `{"on":"a","ends":{"code":1001,"reason":"bye"}}`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var f fake
			f.webSocket(t, "/ws", tc.frames...)
			checkRecording(t, f.url(t), script(t, tc.header, append([]string{openWS}, tc.steps...)...), tc.changed)
		})
	}
}

// checkRecording records and compares the file line by line; what was recorded
// must then replay.
func checkRecording(t *testing.T, url string, s *Scenario, changed map[int]string) {
	t.Helper()
	text, err := Record(t.Context(), url, s)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(string(s.text), "\n")
	for number, step := range changed {
		line := s.Steps[number-1].line - 1
		comma := strings.HasSuffix(want[line], ",")
		want[line] = step
		if comma {
			want[line] += ","
		}
	}
	if got, want := string(text), strings.Join(want, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	recorded, err := parseScenario(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := Replay(t.Context(), url, recorded); err != nil {
		t.Errorf("what was recorded does not replay: %v", err)
	}
}

func TestRecordingAnswers(t *testing.T) {
	t.Parallel()
	var f fake
	f.HandleFunc("/json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		fmt.Fprint(w, `{"id":"abc","n":1}`)
	})
	f.HandleFunc("/text", func(w http.ResponseWriter, req *http.Request) { fmt.Fprintf(w, "at %s", req.Host) })
	f.HandleFunc("/poll", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		fmt.Fprint(w, "[\"abc\"]\x1e[2]\x1e")
	})
	f.events("/sse", ":\r\ndata: [1]\x1e\r\n\r\n", false)
	url := f.url(t)
	request := func(path, expect string) string {
		return fmt.Sprintf(`{"http":{"method":"GET","path":%q},"expect":%s}`, path, expect)
	}
	for _, tc := range []struct{ name, step, want string }{
		{"what fits stays", request("/json", `{"status":200, "headers":{"cache-control":"no-store"}, "body":"{\"n\":1, \"id\":\"<id>\"}"}`), ""},
		{
			"nothing yet", request("/json", `{}`),
			request("/json", `{"status":200,"headers":{"cache-control":"no-store","content-type":"application/json"},"body":"{\"id\":\"<id>\",\"n\":1}"}`),
		},
		{
			"another status; listed headers only", request("/json", `{"status":404,"headers":{"expires":"0","cache-control":"x"},"body":"{\"n\":1,\"id\":\"<id>\"}"}`),
			request("/json", `{"status":200,"headers":{"expires":null,"cache-control":"no-store"},"body":"{\"n\":1,\"id\":\"<id>\"}"}`),
		},
		{"no body asked for", request("/json", `{"status":404,"headers":{}}`), request("/json", `{"status":200,"headers":{}}`)},
		{"the host", request("/text", `{"status":200,"headers":{},"body":""}`), request("/text", `{"status":200,"headers":{},"body":"at <host>"}`)},
		{
			"a poll", request("/poll", `{"status":200,"headers":{},"body":"[1]\u001e"}`),
			request("/poll", `{"status":200,"headers":{},"body":"[\"<id>\"]\u001e[2]\u001e"}`),
		},
		{"a poll that fits", request("/poll", `{"status":200,"headers":{},"body":"[\"<id>\"]\u001e[2.0]\u001e"}`), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var changed map[int]string
			if tc.want != "" {
				changed = map[int]string{1: tc.want}
			}
			checkRecording(t, url, script(t, "", tc.step), changed)
		})
	}
	t.Run("an event stream", func(t *testing.T) {
		t.Parallel()
		open := `{"on":"s","open":{"transport":"ServerSentEvents","path":"/sse"},"expect":`
		checkRecording(t, url, script(t, "", open+`{}}`, `{"on":"s","expectRaw":""}`, `{"on":"s","expectRaw":""}`), map[int]string{
			1: open + `{"status":200,"headers":{"content-type":"text/event-stream"}}}`,
			2: `{"on":"s","expectRaw":":\r\n"}`,
			3: `{"on":"s","expectRaw":"data: [1]\u001e\r\n\r\n"}`,
		})
	})
}

func TestTheShapeOfAScriptIsNotRecorded(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		frame frame
		step  string
		want  string
	}{
		{"a message in silence", text("{}\x1e"), `{"on":"a","silence":5000}`, "expected silence"},
		{"nothing where a message is expected", func(context.Context, *websocket.Conn) error { return nil }, `{"on":"a","expect":"","within":50}`, errLate.Error()},
		{"a message where the end is expected", text("{}\x1e"), `{"on":"a","ends":{}}`, "expected the end"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var f fake
			f.webSocket(t, "/ws", tc.frame)
			_, err := Record(t.Context(), f.url(t), script(t, "", openWS, tc.step))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}
