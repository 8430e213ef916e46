package hubs

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hubwire/signalr/auth"
)

// plainHub is for tests that only need some hub.
type plainHub struct {
	Hub
}

func (h *plainHub) Echo(s string) string { return s }

func (h *plainHub) Who() string { return h.Context().UserIdentifier() }

func newPlainHub() *plainHub { return &plainHub{} }

func TestHandshakeAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		request  string
		cfg      Config
		textOnly bool
		want     string
	}{
		{name: "json", request: `{"protocol":"json","version":1}`, want: `{}`},
		{name: "names in any case", request: `{"version":2,"protocol":"JSON","x":{"y":[1]}}`, want: `{}`},
		{name: "version 0", request: `{"protocol":"json","version":0}`, want: `{}`},
		{name: "messagepack", request: `{"protocol":"messagepack","version":1}`, want: `{}`},
		{
			name: "version too high", request: `{"protocol":"JSON","version":3}`,
			want: `{"error":"The server does not support version 3 of the 'JSON' protocol."}`,
		},
		{
			name: "unknown protocol", request: `{"protocol":"Yaml","version":1}`,
			want: `{"error":"The protocol 'Yaml' is not supported."}`,
		},
		{
			name: "disabled protocol", request: `{"protocol":"messagepack","version":1}`,
			cfg: Config{SupportedProtocols: []string{"Json"}}, want: `{"error":"The protocol 'messagepack' is not supported."}`,
		},
		{
			name: "binary protocol on a text transport", request: `{"protocol":"messagepack","version":1}`, textOnly: true,
			want: `{"error":"Cannot use the 'messagepack' protocol on the current transport. The transport does not support 'Binary' transfer format."}`,
		},
		{
			name: "malformed", request: `{"protocol":"json"}`,
			want: `{"error":"An unexpected error occurred during connection handshake."}`,
		},
		{
			name: "malformed, with details", request: `{"protocol":"json"}`, cfg: Config{EnableDetailedErrors: true},
			want: `{"error":"An unexpected error occurred during connection handshake. InvalidDataException: ` +
				`Missing required property 'version'. Message content: {\"protocol\":\"json\"}"}`,
		},
		{
			name: "over the limit", request: `{"protocol":"json","version":1,"x":"` + strings.Repeat("x", 100) + `"}`,
			cfg: Config{MaximumReceiveMessageSize: 64}, want: `{"error":"Handshake was canceled."}`,
		},
		{
			name: "the limit counts the separator", request: `{"protocol":"json","version":1}`,
			cfg: Config{MaximumReceiveMessageSize: 31}, want: `{"error":"Handshake was canceled."}`,
		},
		{
			name: "just within the limit", request: `{"protocol":"json","version":1}`,
			cfg: Config{MaximumReceiveMessageSize: 32}, want: `{}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rt, _ := serve(t, newPlainHub, test.cfg)
			c := connect(t, rt, "a", func(c *testConn) { c.textOnly = test.textOnly })
			c.send(test.request)
			c.want(test.want)
			if test.want != "{}" {
				c.want("") // no Close follows
			}
			binary := test.want == "{}" && strings.Contains(test.request, "messagepack")
			if c.binary != binary {
				t.Errorf("binary messages: got %t, want %t", c.binary, binary)
			}
			c.hangUp()
		})
	}
}

func TestHandshakeInPieces(t *testing.T) {
	t.Parallel()
	rt, _ := serve(t, newPlainHub, Config{})
	c := connect(t, rt, "a")
	bytes := `{"protocol":"json","version":1}` + "\x1e" + invocation("1", "Echo", `"a"`) + "\x1e"
	for i := range bytes {
		c.conn.Receive([]byte(bytes[i : i+1]))
	}
	c.want(`{}`, `{"type":3,"invocationId":"1","result":"a"}`)
	if c.conn.partial != nil {
		t.Error("an idle connection keeps its buffer for partial frames")
	}
	c.hangUp()
}

func TestHandshakeWithFramesBehindIt(t *testing.T) {
	t.Parallel()
	rt, _ := serve(t, newPlainHub, Config{})
	c := connect(t, rt, "a")
	c.send(`{"protocol":"json","version":1}`, invocation("1", "Echo", `"a"`), invocation("2", "Echo", `"b"`))
	c.want(`{}`, `{"type":3,"invocationId":"1","result":"a"}`, `{"type":3,"invocationId":"2","result":"b"}`)
	c.hangUp()
}

func TestHandshakeTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt, _ := serve(t, newPlainHub, Config{HandshakeTimeout: 5 * time.Second})
		c := connect(t, rt, "a")
		stop := c.tick()
		defer stop()
		time.Sleep(4500 * time.Millisecond)
		if got := c.all(); got != "" {
			t.Fatalf("after 4.5 s: got %q, want nothing", got)
		}
		c.want(`{"error":"Handshake was canceled."}`, "")
		c.send(`{"protocol":"json","version":1}`) // too late
		c.conn.Ended(nil)
		c.want("")
	})
}

func TestHandshakeThatNeverComes(t *testing.T) {
	t.Parallel()
	log := newEventLog()
	rt, _ := serve(t, func() *eventHub { return &eventHub{log: log} }, Config{})
	c := connect(t, rt, "a")
	c.conn.Receive([]byte(`{"protocol":`))
	c.hangUp()
	c.want("")
	if got := log.all(); len(got) > 0 {
		t.Errorf("the hub saw %v, want nothing", got)
	}
}

func TestUserIdentifier(t *testing.T) {
	t.Parallel()
	alice := func(c *testConn) { c.user = auth.NewPrincipal(auth.Identity{ID: "alice"}) }
	byQuery := func(_ *auth.Principal, r *http.Request) (string, bool) { return r.URL.Query().Get("room"), true }
	tests := []struct {
		name   string
		cfg    Config
		change func(*testConn)
		want   string
		ok     bool
	}{
		{name: "of the principal", change: alice, want: "alice", ok: true},
		{name: "nobody", change: func(*testConn) {}, want: "", ok: false},
		{name: "from the provider", cfg: Config{UserIDProvider: byQuery}, change: alice, want: "blue", ok: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rt, _ := serve(t, newPlainHub, test.cfg)
			c := dial(t, rt, "a", test.change)
			c.call("1", "Who", "")
			c.want(`{"type":3,"invocationId":"1","result":"` + test.want + `"}`)
			if id, ok := c.conn.hubContext.UserIdentifierOK(); id != test.want || ok != test.ok {
				t.Errorf("UserIdentifierOK: got %q, %t, want %q, %t", id, ok, test.want, test.ok)
			}
			c.hangUp()
		})
	}
}

func TestUserIDProviderThatPanics(t *testing.T) {
	t.Parallel()
	rt, _ := serve(t, newPlainHub, Config{
		UserIDProvider: func(*auth.Principal, *http.Request) (string, bool) { panic("no") },
	})
	c := connect(t, rt, "a")
	c.send(`{"protocol":"json","version":1}`)
	c.want(`{"error":"An unexpected error occurred during connection handshake."}`, "")
	c.hangUp()
}

// eventHub notes when its clients come and go.
type eventHub struct {
	Hub
	log         *eventLog
	onConnected func(h *eventHub, ctx context.Context) error
}

func (h *eventHub) OnConnected(ctx context.Context) error {
	h.log.add("connected " + h.Context().ConnectionID())
	if h.onConnected != nil {
		return h.onConnected(h, ctx)
	}
	return nil
}

func (h *eventHub) OnDisconnected(ctx context.Context, err error) error {
	text := "nil"
	if err != nil {
		text = err.Error()
	}
	if ctx.Err() != nil {
		text += ", with a dead ctx"
	}
	if h.Context().ConnectionAborted().Err() == nil {
		text += ", before ConnectionAborted"
	}
	h.log.add("disconnected " + h.Context().ConnectionID() + ": " + text)
	return nil
}

func (h *eventHub) Echo(s string) string { return s }

func (h *eventHub) Abort() {
	h.Context().Abort()
	h.log.add("aborted")
}

func (h *eventHub) Note(s string) { h.log.add(s) }
