package transports

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

var upgradeLines = []string{
	"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
}

// ways are the headers that make a GET one of each transport's.
var ways = map[Type][]string{
	WebSockets:       upgradeLines,
	ServerSentEvents: {"Accept: text/event-stream"},
	LongPolling:      nil,
}

func checkNoCache(t *testing.T, h http.Header, want bool) {
	t.Helper()
	got := h.Get("Cache-Control") == "no-cache, no-store" && h.Get("Pragma") == "no-cache" &&
		h.Get("Expires") == "Thu, 01 Jan 1970 00:00:00 GMT"
	if got != want {
		t.Errorf("got no-cache headers: %v in %v, want %v", got, h, want)
	}
	if h.Get("X-Content-Type-Options") != "" || h.Get("Allow") != "" {
		t.Errorf("got %v, want neither X-Content-Type-Options nor Allow", h)
	}
}

// The rows of the table for GET that need no time (transports.md, 1.1).
func TestGetRefusals(t *testing.T) {
	t.Parallel()
	for way, lines := range ways {
		t.Run(way.String(), func(t *testing.T) {
			t.Parallel()
			all := newSite(t, Config{}, newFakeApp())
			none := newSite(t, Config{Transports: All &^ way}, newFakeApp())
			lp := way == LongPolling
			if way != WebSockets {
				t.Run("row 1, no id", func(t *testing.T) {
					for _, id := range []string{"-", ""} {
						got := all.send(http.MethodGet, id, "", lines...)
						checkAnswer(t, got, 400, plain, textNoID)
						checkNoCache(t, got.header, lp)
					}
				})
			}
			t.Run("row 2, unknown id", func(t *testing.T) {
				contentType := plain
				if way == WebSockets {
					contentType = ""
				}
				for _, s := range []*site{all, none} {
					for _, id := range []string{"nope", strings.Repeat("x", 1000), "a&id=b"} {
						got := s.send(http.MethodGet, id, "", lines...)
						checkAnswer(t, got, 404, contentType, textNoConnection)
						checkNoCache(t, got.header, lp)
					}
				}
			})
			t.Run("row 3, transport not supported", func(t *testing.T) {
				text := way.String() + " transport not supported by this end point type"
				id := none.negotiate()
				got := none.send(http.MethodGet, id, "", lines...)
				checkAnswer(t, got, 404, plain, text)
				checkNoCache(t, got.header, lp)
				if way == WebSockets {
					checkAnswer(t, none.send(http.MethodGet, "-", "", lines...), 404, plain, text)
				} else {
					_ = none.dial(id) // it has fixed no transport
				}
			})
			t.Run("row 4, other transport", func(t *testing.T) {
				id := all.negotiate()
				if way == LongPolling {
					_ = all.openEvents(id)
				} else {
					checkAnswer(t, all.send(http.MethodGet, id, ""), 200, octets, "")
				}
				got := all.send(http.MethodGet, id, "", lines...)
				checkAnswer(t, got, 400, plain, textCannotChange)
				checkNoCache(t, got.header, lp)
			})
			if way != LongPolling {
				t.Run("row 5, second request", func(t *testing.T) {
					id := all.negotiate()
					if way == WebSockets {
						_ = all.dial(id)
					} else {
						_ = all.openEvents(id)
					}
					checkAnswer(t, all.send(http.MethodGet, id, "", lines...), 409, plain, "")
				})
			}
		})
	}
}

func TestAMalformedUpgradeIsAPoll(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp())
	for i := range upgradeLines {
		lines := slices.Delete(slices.Clone(upgradeLines), i, i+1)
		got := s.send(http.MethodGet, "-", "", lines...)
		checkAnswer(t, got, 400, plain, textNoID)
		checkNoCache(t, got.header, true)
	}
	for _, bad := range []string{"Sec-WebSocket-Key: short", "Sec-WebSocket-Version: 8"} {
		lines := slices.Clone(upgradeLines)
		name, _, _ := strings.Cut(bad, ":")
		for i, line := range lines {
			if strings.HasPrefix(line, name) {
				lines[i] = bad
			}
		}
		checkAnswer(t, s.send(http.MethodGet, "-", "", lines...), 400, plain, textNoID)
	}
	checkAnswer(t, s.send(http.MethodPost, "-", "", upgradeLines...), 400, plain, textNoID)
}

func TestAcceptDecidesBeforeUpgrade(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"text/event-stream":                    true,
		"TEXT/Event-Stream":                    true,
		"text/html, text/event-stream":         true,
		"text/event-stream;q=0.9":              false,
		"text/*":                               false,
		"*/*":                                  false,
		"application/json,text/event-stream ,": true,
		"":                                     false,
	} {
		if got := acceptsEventStream(http.Header{"Accept": {"text/plain", accept}}); got != want {
			t.Errorf("Accept %q: got %v, want %v", accept, got, want)
		}
	}
	s := newSite(t, Config{}, newFakeApp())
	lines := append(slices.Clone(upgradeLines), "Accept: text/event-stream")
	checkAnswer(t, s.send(http.MethodGet, "-", "", lines...), 400, plain, textNoID)
}

func TestOtherMethodsAre405(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp())
	id := s.negotiate()
	for _, method := range []string{"PUT", "PATCH", "OPTIONS", "TRACE", "HEAD", "BREW"} {
		got := s.send(method, id, "")
		checkAnswer(t, got, 405, plain, "")
		checkNoCache(t, got.header, false)
	}
}

func TestPostTable(t *testing.T) {
	t.Parallel()
	app := newFakeApp()
	s := newSite(t, Config{}, app)
	t.Run("row 1", func(t *testing.T) {
		checkAnswer(t, s.send(http.MethodPost, "-", "x"), 400, plain, textNoID)
		checkAnswer(t, s.send(http.MethodPost, "nope", "x"), 404, plain, textNoConnection)
	})
	t.Run("row 2, WebSocket", func(t *testing.T) {
		id := s.negotiate()
		_ = s.dial(id)
		app.next(t)
		checkAnswer(t, s.send(http.MethodPost, id, "x"), 405, plain, textPostOnWebSocket)
	})
	t.Run("row 3, another user", func(t *testing.T) {
		id := s.negotiate()
		checkAnswer(t, s.send(http.MethodPost, id, "a", "User: bob"), 200, plain, "") // not bound yet
		_ = s.openEvents(id, "User: ann")
		session := app.next(t)
		checkAnswer(t, s.send(http.MethodPost, id, "x", "User: bob"), 403, plain, textUserChanged)
		checkAnswer(t, s.send(http.MethodPost, id, "x"), 403, plain, textUserChanged)
		checkAnswer(t, s.send(http.MethodPost, id, "b", "User: ann"), 200, plain, "")
		if got := session.awaitReceived(t, 2); got != "ab" {
			t.Errorf("got %q, want %q", got, "ab")
		}
		if got := session.c.User().ID(); got != "ann" {
			t.Errorf("got user %q, want the first one, ann", got)
		}
	})
	t.Run("row 4, disposed", func(t *testing.T) {
		held := newFakeApp()
		held.onEnded = func(*fakeSession, error) {} // does not finish, so the connection stays in the table
		s := newSite(t, Config{}, held)
		id := s.negotiate()
		_ = s.openEvents(id)
		session := held.next(t)
		session.c.Abort(errors.New("test"))
		checkAnswer(t, s.send(http.MethodPost, id, "x"), 404, plain, "")
		session.c.Finish()
		await(t, s.ep.conns.quiet(), "the table to be empty")
		checkAnswer(t, s.send(http.MethodPost, id, "x"), 404, plain, textNoConnection)
	})
	t.Run("row 5, body limit", func(t *testing.T) {
		limited := httptest.NewServer(http.MaxBytesHandler(s.ep, 10))
		defer limited.Close()
		s := &site{t: t, ep: s.ep, srv: limited, http: limited.Client()}
		id := s.negotiate()
		checkAnswer(t, s.send(http.MethodPost, id, "0123456789"), 200, plain, "")
		checkAnswer(t, s.send(http.MethodPost, id, "01234567890"), 400, plain, "")
	})
	t.Run("row 6", func(t *testing.T) {
		id := s.negotiate()
		got := s.send(http.MethodPost, id, "x", "Content-Type: application/nonsense")
		checkAnswer(t, got, 200, plain, "")
		checkNoCache(t, got.header, false)
		checkAnswer(t, s.send(http.MethodPost, id, ""), 200, plain, "")
	})
}

func TestDeleteTable(t *testing.T) {
	t.Parallel()
	app := newFakeApp()
	app.onEnded = func(*fakeSession, error) {}
	s := newSite(t, Config{}, app)
	t.Run("row 1", func(t *testing.T) {
		checkAnswer(t, s.send(http.MethodDelete, "-", ""), 400, plain, textNoID)
		checkAnswer(t, s.send(http.MethodDelete, "nope", ""), 404, plain, textNoConnection)
	})
	t.Run("row 2, not long polling", func(t *testing.T) {
		id := s.negotiate()
		checkAnswer(t, s.send(http.MethodDelete, id, ""), 400, plain, textCannotDelete)
		_ = s.openEvents(id)
		app.next(t)
		checkAnswer(t, s.send(http.MethodDelete, id, ""), 400, plain, textCannotDelete)
	})
	t.Run("row 3, another user", func(t *testing.T) {
		id := s.negotiate()
		checkAnswer(t, s.send(http.MethodGet, id, "", "User: ann"), 200, octets, "")
		checkAnswer(t, s.send(http.MethodDelete, id, "", "User: bob"), 403, plain, textUserChanged)
		got := s.send(http.MethodGet, id, "", "User: bob")
		checkAnswer(t, got, 403, plain, textUserChanged)
		checkNoCache(t, got.header, true)
		app.next(t).c.Finish()
	})
	t.Run("row 4", func(t *testing.T) {
		id := s.negotiate()
		checkAnswer(t, s.send(http.MethodGet, id, ""), 200, octets, "")
		session := app.next(t)
		checkAnswer(t, s.send(http.MethodDelete, id, ""), 202, plain, "")
		checkAnswer(t, s.send(http.MethodDelete, id, ""), 202, plain, "") // the App has not finished yet
		checkAnswer(t, s.send(http.MethodPost, id, "x"), 404, plain, "")
		checkAnswer(t, s.send(http.MethodGet, id, ""), 404, plain, "") // row 10
		_ = session.awaitEnded(t)
		if cause := context.Cause(session.c.Context()); !errors.Is(cause, ErrClosedByClient) {
			t.Errorf("got cause %v, want %v", cause, ErrClosedByClient)
		}
		session.c.Finish()
		checkAnswer(t, s.send(http.MethodDelete, id, ""), 404, plain, textNoConnection)
	})
}

func TestQueryValue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		query, name, want string
		ok                bool
	}{
		{"", "id", "", false},
		{"id=a", "id", "a", true},
		{"ID=a", "id", "a", true},
		{"x=1&Id=a%20b+c&y", "id", "a b c", true},
		{"id=a&id=b&ID=c", "id", "a,b,c", true},
		{"id", "id", "", true},
		{"id=&id=", "id", "", true},
		{"id=&id=a&id=&id=b", "id", "a,b", true},
		{"%69d=a", "id", "a", true},
		{"idx=a&xid=b", "id", "", false},
		{"id=%zz", "id", "", false},
		{"negotiateVersion=1", "NegotiateVersion", "1", true},
		{"%zz=a&id=b", "id", "b", true},
	} {
		if got, ok := QueryValue(tt.query, tt.name); got != tt.want || ok != tt.ok {
			t.Errorf("QueryValue(%q, %q): got %q, %v, want %q, %v", tt.query, tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestBoundsOnRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{MaxQueryLength: 100, MaxUnusedConnections: 2}, newFakeApp())
	got := s.send(http.MethodGet, strings.Repeat("x", 200), "")
	checkAnswer(t, got, http.StatusRequestURITooLong, plain, "")

	r := httptest.NewRequest(http.MethodPost, "/", nil)
	first := s.negotiate()
	_ = s.negotiate()
	if _, _, err := s.ep.Create(r, 1, false); !errors.Is(err, ErrTooManyConnections) {
		t.Errorf("got %v, want %v", err, ErrTooManyConnections)
	}
	if got := s.ep.Stats(); got.Unused != 2 {
		t.Errorf("got %+v, want 2 unused", got)
	}
	_ = s.dial(first)
	s.app.next(t)
	if got, want := s.ep.Stats(), (Stats{WebSockets: 1, Unused: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	_ = s.negotiate() // there is room again
	_ = s.dial("-")   // and these are no unused ones
}

func TestCreate(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{AllowStatefulReconnects: true}, newFakeApp())
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	id, token, err := s.ep.Create(r, 1, true)
	if err != nil || len(id) != 22 || len(token) != 22 || id == token {
		t.Errorf("got %q, %q, %v; want two different names of 22 characters", id, token, err)
	}
	if c := s.ep.find(token); c == nil || !c.StatefulReconnect() || c.ID() != id {
		t.Errorf("got %+v under the token", c)
	}
	if s.ep.find(id) != nil {
		t.Error("the public id is good for a token")
	}
	id, token, _ = s.ep.Create(r, 0, false)
	if id != token {
		t.Errorf("version 0: got %q and %q, want one name", id, token)
	}
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	app := newFakeApp()
	s := newSite(t, Config{}, app)
	unused := s.negotiate()
	ws := s.dial("-")
	session := app.next(t)
	s.ep.Close()
	checkAnswer(t, s.send(http.MethodGet, unused, ""), 404, plain, textNoConnection)
	got := s.send(http.MethodGet, "-", "", upgradeLines...)
	checkAnswer(t, got, 503, plain, "")
	if got.header.Get("Retry-After") == "" {
		t.Error("got no Retry-After")
	}
	if _, _, err := s.ep.Create(httptest.NewRequest(http.MethodPost, "/", nil), 1, false); !errors.Is(err, ErrShuttingDown) {
		t.Errorf("got %v, want %v", err, ErrShuttingDown)
	}
	write(t, ws, websocket.MessageText, "still there")
	if _, p := read(t, ws); p != "still there" {
		t.Errorf("got %q, want the echo", p)
	}

	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("enough"))
	if err := s.ep.Shutdown(ctx); err == nil || err.Error() != "enough" {
		t.Errorf("got %v, want the cause of ctx", err)
	}
	_ = session.awaitEnded(t)
	if cause := context.Cause(session.c.Context()); !errors.Is(cause, ErrShuttingDown) {
		t.Errorf("got cause %v, want %v", cause, ErrShuttingDown)
	}
	if _, _, err := ws.Read(limit(t)); websocket.CloseStatus(err) != -1 || err == nil {
		t.Errorf("got %v, want an end without a close frame", err)
	}
	if err := s.ep.Shutdown(limit(t)); err != nil {
		t.Errorf("second Shutdown: got %v, want nil", err)
	}
}

func TestShutdownWaitsForTheApp(t *testing.T) {
	t.Parallel()
	app := newFakeApp()
	s := newSite(t, Config{}, app)
	ws := s.dial("-")
	session := app.next(t)
	done := make(chan error)
	go func() { done <- s.ep.Shutdown(limit(t)) }()
	_ = session.c.TryQueue([]byte("bye"))
	session.c.Finish()
	if _, p := read(t, ws); p != "bye" {
		t.Errorf("got %q, want %q", p, "bye")
	}
	if _, _, err := ws.Read(limit(t)); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("got %v, want code 1000", err)
	}
	if err := <-done; err != nil {
		t.Errorf("got %v, want nil", err)
	}
}

func TestConfigErrorsNameTheOption(t *testing.T) {
	t.Parallel()
	e := NewEngine()
	defer e.Close()
	for _, tt := range []struct {
		option string
		cfg    Config
	}{
		{"Transports", Config{Transports: 8}},
		{"ApplicationMaxBufferSize", Config{ApplicationMaxBufferSize: -2}},
		{"TransportMaxBufferSize", Config{TransportMaxBufferSize: -2}},
		{"MaxUnusedConnections", Config{MaxUnusedConnections: -2}},
		{"MaxQueryLength", Config{MaxQueryLength: -2}},
		{"WebSocketCloseTimeout", Config{WebSocketCloseTimeout: -1}},
		{"LongPollingPollTimeout", Config{LongPollingPollTimeout: -1}},
		{"DisconnectTimeout", Config{DisconnectTimeout: -1}},
		{"AllowedOrigins", Config{AllowedOrigins: []string{"app.example.com"}}},
		{"AllowedOrigins", Config{AllowedOrigins: []string{"https://app.example.com/path"}}},
	} {
		if _, err := NewEndpoint(e, tt.cfg, newFakeApp()); err == nil || !strings.Contains(err.Error(), tt.option) {
			t.Errorf("%s: got %v, want an error that names it", tt.option, err)
		}
	}
	if _, err := NewEndpoint(nil, Config{}, newFakeApp()); err == nil {
		t.Error("no engine: got no error")
	}
	if _, err := NewEndpoint(e, Config{ApplicationMaxBufferSize: NoLimit, TransportSendTimeout: -1}, newFakeApp()); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}

func TestTypeNames(t *testing.T) {
	t.Parallel()
	for is, want := range map[Type]string{
		0: "None", WebSockets: "WebSockets", ServerSentEvents: "ServerSentEvents", LongPolling: "LongPolling", All: "",
	} {
		if got := is.String(); got != want {
			t.Errorf("%d: got %q, want %q", is, got, want)
		}
	}
}
