package transports_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

const (
	rs        = "\x1e" // ends a JSON hub message
	handshake = `{"protocol":"json","version":1}` + rs
	goodbye   = `{"type":7}` + rs
)

// talk is one hub connection, whatever transport carries it. Its methods fail
// the test if they do not succeed in time.
type talk interface {
	send(text string)
	read() string // the next bytes from the server, "" at the end
	close()
}

// client reads hub messages from a talk.
type client struct {
	talk

	t       *testing.T
	pending string
}

// next returns the next hub message that is no ping, without its separator; ""
// at the end.
func (c *client) next() string {
	c.t.Helper()
	for {
		message, rest, whole := strings.Cut(c.pending, rs)
		switch {
		case !whole:
			more := c.read()
			if more == "" {
				return ""
			}
			c.pending += more
		default:
			c.pending = rest
			if message != `{"type":6}` {
				return message
			}
		}
	}
}

// greet does the handshake.
func (c *client) greet() *client {
	c.t.Helper()
	c.send(handshake)
	if got := c.next(); got != "{}" {
		c.t.Fatalf("handshake: got %q, want {}", got)
	}
	return c
}

// invoke calls a hub method and returns its result.
func (c *client) invoke(method string, arguments ...any) any {
	c.t.Helper()
	call, err := json.Marshal(map[string]any{"type": 1, "invocationId": "1", "target": method, "arguments": append([]any{}, arguments...)})
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(string(call) + rs)
	var got struct {
		Type   int
		Error  string
		Result any
	}
	answer := c.next()
	if err := json.Unmarshal([]byte(answer), &got); err != nil || got.Type != 3 || got.Error != "" {
		c.t.Fatalf("%s: got %.200q, want its result", method, answer)
	}
	return got.Result
}

// connect opens a connection to the hub at path over the named transport.
func (s *site) connect(transport, path string) *client {
	s.t.Helper()
	target := s.negotiate(path)
	switch transport {
	case "WebSockets":
		return &client{t: s.t, talk: s.webSocket(target)}
	case "ServerSentEvents":
		return &client{t: s.t, talk: s.events(target)}
	default:
		return &client{t: s.t, talk: s.polls(target)}
	}
}

type webSocketTalk struct {
	t  *testing.T
	ws *websocket.Conn
}

func (s *site) webSocket(target string) webSocketTalk {
	s.t.Helper()
	ws, _, err := websocket.Dial(limit(s.t), s.url+target, &websocket.DialOptions{HTTPClient: cmp.Or(s.sockets, s.http)})
	if err != nil {
		s.t.Fatalf("opening a WebSocket: %v", err)
	}
	s.t.Cleanup(func() { _ = ws.CloseNow() })
	ws.SetReadLimit(-1)
	return webSocketTalk{s.t, ws}
}

func (w webSocketTalk) send(text string) {
	w.t.Helper()
	if err := w.ws.Write(limit(w.t), websocket.MessageText, []byte(text)); err != nil {
		w.t.Fatal(err)
	}
}

func (w webSocketTalk) read() string {
	w.t.Helper()
	_, p, err := w.ws.Read(limit(w.t))
	if err != nil && websocket.CloseStatus(err) < 0 {
		w.t.Fatal(err)
	}
	return string(p)
}

func (w webSocketTalk) close() { _ = w.ws.Close(websocket.StatusNormalClosure, "") }

type eventTalk struct {
	s      *site
	target string
	body   io.Closer
	lines  *bufio.Reader
	cancel context.CancelFunc
}

// events opens an event stream and waits for the comment at its begin.
func (s *site) events(target string, lines ...string) *eventTalk {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	resp, err := s.open(ctx, http.MethodGet, target, "", append(lines, "Accept: text/event-stream")...)
	if err != nil {
		cancel()
		s.t.Fatal(err)
	}
	e := &eventTalk{s: s, target: target, body: resp.Body, lines: bufio.NewReader(resp.Body), cancel: cancel}
	s.t.Cleanup(e.close)
	if got, want := resp.Header.Get("Content-Type"), "text/event-stream"; resp.StatusCode != http.StatusOK || got != want {
		s.t.Fatalf("event stream: got %d %q, want 200 %q", resp.StatusCode, got, want)
	}
	if first := e.line(); first != ":" {
		s.t.Fatalf("event stream: got %q first, want a comment", first)
	}
	return e
}

func (e *eventTalk) send(text string) {
	e.s.t.Helper()
	check(e.s.t, e.s.do(http.MethodPost, e.target, text), http.StatusOK, "")
}

// line returns a line without its end, "" at the end of the stream.
func (e *eventTalk) line() string {
	e.s.t.Helper()
	line, err := e.lines.ReadString('\n')
	if err != nil && err != io.EOF {
		e.s.t.Fatal(err)
	}
	return strings.TrimSuffix(line, "\r\n")
}

func (e *eventTalk) read() string {
	e.s.t.Helper()
	data, ok := strings.CutPrefix(e.line(), "data: ")
	if !ok {
		return ""
	}
	_ = e.line() // the empty one
	return data
}

func (e *eventTalk) close() {
	e.cancel()
	_ = e.body.Close()
}

type pollTalk struct {
	s      *site
	target string
}

// polls does the first poll, which is answered at once.
func (s *site) polls(target string, lines ...string) *pollTalk {
	s.t.Helper()
	check(s.t, s.do(http.MethodGet, target, "", lines...), http.StatusOK, "")
	return &pollTalk{s, target}
}

func (p *pollTalk) send(text string) {
	p.s.t.Helper()
	check(p.s.t, p.s.do(http.MethodPost, p.target, text), http.StatusOK, "")
}

func (p *pollTalk) read() string {
	p.s.t.Helper()
	for {
		a := p.s.do(http.MethodGet, p.target, "")
		switch {
		case a.status == http.StatusNoContent:
			return ""
		case a.status != http.StatusOK:
			p.s.t.Fatalf("poll: got %d %q, want 200 or 204", a.status, a.body)
		case a.body != "":
			return a.body
		}
	}
}

func (p *pollTalk) close() {
	check(p.s.t, p.s.do(http.MethodDelete, p.target, ""), http.StatusAccepted, "")
}

// converse has the same conversation over each transport: small, and as big as
// the hubs take and give.
func converse(t *testing.T, s *site, transports ...string) {
	t.Helper()
	if len(transports) == 0 {
		transports = []string{"WebSockets", "ServerSentEvents", "LongPolling"}
	}
	for _, transport := range transports {
		c := s.connect(transport, "/testhub").greet()
		if got := c.invoke("GetActiveTransportName"); got != transport {
			t.Errorf("got transport %v, want %s", got, transport)
		}
		up := strings.Repeat("u", 32<<10-100)
		if got := c.invoke("Echo", up); got != up {
			t.Errorf("%s: %d bytes came back changed", transport, len(up))
		}
		const down = 1 << 20
		if got := fmt.Sprint(c.invoke("GetLargeString", down)); len(got) != down || strings.Trim(got, "x") != "" {
			t.Errorf("%s: got %d bytes, want %d", transport, len(got), down)
		}
		c.close()
	}
}
