package golden

import (
	"fmt"
	"io"
	"net/http"
	"testing"
)

const openSSE = `{"on":"s","open":{"transport":"ServerSentEvents","path":"/sse"},"expect":{"status":200,"headers":{"content-type":"text/event-stream"},"body":""}}`

func TestRulesOfEventStreams(t *testing.T) {
	t.Parallel()
	event := func(message string) string { return "data: " + message + "\x1e\r\n\r\n" }
	ping := event(`{"type":6}`)
	for _, tc := range []struct {
		name, body string
		ends       bool
		steps      []string
		want       string // a part of the difference
	}{
		{"the comment and an event", ":\r\n" + event("{}"), false, []string{`{"on":"s","expectRaw":":\r\n"}`, `{"on":"s","expectRaw":"data: {}\u001e\r\n\r\n"}`}, ""},
		{"another event", event("{ }"), false, []string{`{"on":"s","expectRaw":"data: {}\u001e\r\n\r\n"}`}, "event differs"},
		{"no comment", event("{}"), false, []string{`{"on":"s","expectRaw":":\r\n"}`}, "event differs"},
		{"an event with placeholders", event(`["abc"]`), false, []string{`{"on":"s","expectRaw":"data: [\"<id>\"]\u001e\r\n\r\n"}`}, ""},
		{"pings between events", ":\r\n" + event("{}") + ping + event("[1]"), false, []string{`{"on":"s","expectRaw":":\r\n"}`, `{"on":"s","expect":"{}\u001e"}`, `{"on":"s","expectRaw":"data: [1]\u001e\r\n\r\n"}`}, ""},
		{"no event", "", false, []string{`{"on":"s","expectRaw":":\r\n","within":50}`}, errLate.Error()},
		{"the end instead of an event", "", true, []string{`{"on":"s","expectRaw":":\r\n"}`}, "the response is over"},
		{"messages, whatever events they share", ":\r\n" + event("{}\x1e[1]") + event("[2]"), false, []string{`{"on":"s","expect":"{}\u001e"}`, `{"on":"s","expect":"[1]\u001e"}`, `{"on":"s","expect":"[2]\u001e"}`}, ""},
		{"a shared event where one alone is due", event("{}\x1e[1]") + event("[2]"), false, []string{`{"on":"s","expect":"{}\u001e"}`, `{"on":"s","expectRaw":"data: [1]\u001e\r\n\r\n"}`}, "held more messages"},
		{"a malformed event", "data:{}\x1e\r\n\r\n", false, []string{`{"on":"s","expect":"{}\u001e"}`}, "a line of an event"},
		{"the end", event("{}"), true, []string{`{"on":"s","expect":"{}\u001e"}`, `{"on":"s","ends":{}}`}, ""},
		{"no end", event("{}"), false, []string{`{"on":"s","expect":"{}\u001e"}`, `{"on":"s","ends":{},"within":50}`}, errLate.Error()},
		{"a message before the end", event("{}"), true, []string{`{"on":"s","ends":{}}`}, "expected the end of the stream, got"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var f fake
			f.events("/sse", tc.body, tc.ends)
			check(t, f.url(t), script(t, "", append([]string{openSSE}, tc.steps...)...), tc.want)
		})
	}
}

func TestAnEventStreamThatBreaksOff(t *testing.T) {
	t.Parallel()
	var f fake
	f.HandleFunc("GET /sse", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // the last chunk never comes
	})
	check(t, f.url(t), script(t, "", openSSE, `{"on":"s","ends":{}}`), "broke off")
}

func TestSendingOverAnEventStream(t *testing.T) {
	t.Parallel()
	var f fake
	f.events("/sse", ":\r\n", false)
	posted := make(chan string, 2)
	f.HandleFunc("POST /sse", func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		posted <- string(body)
		if string(body) == "refuse" {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	url := f.url(t)
	check(t, url, script(t, "", openSSE, `{"on":"s","send":"x\u001e"}`), "")
	check(t, url, script(t, "", openSSE, `{"on":"s","send":"refuse"}`), "answered 404")
	if first := <-posted; first != "x\x1e" {
		t.Errorf("posted %q, want %q", first, "x\x1e")
	}
}

func TestRulesOfRequests(t *testing.T) {
	t.Parallel()
	var f fake
	f.HandleFunc("/echo", func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("X-Seen", req.Header.Get("X-Asked"))
		fmt.Fprintf(w, "%s %s %x", req.Method, req.URL.RawQuery, body)
	})
	f.HandleFunc("/json", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":"abc"}`) })
	f.HandleFunc("/elsewhere", func(w http.ResponseWriter, req *http.Request) { http.Redirect(w, req, "/echo", http.StatusFound) })
	url := f.url(t)
	const learn = `{"http":{"method":"GET","path":"/json"},"expect":{"status":200,"headers":{},"body":"{\"id\":\"<id>\"}"}}`
	for _, tc := range []struct{ name, step, want string }{
		{
			"method, query, headers and body are sent",
			`{"http":{"method":"PUT","path":"/echo?q=<id>%20","headers":{"x-asked":"<id>!"},"body":"<id>"},"expect":{"status":200,"headers":{"x-seen":"<id>!"},"body":"PUT q=abc%20 616263"}}`, "",
		},
		{"bytes as body", `{"http":{"method":"POST","path":"/echo","bodyHex":"00ff"},"expect":{"status":200,"headers":{},"body":"POST  00ff"}}`, ""},
		{"another body", `{"http":{"method":"GET","path":"/echo"},"expect":{"status":200,"headers":{},"body":"x"}}`, "body"},
		{"a body nobody asks about", `{"http":{"method":"GET","path":"/echo"},"expect":{"status":200,"headers":{}}}`, ""},
		{"another status", `{"http":{"method":"GET","path":"/none"},"expect":{"status":200,"headers":{}}}`, "status: -200 +404"},
		{"another header", `{"http":{"method":"GET","path":"/json"},"expect":{"status":200,"headers":{"content-type":"text/html"}}}`, "content-type"},
		{"redirects are not followed", `{"http":{"method":"GET","path":"/elsewhere"},"expect":{"status":302,"headers":{"location":"/echo"}}}`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			check(t, url, script(t, "", learn, tc.step), tc.want)
		})
	}
}

func TestStartAndFinish(t *testing.T) {
	t.Parallel()
	newFake := func() *fake {
		f := &fake{}
		let := make(chan struct{})
		f.HandleFunc("GET /wait", func(w http.ResponseWriter, req *http.Request) {
			select {
			case <-let:
				fmt.Fprint(w, "done")
			case <-req.Context().Done():
			}
		})
		f.HandleFunc("POST /let", func(http.ResponseWriter, *http.Request) { close(let) })
		return f
	}
	const (
		begin = `{"start":"p","http":{"method":"GET","path":"/wait"}}`
		let   = `{"http":{"method":"POST","path":"/let"},"expect":{"status":200,"headers":{},"body":""}}`
	)
	for _, tc := range []struct {
		name  string
		steps []string
		want  string
	}{
		{"the answer comes meanwhile", []string{begin, let, `{"finish":"p","expect":{"status":200,"headers":{},"body":"done"}}`}, ""},
		{"another answer", []string{begin, let, `{"finish":"p","expect":{"status":204,"headers":{}}}`}, "status"},
		{"no answer", []string{begin, `{"finish":"p","expect":{"status":200,"headers":{}},"within":50}`}, errLate.Error()},
		{"left behind", []string{begin}, ""},
		{"a name used again", []string{begin, let, `{"finish":"p","expect":{"status":200,"headers":{}}}`, begin, `{"finish":"p","expect":{"status":200,"headers":{}}}`}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			check(t, newFake().url(t), script(t, "", tc.steps...), tc.want)
		})
	}
}

func TestRulesOfPolls(t *testing.T) {
	t.Parallel()
	poll := func(body string) string {
		return `{"http":{"method":"GET","path":"/poll"},"expect":{"status":200,"headers":{"content-type":"application/octet-stream"},` + body + `}}`
	}
	const (
		start  = `{"start":"p","http":{"method":"GET","path":"/poll"}}`
		finish = `{"finish":"p","expect":{"status":200,"headers":{},"body":"[2]\u001e"}}`
		pack   = `"protocol":"messagepack"`
	)
	for _, tc := range []struct {
		name   string
		header string
		bodies []string
		steps  []string
		want   string // a part of the difference
		polls  int32
	}{
		{"messages by value", "", []string{"{\"b\":1,\"a\":2}\x1e[1.0]\x1e"}, []string{poll(`"body":"{\"a\":2,\"b\":1}\u001e[1]\u001e"`)}, "", 1},
		{"another message", "", []string{"[1]\x1e[2]\x1e"}, []string{poll(`"body":"[1]\u001e[3]\u001e"`)}, "message 2 of the poll", 1},
		{"order counts", "", []string{"[2]\x1e[1]\x1e"}, []string{poll(`"body":"[1]\u001e[2]\u001e"`)}, "message 1 of the poll", 1},
		{"pings are ignored", "", []string{"[1]\x1e{\"type\":6}\x1e[2]\x1e"}, []string{poll(`"body":"[1]\u001e[2]\u001e"`)}, "", 1},
		{"half a message", "", []string{"[1]\x1e[2"}, []string{poll(`"body":"[1]\u001e"`)}, "not whole", 1},
		{"fewer in a poll", "", []string{"[1]\x1e", "[2]\x1e"}, []string{poll(`"body":"[1]\u001e[2]\u001e"`)}, "", 2},
		{"fewer, and then none", "", []string{"[1]\x1e"}, []string{poll(`"body":"[1]\u001e[2]\u001e"`)}, "1 of 2 messages", 2},
		{"more in a poll", "", []string{"[1]\x1e[2]\x1e"}, []string{poll(`"body":"[1]\u001e"`), poll(`"body":"[2]\u001e"`)}, "", 1},
		{"more, then a started poll", "", []string{"[1]\x1e[2]\x1e"}, []string{poll(`"body":"[1]\u001e"`), start, finish}, "", 1},
		{"more, of which the next differs", "", []string{"[1]\x1e[3]\x1e"}, []string{poll(`"body":"[1]\u001e"`), start, finish}, "differs", 1},
		{"more, and then none is expected", "", []string{"[1]\x1e[2]\x1e"}, []string{poll(`"body":"[1]\u001e"`), `{"http":{"method":"GET","path":"/poll"},"expect":{"status":204,"headers":{}}}`}, "nothing expects", 2},
		{"an empty poll", "", []string{""}, []string{poll(`"body":""`)}, "", 1},
		{"messages in what should be empty", "", []string{"[1]\x1e"}, []string{poll(`"body":""`)}, "body", 1},
		{"the end instead of messages", "", nil, []string{poll(`"body":"[1]\u001e"`)}, "status: -200 +204", 1},
		{"MessagePack", pack, []string{"{}\x1e", "\x03\x91\xcc\x07\x02\x91\x05"}, []string{poll(`"body":"{}\u001e"`), poll(`"bodyHex":"029107029105","decoded":[[7],[5]]`)}, "", 2},
		{"other MessagePack", pack, []string{"{}\x1e", "\x02\x91\x05"}, []string{poll(`"body":"{}\u001e"`), poll(`"bodyHex":"029107"`)}, "message 1 of the poll", 2},
		{"MessagePack behind the handshake's answer", pack, []string{"{}\x1e\x02\x91\x07"}, []string{poll(`"body":"{}\u001e"`), poll(`"decoded":[[7]]`)}, "", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var f fake
			count := f.polls("/poll", tc.bodies...)
			check(t, f.url(t), script(t, tc.header, tc.steps...), tc.want)
			if got := count.Load(); got != tc.polls {
				t.Errorf("got %d polls, want %d", got, tc.polls)
			}
		})
	}
}
