package transports

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/hubwire/signalr/internal/bufpool"
)

func queued(payload string) *bufpool.Buffer {
	b := bufpool.Get(frameRoom + len(payload))
	b.B = append(b.B[:frameRoom], payload...)
	return b
}

func event(payload string) string {
	b, start := formatEvent(queued(payload))
	defer bufpool.Put(b)
	return string(b.B[start:])
}

// The table of transports.md, 5.3.
func TestEventFormat(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{
		"A":          "data: A\r\n\r\n",
		"":           "\r\n",
		"A\nB":       "data: A\r\ndata: B\r\n\r\n",
		"A\r\nB":     "data: A\r\ndata: B\r\n\r\n",
		"A\n":        "data: A\r\ndata: \r\n\r\n",
		"\r\n":       "data: \r\r\ndata: \r\n\r\n",
		"\n":         "data: \r\ndata: \r\n\r\n",
		"A\rB":       "data: A\rB\r\n\r\n",
		"A\r":        "data: A\r\r\n\r\n",
		"A\n\r":      "data: A\r\ndata: \r\r\n\r\n",
		"A\r\r\nB":   "data: A\r\r\ndata: B\r\n\r\n",
		"A\r\n\r\nB": "data: A\r\ndata: \r\r\ndata: B\r\n\r\n",
	} {
		if got := event(payload); got != want {
			t.Errorf("%q: got %q, want %q", payload, got, want)
		}
	}
}

// lines reads an event as ASP.NET Core's clients do: data lines, joined with
// line feeds.
func lines(event string) (payload string, ok bool) {
	var all []string
	for line := range strings.SplitSeq(strings.TrimSuffix(event, "\r\n"), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			continue
		}
		data, found := strings.CutPrefix(line, "data: ")
		if !found {
			return "", false
		}
		all = append(all, data)
	}
	return strings.Join(all, "\n"), strings.HasSuffix(event, "\r\n")
}

func FuzzEventFormat(f *testing.F) {
	for _, payload := range []string{"", "A", "A\nB", "A\r\nB", "\r\n", "\n\n\n", "{\"type\":6}\x1e", strings.Repeat("x\n", 3000)} {
		f.Add([]byte(payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		e := event(string(payload))
		if slow := string(appendEvent(nil, payload)); e != slow {
			t.Fatalf("%q: got %q and %q", payload, e, slow)
		}
		if len(payload) > 0 && !strings.HasSuffix(e, "\r\n\r\n") || strings.Contains(strings.TrimSuffix(e, "\r\n"), "\n\r\n") {
			t.Fatalf("%q: got %q, want one empty line, at the end", payload, e)
		}
		got, ok := lines(e)
		if !ok || len(payload) == 0 && got != "" {
			t.Fatalf("%q: got event %q", payload, e)
		}
		// What is lost is a carriage return before a line feed.
		if want := bytes.ReplaceAll(payload, []byte("\r"), nil); strings.ReplaceAll(got, "\r", "") != string(want) {
			t.Fatalf("%q: read back as %q", payload, got)
		}
	})
}

func TestEventStreamHead(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp())
	events := s.openEvents(s.negotiate())
	h := events.resp.Header
	for name, want := range map[string]string{
		"Content-Type":      "text/event-stream",
		"Cache-Control":     "no-cache,no-store",
		"Pragma":            "no-cache",
		"Content-Encoding":  "identity",
		"X-Accel-Buffering": "no",
		"Expires":           "",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	c := s.app.next(t).c
	if c.SupportsBinary() || c.InherentKeepAlive() || c.Transport() != "ServerSentEvents" || c.TransportType() != ServerSentEvents {
		t.Errorf("got %v, %v, %q", c.SupportsBinary(), c.InherentKeepAlive(), c.Transport())
	}
}

func TestEventStreamEnds(t *testing.T) {
	t.Parallel()
	app := newFakeApp()
	app.onReceive = func(*fakeSession, []byte) {}
	s := newSite(t, Config{}, app)
	open := func() (*sse, *fakeSession, string) {
		id := s.negotiate()
		events := s.openEvents(id)
		return events, app.next(t), id
	}
	t.Run("when the App finishes", func(t *testing.T) {
		events, session, id := open()
		session.c.TryQueue([]byte("a"))
		session.c.TryQueue([]byte("b"))
		session.c.Finish()
		if rest, err := events.rest(); rest != ":\r\ndata: ab\r\n\r\n" || err != nil {
			t.Errorf("got %q, %v", rest, err)
		}
		if err := session.awaitEnded(t); err != nil {
			t.Errorf("Ended got %v, want nil", err)
		}
		checkAnswer(t, s.send(http.MethodGet, id, "", "Accept: text/event-stream"), 404, plain, textNoConnection)
	})
	t.Run("when it is aborted", func(t *testing.T) {
		events, session, _ := open()
		session.c.TryQueue([]byte("lost"))
		session.c.Abort(errors.New("test"))
		if rest, err := events.rest(); rest != ":\r\n" || err != nil {
			t.Errorf("got %q, %v; want the bare end", rest, err)
		}
		_ = session.awaitEnded(t)
	})
	t.Run("when the client goes", func(t *testing.T) {
		events, session, id := open()
		checkAnswer(t, s.send(http.MethodPost, id, "last words"), 200, plain, "")
		_ = events.resp.Body.Close()
		if err := session.awaitEnded(t); err != nil {
			t.Errorf("Ended got %v, want nil", err)
		}
		if got := session.received(); got != "last words" {
			t.Errorf("got %q, want what was posted", got)
		}
		<-session.c.Context().Done()
		if cause := context.Cause(session.c.Context()); !errors.Is(cause, ErrClosedByClient) {
			t.Errorf("got cause %v", cause)
		}
	})
	await(t, s.ep.conns.quiet(), "the table to be empty")
}

func TestManyEventsAndBigOnes(t *testing.T) {
	t.Parallel()
	app := newFakeApp()
	s := newSite(t, Config{}, app)
	events := s.openEvents(s.negotiate())
	session := app.next(t)
	const n = 300
	go func() {
		for i := range n {
			p := []byte(strings.Repeat("x", 1+i*i%30_000) + "\x1e")
			if !session.c.TryQueue(p) {
				_ = session.c.Queue(context.Background(), p)
			}
			session.c.Wake()
		}
		session.c.Finish()
	}()
	rest, err := events.rest()
	if err != nil {
		t.Fatal(err)
	}
	rest = strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(rest, ":\r\n"), "data: ", ""), "\r\n", "")
	for i, message := range strings.Split(strings.TrimSuffix(rest, "\x1e"), "\x1e") {
		if len(message) != 1+i*i%30_000 {
			t.Fatalf("message %d: got %d bytes, want %d", i, len(message), 1+i*i%30_000)
		}
	}
	if got := strings.Count(rest, "\x1e"); got != n {
		t.Errorf("got %d messages, want %d", got, n)
	}
}

// flushOnly is a writer that keeps its connection to itself.
type flushOnly struct{ opaque }

func (w flushOnly) Flush() { w.w.(http.Flusher).Flush() }

func TestEventStreamsServedByTheHandler(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp())
	b := s.behind(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(flushOnly{opaque{w}}, r) })
	}, (*httptest.Server).Start)
	echoOverHTTP(t, b)

	events := b.openEvents(b.negotiate())
	session := b.app.next(t)
	session.c.TryQueue([]byte("a"))
	session.c.Finish()
	if rest, err := events.rest(); rest != ":\r\ndata: a\r\n\r\n" || err != nil {
		t.Errorf("got %q, %v", rest, err)
	}
	events = b.openEvents(b.negotiate())
	session = b.app.next(t)
	session.c.Abort(nil)
	if rest, err := events.rest(); rest != ":\r\n" || err != nil {
		t.Errorf("got %q, %v; want the bare end", rest, err)
	}
	_ = session.awaitEnded(t)
}

func TestEventStreamKeepsWhatMiddlewareHasSet(t *testing.T) {
	t.Parallel()
	for _, wraps := range []bool{false, true} { // the writer: then the stream stays with its handler
		eventStreamKeepsHeaders(t, wraps)
	}
}

func eventStreamKeepsHeaders(t *testing.T, wraps bool) {
	t.Helper()
	s := newSite(t, Config{}, newFakeApp()).behind(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Middleware", "was here")
			w.Header().Add("Set-Cookie", "a=1")
			w.Header().Add("Set-Cookie", "b=2")
			w.Header().Set("Content-Length", "5")
			w.Header().Set("Content-Encoding", "gzip")
			if wraps {
				w = wrapped{w}
			}
			next.ServeHTTP(w, r)
		})
	}, (*httptest.Server).Start)
	events := s.openEvents(s.negotiate())
	h := events.resp.Header
	if h.Get("X-Middleware") != "was here" || len(h["Set-Cookie"]) != 2 || h.Get("Date") == "" {
		t.Errorf("got %v", h)
	}
	if events.resp.ContentLength != -1 || h.Get("Content-Encoding") != "identity" || events.resp.Close == wraps {
		t.Errorf("wrapped %v: got length %d, %v, close %v", wraps, events.resp.ContentLength, h, events.resp.Close)
	}
}

func TestAbortedEventStreamOverTLS(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp()).behind(func(h http.Handler) http.Handler { return h }, (*httptest.Server).StartTLS)
	for _, end := range []func(*Conn){(*Conn).Finish, func(c *Conn) { c.Abort(nil) }} {
		events := s.openEvents(s.negotiate())
		session := s.app.next(t)
		session.c.TryQueue([]byte("a"))
		session.c.Flush()
		end(session.c)
		if rest, err := events.rest(); rest != ":\r\ndata: a\r\n\r\n" || err != nil {
			t.Errorf("got %q, %v; want a good end", rest, err)
		}
		_ = session.awaitEnded(t)
	}
}

// An idle event stream over HTTP/1.1 is one goroutine, as a WebSocket is.
func TestGoroutinesOfIdleEventStreams(t *testing.T) { //nolint:paralleltest // it counts goroutines
	const n = 20
	s := newSite(t, Config{}, newFakeApp())
	streams := func() int {
		buf := make([]byte, 4<<20)
		return strings.Count(string(buf[:runtime.Stack(buf, true)]), "(*webSocket).runEvents")
	}
	before := streams()
	for range n {
		_ = s.openEvents(s.negotiate())
		s.app.next(t)
	}
	until(t, "the streams to be detached", func() bool { return streams() == before+n })
	buf := make([]byte, 4<<20)
	if strings.Contains(string(buf[:runtime.Stack(buf, true)]), "(*Conn).streamEvents") {
		t.Error("a handler still runs")
	}
}
