package transports

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/hubwire/signalr/auth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeApp records what happens to its connections and does with their bytes
// what a test says; the default is to send them back.
type fakeApp struct {
	onConnect func(*fakeSession) // nil: nothing
	onReceive func(*fakeSession, []byte)
	onEnded   func(*fakeSession, error) // nil: Finish

	sessions chan *fakeSession // each new one
}

func newFakeApp() *fakeApp { return &fakeApp{sessions: make(chan *fakeSession, 4096)} }

func (a *fakeApp) Connect(c *Conn) Session {
	s := &fakeSession{app: a, c: c, ended: make(chan struct{}), got: make(chan struct{}, 1)}
	if a.onConnect != nil {
		a.onConnect(s)
	}
	a.sessions <- s
	return s
}

// next returns the session of the next connection.
func (a *fakeApp) next(t *testing.T) *fakeSession {
	t.Helper()
	select {
	case s := <-a.sessions:
		return s
	case <-time.After(10 * time.Second):
		t.Fatal("no connection reached the App")
		return nil
	}
}

type fakeSession struct {
	app   *fakeApp
	c     *Conn
	ended chan struct{}
	got   chan struct{} // capacity 1; something was received

	mu       sync.Mutex
	in       bytes.Buffer // guarded by mu
	pieces   []int        // guarded by mu; sizes of what Receive got
	endings  int          // guarded by mu
	err      error        // guarded by mu; what Ended got
	ticks    int          // guarded by mu
	inside   int          // guarded by mu; Receive calls under way
	overlaps bool         // guarded by mu; two were
}

func (s *fakeSession) Receive(p []byte) {
	s.mu.Lock()
	s.inside++
	s.overlaps = s.overlaps || s.inside > 1 || s.endings > 0
	s.in.Write(p)
	s.pieces = append(s.pieces, len(p))
	s.mu.Unlock()
	if s.app.onReceive != nil {
		s.app.onReceive(s, p)
	} else {
		s.echo(p)
	}
	s.mu.Lock()
	s.inside--
	s.mu.Unlock()
	select {
	case s.got <- struct{}{}:
	default:
	}
}

func (s *fakeSession) echo(p []byte) {
	if !s.c.TryQueue(p) {
		_ = s.c.Queue(context.Background(), p)
	}
	s.c.Flush()
}

func (s *fakeSession) Ended(err error) {
	s.mu.Lock()
	s.endings++
	s.overlaps = s.overlaps || s.inside > 0
	s.err = err
	first := s.endings == 1
	s.mu.Unlock()
	if first {
		close(s.ended)
	}
	if s.app.onEnded != nil {
		s.app.onEnded(s, err)
	} else {
		s.c.Finish()
	}
}

func (s *fakeSession) Tick(time.Time) {
	s.mu.Lock()
	s.ticks++
	s.mu.Unlock()
}

func (s *fakeSession) received() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.in.String()
}

// awaitReceived waits until n bytes have come.
func (s *fakeSession) awaitReceived(t *testing.T, n int) string {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		if all := s.received(); len(all) >= n {
			return all
		}
		select {
		case <-s.got:
		case <-deadline:
			t.Fatalf("got %d bytes, want %d", len(s.received()), n)
		}
	}
}

func (s *fakeSession) awaitEnded(t *testing.T) error {
	t.Helper()
	await(t, s.ended, "Ended")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.endings != 1 || s.overlaps {
		t.Errorf("got %d calls of Ended, overlapping calls: %v; want 1, false", s.endings, s.overlaps)
	}
	return s.err
}

func await(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatalf("waited 10 s for %s", what)
	}
}

// until waits for what has no channel to wait for.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("waited 10 s for %s", what)
		}
	}
}

// site is an endpoint on a real server.
type site struct {
	t    *testing.T
	app  *fakeApp
	eng  *Engine
	ep   *Endpoint
	srv  *httptest.Server
	http *http.Client
}

func newEndpoint(t *testing.T, cfg Config, app App) (*Engine, *Endpoint) {
	t.Helper()
	e := NewEngine()
	ep, err := NewEndpoint(e, cfg, app)
	if err != nil {
		t.Fatal(err)
	}
	return e, ep
}

func newSite(t *testing.T, cfg Config, app *fakeApp) *site {
	t.Helper()
	e, ep := newEndpoint(t, cfg, app)
	s := &site{t: t, app: app, eng: e, ep: ep, srv: httptest.NewServer(withUser(ep))}
	s.http = s.srv.Client()
	t.Cleanup(func() {
		e.Close()
		s.http.CloseIdleConnections()
		s.srv.CloseClientConnections()
		s.srv.Close()
	})
	return s
}

// withUser makes the header User the authenticated user.
func withUser(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := r.Header.Get("User"); name != "" {
			user := auth.NewPrincipal(auth.Identity{ID: name})
			r = r.WithContext(auth.NewContext(r.Context(), user))
		}
		next.ServeHTTP(w, r)
	})
}

// negotiate makes a connection of version 1 and returns its token.
func (s *site) negotiate() string {
	s.t.Helper()
	_, token, err := s.ep.Create(httptest.NewRequest(http.MethodPost, "/", nil), 1, false)
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// answer is a response read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// send makes a request; id "-" sends none. Header lines are "Name: value".
func (s *site) send(method, id, body string, header ...string) answer {
	s.t.Helper()
	a, err := s.trySend(context.Background(), method, id, body, header...)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *site) trySend(ctx context.Context, method, id, body string, header ...string) (answer, error) {
	resp, err := s.open(ctx, method, id, body, header...)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(all)}, err
}

func (s *site) open(ctx context.Context, method, id, body string, header ...string) (*http.Response, error) {
	url := s.srv.URL + "/hub"
	if id != "-" {
		url += "?id=" + id
	}
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body == "" {
		r.Body = nil
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header[http.CanonicalHeaderKey(name)] = append(r.Header[http.CanonicalHeaderKey(name)], value)
	}
	return s.http.Do(r)
}

// dial opens a WebSocket; id "-" sends none.
func (s *site) dial(id string, header ...string) *websocket.Conn {
	s.t.Helper()
	url := s.srv.URL + "/hub"
	if id != "-" {
		url += "?id=" + id
	}
	h := http.Header{}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		h.Set(name, value)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPHeader: h, HTTPClient: s.http})
	if err != nil {
		s.t.Fatal(err)
	}
	ws.SetReadLimit(-1)
	s.t.Cleanup(func() { _ = ws.CloseNow() })
	return ws
}

// read returns the next message.
func read(t *testing.T, ws *websocket.Conn) (websocket.MessageType, string) {
	t.Helper()
	typ, p, err := ws.Read(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	return typ, string(p)
}

func write(t *testing.T, ws *websocket.Conn, typ websocket.MessageType, text string) {
	t.Helper()
	if err := ws.Write(limit(t), typ, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// limit is a context that keeps a broken test from hanging.
func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// sse is an event stream that is read.
type sse struct {
	t    *testing.T
	resp *http.Response
}

func (s *site) openEvents(id string, header ...string) *sse {
	s.t.Helper()
	resp, err := s.open(limit(s.t), http.MethodGet, id, "", append(header, "Accept: text/event-stream")...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("got status %d for the event stream, want 200", resp.StatusCode)
	}
	return &sse{s.t, resp}
}

// read returns the next n bytes of the stream.
func (e *sse) read(n int) string {
	e.t.Helper()
	b := make([]byte, n)
	k, err := io.ReadFull(e.resp.Body, b)
	if err != nil {
		e.t.Fatalf("got %q, %v; want %d bytes", b[:k], err, n)
	}
	return string(b)
}

// rest returns the stream up to its end.
func (e *sse) rest() (string, error) {
	all, err := io.ReadAll(e.resp.Body)
	return string(all), err
}

func checkAnswer(t *testing.T, got answer, status int, contentType, body string) {
	t.Helper()
	var types []string
	if contentType != "" {
		types = []string{contentType}
	}
	if got.status != status || got.body != body || !slices.Equal(got.header["Content-Type"], types) {
		t.Errorf("got %d %q %q, want %d %q %q", got.status, got.header["Content-Type"], got.body, status, types, body)
	}
}
