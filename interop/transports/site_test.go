package transports_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/interop/conformance/contract"
)

// patience is for what should be there at once, on a machine that is busy.
const patience = 20 * time.Second

// limit returns a context for one step of a test.
func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// site is a server with hubs on a listener of its own, and a client for it.
type site struct {
	t    *testing.T
	srv  *httptest.Server
	url  string // without a slash at the end
	addr string
	http *http.Client
	log  *syncBuffer

	sockets *http.Client // for WebSockets, if not http
}

// newSite serves handler, which sr is part of, as configure says.
func newSite(t *testing.T, sr *signalr.Server, handler http.Handler, configure ...func(*httptest.Server)) *site {
	t.Helper()
	srv := httptest.NewUnstartedServer(handler)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // broken connections are what we do
	for _, c := range configure {
		c(srv)
	}
	if srv.URL == "" {
		srv.Start()
	}
	s := &site{t: t, srv: srv, url: srv.URL, addr: srv.Listener.Addr().String(), http: srv.Client()}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second/2)
		defer cancel()
		_ = sr.Shutdown(ctx) // tests leave connections behind
		s.http.CloseIdleConnections()
		srv.CloseClientConnections()
		srv.Close()
	})
	return s
}

// contractSite serves the conformance contract behind a middleware, nil for
// none.
func contractSite(t *testing.T, middleware func(http.Handler) http.Handler, configure ...func(*httptest.Server)) *site {
	t.Helper()
	log := &syncBuffer{}
	c := contract.New(slog.New(slog.NewTextHandler(log, nil)), func() {})
	handler := c.Handler
	if middleware != nil {
		handler = middleware(handler)
	}
	s := newSite(t, c.SignalR, handler, configure...)
	s.log = log
	return s
}

// syncBuffer is a log that may be written and read at the same time.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// answer is an HTTP answer, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// try sends a request with header lines such as "Accept: text/html".
func (s *site) try(ctx context.Context, method, target, body string, lines ...string) (answer, error) {
	resp, err := s.open(ctx, method, target, body, lines...)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(b)}, err
}

// open is try that leaves the body to the caller.
func (s *site) open(ctx context.Context, method, target, body string, lines ...string) (*http.Response, error) {
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, s.url+target, content)
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return s.http.Do(r)
}

// do is try that must succeed.
func (s *site) do(method, target, body string, lines ...string) answer {
	s.t.Helper()
	a, err := s.try(limit(s.t), method, target, body, lines...)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, target, err)
	}
	return a
}

// negotiate returns the target of a new connection to the hub at path.
func (s *site) negotiate(path string, lines ...string) string {
	s.t.Helper()
	_, token := s.negotiateNames(path, lines...)
	return path + "?id=" + token
}

// negotiateNames returns the public id and the secret token of a new connection.
func (s *site) negotiateNames(path string, lines ...string) (id, token string) {
	s.t.Helper()
	a := s.do(http.MethodPost, path+"/negotiate?negotiateVersion=1", "", lines...)
	var got struct{ ConnectionID, ConnectionToken string }
	if err := json.Unmarshal([]byte(a.body), &got); a.status != http.StatusOK || err != nil || got.ConnectionToken == "" {
		s.t.Fatalf("negotiate: got %d %q, want a token", a.status, a.body)
	}
	return got.ConnectionID, got.ConnectionToken
}

// dial opens a bare connection to the server.
func (s *site) dial() *net.TCPConn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c.(*net.TCPConn)
}

// check compares the status and, unless it is "*", the body of an answer.
func check(t *testing.T, got answer, status int, body string) {
	t.Helper()
	if got.status != status || body != "*" && got.body != body {
		t.Errorf("got %d %.200q, want %d %q", got.status, got.body, status, body)
	}
}
