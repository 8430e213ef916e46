package transports

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/hubwire/signalr/auth"
)

func TestOrigins(t *testing.T) {
	t.Parallel()
	same := newSite(t, Config{}, newFakeApp())
	listed := newSite(t, Config{AllowedOrigins: []string{"https://app.example.com"}}, newFakeApp())
	open := newSite(t, Config{AllowedOrigins: []string{"*"}}, newFakeApp())
	for _, tt := range []struct {
		site   *site
		origin string
		want   int
	}{
		{same, "", 101},
		{same, same.srv.URL, 101},
		{same, strings.Replace(same.srv.URL, "http", "https", 1), 101}, // TLS may have ended in a proxy
		{same, "https://app.example.com", 403},
		{same, "null", 403},
		{same, "://", 403},
		{listed, "https://app.example.com", 101},
		{listed, "HTTPS://app.Example.com", 101},
		{listed, "http://app.example.com", 403},
		{listed, "https://app.example.com.evil.net", 403},
		{listed, listed.srv.URL, 101},
		{open, "https://whoever.net", 101},
	} {
		lines := upgradeLines
		if tt.origin != "" {
			lines = append([]string{"Origin: " + tt.origin}, lines...)
		}
		resp, err := tt.site.open(limit(t), http.MethodGet, "-", "", lines...)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != tt.want {
			t.Errorf("Origin %q: got %d, want %d", tt.origin, resp.StatusCode, tt.want)
		}
		if tt.want == 403 && (resp.Header.Get("Content-Type") != "" || resp.ContentLength != 0) {
			t.Errorf("Origin %q: got %v, want an empty answer without a type", tt.origin, resp.Header)
		}
	}
	// Only upgrades are checked, and before the id is looked at.
	checkAnswer(t, same.send(http.MethodGet, "-", "", "Origin: https://evil.net"), 400, plain, textNoID)
	checkAnswer(t, same.send(http.MethodGet, "nope", "", append([]string{"Origin: https://evil.net"}, upgradeLines...)...), 403, "", "")
}

func TestSubProtocols(t *testing.T) {
	t.Parallel()
	plainSite := newSite(t, Config{}, newFakeApp())
	chooses := newSite(t, Config{SubProtocolSelector: func(requested []string) string {
		if len(requested) < 2 {
			return ""
		}
		return requested[1]
	}}, newFakeApp())
	for _, tt := range []struct {
		site        *site
		asked, want string
	}{
		{plainSite, "a, b", ""},
		{chooses, "a, b", "b"},
		{chooses, "a", ""},
	} {
		lines := append([]string{"Sec-WebSocket-Protocol: " + tt.asked}, upgradeLines...)
		resp, err := tt.site.open(limit(t), http.MethodGet, "-", "", lines...)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := strings.Join(resp.Header["Sec-Websocket-Protocol"], "|"); resp.StatusCode != http.StatusSwitchingProtocols || got != tt.want {
			t.Errorf("asked for %q: got %d %q, want 101 %q", tt.asked, resp.StatusCode, got, tt.want)
		}
		if got := resp.Header.Get("Sec-WebSocket-Extensions"); got != "" {
			t.Errorf("got extensions %q, want none", got)
		}
	}
}

// wrapped is a middleware's ResponseWriter: it has nothing but Unwrap.
type wrapped struct{ w http.ResponseWriter }

func (w wrapped) Header() http.Header         { return w.w.Header() }
func (w wrapped) Write(p []byte) (int, error) { return w.w.Write(p) }
func (w wrapped) WriteHeader(status int)      { w.w.WriteHeader(status) }
func (w wrapped) Unwrap() http.ResponseWriter { return w.w }

// opaque has not even that.
type opaque struct{ w http.ResponseWriter }

func (w opaque) Header() http.Header         { return w.w.Header() }
func (w opaque) Write(p []byte) (int, error) { return w.w.Write(p) }
func (w opaque) WriteHeader(status int)      { w.w.WriteHeader(status) }

// behind is the site with a middleware in front.
func (s *site) behind(middleware func(http.Handler) http.Handler, start func(*httptest.Server)) *site {
	s.t.Helper()
	srv := httptest.NewUnstartedServer(middleware(withUser(s.ep)))
	start(srv)
	s.t.Cleanup(func() {
		s.eng.Close()
		srv.CloseClientConnections()
		srv.Close()
	})
	return &site{t: s.t, app: s.app, eng: s.eng, ep: s.ep, srv: srv, http: srv.Client()}
}

func TestWrappedResponseWriters(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp()).behind(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Middleware", "was here")
			next.ServeHTTP(wrapped{wrapped{w}}, r)
		})
	}, (*httptest.Server).Start)
	echoEverywhere(t, s)
}

// echoEverywhere runs a short conversation over each transport.
func echoEverywhere(t *testing.T, s *site) {
	t.Helper()
	ws := s.dial("-")
	session := s.app.next(t)
	write(t, ws, websocket.MessageText, "hello")
	if _, p := read(t, ws); p != "hello" {
		t.Errorf("WebSockets: got %q, want the echo", p)
	}
	_ = ws.CloseNow()
	_ = session.awaitEnded(t)
	echoOverHTTP(t, s)
}

func echoOverHTTP(t *testing.T, s *site) {
	t.Helper()
	id := s.negotiate()
	events := s.openEvents(id)
	session := s.app.next(t)
	checkAnswer(t, s.send(http.MethodPost, id, "hello"), 200, plain, "")
	const want = ":\r\ndata: hello\r\n\r\n"
	if got := events.read(len(want)); got != want {
		t.Errorf("ServerSentEvents: got %q, want %q", got, want)
	}
	_ = events.resp.Body.Close()
	_ = session.awaitEnded(t)

	id = s.negotiate()
	checkAnswer(t, s.send(http.MethodGet, id, ""), 200, octets, "")
	session = s.app.next(t)
	checkAnswer(t, s.send(http.MethodPost, id, "hello"), 200, plain, "")
	checkAnswer(t, s.send(http.MethodGet, id, ""), 200, octets, "hello")
	checkAnswer(t, s.send(http.MethodDelete, id, ""), 202, plain, "")
	_ = session.awaitEnded(t)
}

func TestAWriterThatCannotHijackNorFlush(t *testing.T) {
	t.Parallel()
	var logs syncBuffer
	s := newSite(t, Config{Logger: logs.logger()}, newFakeApp())
	b := s.behind(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(opaque{w}, r) })
	}, (*httptest.Server).Start)
	checkAnswer(t, b.send(http.MethodGet, "-", "", upgradeLines...), 500, plain, "")
	checkAnswer(t, b.send(http.MethodGet, b.negotiate(), "", "Accept: text/event-stream"), 500, plain, "")
	if got := logs.String(); strings.Count(got, "level=ERROR") != 2 || strings.Count(got, "Unwrap") != 2 {
		t.Errorf("got log %q, want errors that say what to do", got)
	}
	id := b.negotiate()
	checkAnswer(t, b.send(http.MethodGet, id, ""), 200, octets, "")
	session := b.app.next(t)
	session.c.TryQueue([]byte("once"))
	checkAnswer(t, b.send(http.MethodGet, id, ""), 200, octets, "once")
	session.c.Finish()
	checkAnswer(t, b.send(http.MethodGet, id, ""), 204, plain, "")
	if got := s.ep.Stats(); got != (Stats{}) {
		t.Errorf("got %+v, want no connection left", got)
	}
}

func TestOverTLS(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp()).behind(func(h http.Handler) http.Handler { return h }, (*httptest.Server).StartTLS)
	echoEverywhere(t, s)

	// Many messages, bigger than a read and a record.
	ws := s.dial("-")
	session := s.app.next(t)
	for i := range 50 {
		text := strings.Repeat("x", 1+i*1500)
		write(t, ws, websocket.MessageText, text)
		for n := 0; n < len(text); {
			_, p := read(t, ws)
			n += len(p)
		}
	}
	if r := session.c.Request(); r.TLS == nil {
		t.Error("the kept request has no TLS state")
	}
	session.c.Abort(nil)
	_ = session.awaitEnded(t)
}

func TestOverHTTP2(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp()).behind(func(h http.Handler) http.Handler { return h }, func(srv *httptest.Server) {
		srv.EnableHTTP2 = true
		srv.StartTLS()
	})
	resp, err := s.open(limit(t), http.MethodGet, "-", "")
	if err != nil || resp.ProtoMajor != 2 {
		t.Fatalf("got %v, %v; want HTTP/2", resp, err)
	}
	_ = resp.Body.Close()
	echoOverHTTP(t, s)

	id := s.negotiate()
	events := s.openEvents(id)
	session := s.app.next(t)
	big := strings.Repeat("x", 200_000) // more than the client's window
	go func() { _ = session.c.Queue(limit(t), []byte(big)); session.c.Flush() }()
	want := ":\r\ndata: " + big + "\r\n\r\n"
	if got := events.read(len(want)); got != want {
		t.Error("the event changed on its way")
	}
	session.c.Finish()
	if rest, err := events.rest(); rest != "" || err != nil {
		t.Errorf("got %q, %v; want the end of the stream", rest, err)
	}
}

func TestServerTimeoutsAreForOrdinaryRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp()).behind(func(h http.Handler) http.Handler { return h }, func(srv *httptest.Server) {
		srv.Config.ReadTimeout = 150 * time.Millisecond
		srv.Config.WriteTimeout = 150 * time.Millisecond
		srv.Start()
	})
	ws := s.dial("-")
	s.app.next(t)
	id := s.negotiate()
	events := s.openEvents(id)
	s.app.next(t)
	lp := s.negotiate()
	checkAnswer(t, s.send(http.MethodGet, lp, ""), 200, octets, "")
	s.app.next(t)
	polled := make(chan answer, 1)
	go func() {
		a, _ := s.trySend(limit(t), http.MethodGet, lp, "")
		polled <- a
	}()
	<-time.After(400 * time.Millisecond)
	write(t, ws, websocket.MessageText, "hello")
	if _, p := read(t, ws); p != "hello" {
		t.Errorf("WebSockets: got %q, want the echo", p)
	}
	checkAnswer(t, s.send(http.MethodPost, id, "hello"), 200, plain, "")
	const want = ":\r\ndata: hello\r\n\r\n"
	if got := events.read(len(want)); got != want {
		t.Errorf("ServerSentEvents: got %q, want %q", got, want)
	}
	checkAnswer(t, s.send(http.MethodPost, lp, "hello"), 200, plain, "")
	checkAnswer(t, <-polled, 200, octets, "hello")
}

func TestTheRequestIsKept(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp())
	type key struct{}
	mux := http.NewServeMux()
	mux.Handle("/rooms/{room}/hub", withUser(s.ep))
	b := s.behind(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, "value")))
		})
	}, (*httptest.Server).Start)
	b.srv.URL += "/rooms/blue"
	check := func(name string) {
		t.Helper()
		session := b.app.next(t)
		r := session.c.Request()
		switch {
		case r.PathValue("room") != "blue", r.Header.Get("X-Tenant") != "t1", r.URL.Query().Get("id") == "" && name != "WebSockets",
			r.RemoteAddr == "", r.Context().Value(key{}) != "value", auth.FromContext(r.Context()).ID() != "ann",
			r.Context().Done() != nil, r.Response != nil:
			t.Errorf("%s: got %+v", name, r)
		}
		if p, err := io.ReadAll(r.Body); len(p) > 0 || err != nil {
			t.Errorf("%s: got body %q, %v; want none", name, p, err)
		}
		if got := session.c.Transport(); got != name {
			t.Errorf("got transport %q, want %q", got, name)
		}
	}
	_ = b.dial("-", "X-Tenant: t1", "User: ann")
	check("WebSockets")
	_ = b.openEvents(b.negotiate(), "X-Tenant: t1", "User: ann")
	check("ServerSentEvents")
	id := b.negotiate()
	checkAnswer(t, b.send(http.MethodGet, id, "", "X-Tenant: t1", "User: ann"), 200, octets, "")
	check("LongPolling")
}

func TestWhatWasPostedBeforeTheWebSocket(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp())
	id := s.negotiate()
	checkAnswer(t, s.send(http.MethodPost, id, "early"), 200, plain, "")
	ws := s.dial(id)
	if _, p := read(t, ws); p != "early" {
		t.Errorf("got %q, want the echo", p)
	}
	checkAnswer(t, s.send(http.MethodPost, id, "x"), 405, plain, textPostOnWebSocket)
}
