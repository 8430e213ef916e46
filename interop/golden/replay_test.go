package golden

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const (
	openWS = `{"on":"a","open":{"transport":"WebSockets","path":"/ws"},"expect":{"status":101,"headers":{}}}`
	hello  = `{"on":"a","expect":"{}\u001e"}`
)

// check replays and compares the outcome: "" for none, else a part of the difference.
func check(t *testing.T, url string, s *Scenario, want string) {
	t.Helper()
	err := Replay(t.Context(), url, s)
	var diff *Difference
	switch {
	case want == "" && err != nil:
		t.Errorf("got %v, want no difference", err)
	case want != "" && err == nil:
		t.Errorf("got no difference, want %q", want)
	case want != "" && (!errors.As(err, &diff) || !strings.Contains(err.Error(), want)):
		t.Errorf("got %v, want a difference with %q", err, want)
	}
}

func TestRulesOfWebSockets(t *testing.T) {
	t.Parallel()
	ping, ack := "{\"type\":6}\x1e", "{\"type\":8,\"sequenceId\":1}\x1e"
	const pack = `"protocol":"messagepack"`
	for _, tc := range []struct {
		name   string
		header string
		frames []frame
		steps  []string
		want   string // a part of the difference
	}{
		{"a message", "", []frame{text("{}\x1e")}, []string{hello}, ""},
		{"another message", "", []frame{text("{\"error\":\"x\"}\x1e")}, []string{hello}, "step 2: message differs"},
		{"no JSON", "", []frame{text("{\x1e")}, []string{hello}, "parsing JSON"},
		{"JSON that is not UTF-8", "", []frame{text("{\"a\":\"\xff\"}\x1e")}, []string{hello}, "UTF-8"},
		{"several in one frame", "", []frame{text("{}\x1e{\"type\":7}\x1e")}, []string{hello, `{"on":"a","expect":"{\"type\":7}\u001e"}`}, ""},
		{"one in several frames", "", []frame{text("{"), text("}\x1e")}, []string{hello}, "not whole"},
		{"order counts", "", []frame{text("{\"type\":7}\x1e{}\x1e")}, []string{hello}, "differs"},
		{"no message", "", nil, []string{`{"on":"a","expect":"{}\u001e","within":50}`}, errLate.Error()},
		{"a late message", "", []frame{after(300 * time.Millisecond), text("{}\x1e")}, []string{`{"on":"a","expect":"{}\u001e","within":50}`}, errLate.Error()},
		{"in time", "", []frame{after(50 * time.Millisecond), text("{}\x1e")}, []string{`{"on":"a","expect":"{}\u001e","within":5000}`}, ""},
		{"the end instead of a message", "", []frame{closeWith(1000, "bye")}, []string{hello}, `code 1000, reason "bye"`},

		{"JSON arrives as text", "", []frame{binaryFrame("{}\x1e")}, []string{hello}, "expected a text message, got a binary one"},
		{"the step says binary", "", []frame{binaryFrame("{}\x1e")}, []string{`{"on":"a","expect":"{}\u001e","frame":"binary"}`}, ""},
		{"the step says binary, text comes", "", []frame{text("{}\x1e")}, []string{`{"on":"a","expect":"{}\u001e","frame":"binary"}`}, "expected a binary message"},
		{"MessagePack arrives as binary", pack, []frame{text("{}\x1e"), binaryFrame("\x02\x91\x07")}, []string{hello, `{"on":"a","decoded":[7]}`}, ""},
		{"MessagePack as text", pack, []frame{text("{}\x1e"), text("\x02\x91\x07")}, []string{hello, `{"on":"a","decoded":[7]}`}, "expected a binary message"},
		{"MessagePack by its bytes", pack, []frame{binaryFrame("{}\x1e\x03\x91\xcc\x07")}, []string{hello, `{"on":"a","expectHex":"029107"}`}, ""},
		{"other MessagePack", pack, []frame{binaryFrame("{}\x1e\x02\x91\x08")}, []string{hello, `{"on":"a","expectHex":"029107","decoded":[7]}`}, "differs"},
		{"JSON where MessagePack is due", "", []frame{text("{}\x1e[7]\x1e")}, []string{hello, `{"on":"a","decoded":[7]}`}, "expected MessagePack"},
		{"MessagePack that cannot be read", pack, []frame{binaryFrame("{}\x1e\x01\xc1")}, []string{hello, `{"on":"a","decoded":[7]}`}, "unknown format"},

		{"exact", "", []frame{text("{\"a\":1}\x1e")}, []string{`{"on":"a","expect":"{\"a\":1}\u001e","exact":true}`}, ""},
		{"exact, other bytes of the same value", "", []frame{text("{\"a\": 1}\x1e")}, []string{`{"on":"a","expect":"{\"a\":1}\u001e","exact":true}`}, "bytes differ"},
		{"exact MessagePack", pack, []frame{binaryFrame("{}\x1e\x02\x91\x07")}, []string{hello, `{"on":"a","expectHex":"029107","decoded":[7],"exact":true}`}, ""},
		{"exact MessagePack, other bytes", pack, []frame{binaryFrame("{}\x1e\x03\x91\xcc\x07")}, []string{hello, `{"on":"a","expectHex":"029107","decoded":[7],"exact":true}`}, "bytes differ"},

		{"pings are ignored", "", []frame{text("{}\x1e" + ping), text(ping), text("{\"type\":7}\x1e")}, []string{hello, `{"on":"a","expect":"{\"type\":7}\u001e"}`}, ""},
		{"pings are ignored in silence", "", []frame{text("{}\x1e" + ping)}, []string{hello, `{"on":"a","silence":50}`}, ""},
		{"acks are not, by default", "", []frame{text("{}\x1e" + ack)}, []string{hello, `{"on":"a","silence":50}`}, "expected silence, got"},
		{"acks are, if it says so", `"protocol":"json","ignore":["ping","ack"]`, []frame{text("{}\x1e" + ack + ping)}, []string{hello, `{"on":"a","silence":50}`}, ""},
		{"nothing is, if it says so", `"protocol":"json","ignore":[]`, []frame{text("{}\x1e" + ping)}, []string{hello, `{"on":"a","silence":50}`}, "expected silence, got"},
		{"MessagePack pings are ignored", pack, []frame{binaryFrame("{}\x1e\x02\x91\x06\x02\x91\x07")}, []string{hello, `{"on":"a","decoded":[7]}`}, ""},

		{"silence", "", nil, []string{`{"on":"a","silence":50}`}, ""},
		{"silence, but the end comes", "", []frame{breakOff}, []string{`{"on":"a","silence":5000}`}, "expected silence"},

		{"a set in another order", "", []frame{text("[2]\x1e[1]\x1e")}, []string{`{"on":"a","expectSet":[{"expect":"[1]\u001e"},{"expect":"[2]\u001e"}]}`}, ""},
		{"a set with another message", "", []frame{text("[2]\x1e[3]\x1e")}, []string{`{"on":"a","expectSet":[{"expect":"[1]\u001e"},{"expect":"[2]\u001e"}]}`}, "in any order"},
		{"a set with one message twice", "", []frame{text("[2]\x1e[2]\x1e")}, []string{`{"on":"a","expectSet":[{"expect":"[1]\u001e"},{"expect":"[2]\u001e"}]}`}, "in any order"},
		{"a set with one too few", "", []frame{text("[2]\x1e")}, []string{`{"on":"a","expectSet":[{"expect":"[1]\u001e"},{"expect":"[2]\u001e"}],"within":50}`}, "got 1"},
		{
			"a set whose first fit is wrong", "",
			[]frame{text("[\"abc\"]\x1e[\"xyz\"]\x1e")},
			[]string{`{"on":"a","expectSet":[{"expect":"[\"<id>\"]\u001e"},{"expect":"[\"abc\"]\u001e"}]}`, `{"on":"a","send":"<id>"}`},
			"",
		},

		{"the end", "", []frame{closeWith(1001, "bye")}, []string{`{"on":"a","ends":{"code":1001,"reason":"bye"}}`}, ""},
		{"another code", "", []frame{closeWith(1000, "bye")}, []string{`{"on":"a","ends":{"code":1001,"reason":"bye"}}`}, "end differs"},
		{"another reason", "", []frame{closeWith(1001, "")}, []string{`{"on":"a","ends":{"code":1001,"reason":"bye"}}`}, "end differs"},
		{"without a close frame", "", []frame{breakOff}, []string{`{"on":"a","ends":{"code":1006,"reason":""}}`}, ""},
		{"a close frame where none is due", "", []frame{closeWith(1000, "")}, []string{`{"on":"a","ends":{"code":1006,"reason":""}}`}, "end differs"},
		{"no close frame where one is due", "", []frame{breakOff}, []string{`{"on":"a","ends":{"code":1000,"reason":""}}`}, "+code 1006"},
		{"one of several codes", "", []frame{closeWith(1001, "")}, []string{`{"on":"a","ends":{"codes":[1000,1001],"reason":""}}`}, ""},
		{"none of several codes", "", []frame{closeWith(1002, "")}, []string{`{"on":"a","ends":{"codes":[1000,1001],"reason":""}}`}, "end differs"},
		{"a message before the end", "", []frame{text("{}\x1e"), closeWith(1000, "")}, []string{`{"on":"a","ends":{"code":1000,"reason":""}}`}, "expected the end of the stream, got"},
		{"half a message before the end", "", []frame{text("{"), closeWith(1000, "")}, []string{`{"on":"a","ends":{"code":1000,"reason":""}}`}, "not whole"},
		{"pings before the end", "", []frame{text("{}\x1e" + ping), closeWith(1000, "")}, []string{hello, `{"on":"a","ends":{"code":1000,"reason":""}}`}, ""},
		{"no end", "", nil, []string{`{"on":"a","ends":{"code":1000,"reason":""},"within":50}`}, errLate.Error()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var f fake
			frames := tc.frames
			if strings.Contains(strings.Join(tc.steps, ""), `"send"`) {
				frames = append(frames, read("MessageText xyz"))
			}
			f.webSocket(t, "/ws", frames...)
			check(t, f.url(t), script(t, tc.header, append([]string{openWS}, tc.steps...)...), tc.want)
		})
	}
}

func TestWhatAScriptSends(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		header string
		step   string
		server frame
	}{
		{"text", "", `{"on":"a","send":"x\u001e"}`, read("MessageText x\x1e")},
		{"text in a binary message", "", `{"on":"a","send":"x","frame":"binary"}`, read("MessageBinary x")},
		{"text in a scenario of binary messages", `"protocol":"json","frame":"binary"`, `{"on":"a","send":"x"}`, read("MessageBinary x")},
		{"a placeholder", "", `{"on":"a","send":"<id> <b>"}`, read("MessageText abc <b>")},
		{"bytes", "", `{"on":"a","sendHex":"00ff","decoded":[1]}`, read("MessageBinary \x00\xff")},
		{"bytes in a text message", "", `{"on":"a","sendHex":"7879","frame":"text"}`, read("MessageText xy")},
		{"encoded", "", `{"on":"a","encode":[3,{},"<id>"]}`, read("MessageBinary \x07\x93\x03\x80\xa3abc")},
		{"a close frame", "", `{"on":"a","close":{"code":3000,"reason":"bye"}}`, closedWith(3000, "bye")},
		{"no close frame", "", `{"on":"a","drop":true}`, dropped},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var f fake
			seen := make(chan struct{})
			f.webSocket(t, "/ws", text("[\"abc\"]\x1e"), tc.server, func(context.Context, *websocket.Conn) error { close(seen); return nil })
			f.HandleFunc("GET /seen", func(_ http.ResponseWriter, req *http.Request) {
				select {
				case <-seen:
				case <-req.Context().Done():
				}
			})
			s := script(t, tc.header, openWS, `{"on":"a","expect":"[\"<id>\"]\u001e"}`, tc.step,
				`{"http":{"method":"GET","path":"/seen"},"expect":{"status":200,"headers":{}}}`)
			check(t, f.url(t), s, "")
		})
	}
}

func TestWhatArrivesAfterOurCloseFrameIsSeen(t *testing.T) {
	t.Parallel()
	var f fake
	f.webSocket(t, "/ws", after(100*time.Millisecond), text("{}\x1e"))
	check(t, f.url(t), script(t, "", openWS,
		`{"on":"a","close":{"code":1000,"reason":""}}`,
		`{"on":"a","ends":{"code":1000,"reason":""}}`), "expected the end of the stream, got")
}

func TestOpening(t *testing.T) {
	t.Parallel()
	var f fake
	f.webSocket(t, "/ws", text("{}\x1e"))
	f.HandleFunc("/gone", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "gone", http.StatusGone) })
	f.HandleFunc("/mute", func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })
	url := f.url(t)
	for _, transport := range []string{webSockets, serverSentEvents} {
		open := func(path string) string {
			return fmt.Sprintf(`{"on":"a","open":{"transport":%q,"path":%q},"within":200,"expect":`, transport, path)
		}
		for _, tc := range []struct{ name, step, want string }{
			{"refused as expected", open("/gone") + `{"status":410,"headers":{"allow":null},"body":"gone\n"}}`, ""},
			{"refused with another body", open("/gone") + `{"status":410,"headers":{},"body":"x"}}`, "body"},
			{"refused with another status", open("/gone") + `{"status":404,"headers":{}}}`, "status"},
			{"refused where it should not be", open("/gone") + `{"status":101,"headers":{}}}`, "status"},
			{"no answer", open("/mute") + `{"status":101,"headers":{}}}`, errLate.Error()},
		} {
			t.Run(transport+", "+tc.name, func(t *testing.T) {
				t.Parallel()
				check(t, url, script(t, "", tc.step), tc.want)
			})
		}
	}
	t.Run("accepted where it should not be", func(t *testing.T) {
		t.Parallel()
		check(t, url, script(t, "", `{"on":"a","open":{"transport":"WebSockets","path":"/ws"},"expect":{"status":404,"headers":{}}}`), "status")
	})
	t.Run("a name used again is another stream", func(t *testing.T) {
		t.Parallel()
		check(t, url, script(t, "", openWS, openWS, hello, `{"on":"a","silence":50}`), "")
	})
}
