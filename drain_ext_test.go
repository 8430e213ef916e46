package signalr_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/hubs"
)

// pipes is a listener whose connections are made, too: in a bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case nc := <-p.conns:
		return nc, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.conns <- server
	return client, nil
}

// partingHub notes when its clients leave.
type partingHub struct {
	hubs.Hub

	left func(err error)
}

func (h *partingHub) OnDisconnected(_ context.Context, err error) error {
	h.left(err)
	return nil
}

// crowd is a server with many clients, in a bubble.
type crowd struct {
	t       *testing.T
	sr      *signalr.Server
	mux     *http.ServeMux
	clients sync.WaitGroup

	mu     sync.Mutex
	closes []time.Duration // guarded by mu; when Close messages came, from start
	left   int             // guarded by mu; calls of OnDisconnected
	start  time.Time
}

// inCrowd runs a test with so many clients, which leave when they are told.
func inCrowd(t *testing.T, clients int, test func(*testing.T, *crowd), options ...signalr.HubOption) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &crowd{t: t, sr: signalr.New(signalr.Logger(slog.New(slog.DiscardHandler))), mux: http.NewServeMux()}
		signalr.MapHub(f.sr, f.mux, "/hub", func() *partingHub {
			return &partingHub{left: func(err error) {
				f.mu.Lock()
				defer f.mu.Unlock()
				f.left++
				if err != nil {
					t.Errorf("OnDisconnected got %v, want nil", err)
				}
			}}
		}, options...)
		l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		srv := &http.Server{Handler: f.mux}
		served := make(chan struct{})
		go func() { defer close(served); _ = srv.Serve(l) }() // ends with srv.Close, below
		transport := &http.Transport{DialContext: l.dial}
		for range clients {
			f.open(&http.Client{Transport: transport})
		}
		synctest.Wait()
		f.start = time.Now()
		test(t, f)
		if err := f.sr.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		f.clients.Wait()
		transport.CloseIdleConnections()
		_ = srv.Close()
		<-served
		if f.left != clients {
			t.Errorf("got %d calls of OnDisconnected, want %d", f.left, clients)
		}
	})
}

// open opens a client that leaves when it gets the Close message it expects.
func (f *crowd) open(client *http.Client) {
	f.t.Helper()
	ctx := context.Background()
	ws, _, err := websocket.Dial(ctx, "http://hub.test/hub", &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		f.t.Fatal(err)
	}
	if err := ws.Write(ctx, websocket.MessageText, []byte(`{"protocol":"json","version":1}`+"\x1e")); err != nil {
		f.t.Fatal(err)
	}
	f.clients.Go(func() { // ends when the server closes the socket, as it does at the latest at Shutdown
		all := ""
		for {
			_, p, err := ws.Read(ctx)
			all += string(p)
			if strings.Contains(all, `"type":7`) && !strings.Contains(all, "seen") {
				f.mu.Lock()
				f.closes = append(f.closes, time.Since(f.start))
				f.mu.Unlock()
				all += "seen"
			}
			if err != nil {
				break
			}
		}
		const want = "{}\x1e" + `{"type":7,"allowReconnect":true}` + "\x1eseen"
		if got := strings.ReplaceAll(all, `{"type":6}`+"\x1e", ""); got != want {
			f.t.Errorf("got %q, want %q", got, want)
		}
	})
}

func (f *crowd) get(method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	f.mux.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestDrainSpreadsTheCloses(t *testing.T) {
	t.Parallel()
	inCrowd(t, 20, func(t *testing.T, f *crowd) {
		f.mux.Handle("/ready", f.sr.Ready())
		if got := f.get(http.MethodGet, "/ready"); got.Code != http.StatusOK {
			t.Errorf("before: got %d %q, want 200", got.Code, got.Body)
		}
		drained := make(chan error, 1)
		go func() { drained <- f.sr.Drain(context.Background(), 20*time.Second) }() // received from below
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		if got := f.sr.Stats(); !got.Closed || got.Connections < 8 || got.Connections > 11 {
			t.Errorf("half way: got %+v, want about half of 20 connections", got)
		}
		if got := f.get(http.MethodGet, "/ready"); got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" {
			t.Errorf("half way: got %d %q, want 503 with Retry-After", got.Code, got.Body)
		}
		if got := f.get(http.MethodPost, "/hub/negotiate"); got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" {
			t.Errorf("half way: negotiate got %d, want 503 with Retry-After", got.Code)
		}
		if err := <-drained; err != nil {
			t.Errorf("Drain: %v", err)
		}
		if got := f.sr.Stats().Connections; got != 0 {
			t.Errorf("got %d connections after Drain, want none", got)
		}
		for i, at := range f.closes {
			if want := time.Duration(i) * time.Second; at < want || at > want+2*time.Second {
				t.Errorf("Close %d came after %v, want about %v", i, at, want)
			}
		}
	})
}

func TestDrainThatIsCutShort(t *testing.T) {
	t.Parallel()
	inCrowd(t, 10, func(t *testing.T, f *crowd) {
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(context.Background(), 5*time.Second, enough)
		defer cancel()
		if err := f.sr.Drain(ctx, time.Minute); !errors.Is(err, enough) {
			t.Errorf("got %v, want the cause of ctx", err)
		}
		if got := f.sr.Stats().Connections; got < 8 {
			t.Errorf("got %d connections, want those that Drain has not come to", got)
		}
	})
}

func TestDrainAtOnce(t *testing.T) {
	t.Parallel()
	inCrowd(t, 5, func(t *testing.T, f *crowd) {
		if err := f.sr.Drain(context.Background(), 0); err != nil {
			t.Errorf("Drain: %v", err)
		}
	})
}
