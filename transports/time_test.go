package transports

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

// pipeListener serves connections that are made in memory, so that time can be
// made, too.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case nc := <-l.conns:
		return nc, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// inBubble runs a test with a site whose time is made.
func inBubble(t *testing.T, cfg Config, app *fakeApp, test func(*testing.T, *site)) {
	t.Helper()
	bubbleWith(t, cfg, app, app, test)
}

// bubbleWith is inBubble with an App around app.
func bubbleWith(t *testing.T, cfg Config, app *fakeApp, around App, test func(*testing.T, *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e, ep := newEndpoint(t, cfg, around)
		l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
		srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: withUser(ep)}}
		serving := make(chan struct{})
		go func() { defer close(serving); _ = srv.Config.Serve(l) }()
		srv.URL = "http://hub.test"
		transport := &http.Transport{DialContext: l.dial}
		s := &site{t: t, app: app, eng: e, ep: ep, srv: srv, http: &http.Client{Transport: transport}}
		test(t, s)
		e.Close()
		transport.CloseIdleConnections()
		_ = srv.Config.Close()
		<-serving
	})
}

// took checks how long something has lasted.
func took(t *testing.T, since time.Time, least, most time.Duration) {
	t.Helper()
	if d := time.Since(since); d < least || d > most {
		t.Errorf("took %v, want %v to %v", d, least, most)
	}
}

func cause(c *Conn) error { return context.Cause(c.Context()) }

func TestUnusedConnectionsVanish(t *testing.T) {
	t.Parallel()
	inBubble(t, Config{}, newFakeApp(), func(t *testing.T, s *site) {
		start := time.Now()
		id := s.negotiate()
		checkAnswer(t, s.send(http.MethodPost, id, "early"), 200, plain, "")
		blocked := make(chan answer)
		go func() { blocked <- s.send(http.MethodPost, id, strings.Repeat("x", 200_000)) }()
		<-s.ep.conns.quiet()
		took(t, start, DefaultDisconnectTimeout, DefaultDisconnectTimeout+sweepInterval)
		checkAnswer(t, <-blocked, 404, plain, "")
		checkAnswer(t, s.send(http.MethodPost, id, "x"), 404, plain, textNoConnection)
		if got := s.ep.Stats(); got != (Stats{}) {
			t.Errorf("got %+v, want zero", got)
		}
	})
}

func TestPollTimeout(t *testing.T) {
	t.Parallel()
	inBubble(t, Config{LongPollingPollTimeout: 7 * time.Second}, silentApp(), func(t *testing.T, s *site) {
		session, id := s.startPolling()
		start := time.Now()
		got := s.send(http.MethodGet, id, "")
		checkAnswer(t, got, 200, plain, "")
		if got.header.Get("Content-Length") != "0" {
			t.Errorf("got %v, want a Content-Length of 0", got.header)
		}
		took(t, start, 7*time.Second, 7*time.Second)
		session.mu.Lock()
		if session.ticks < 6 || session.ticks > 8 {
			t.Errorf("got %d ticks in 7 s", session.ticks)
		}
		session.mu.Unlock()
	})
}

func TestDisconnectTimeoutBetweenPolls(t *testing.T) {
	t.Parallel()
	inBubble(t, Config{}, silentApp(), func(t *testing.T, s *site) {
		session, id := s.startPolling()
		for range 3 { // a poll in time saves it
			time.Sleep(14 * time.Second)
			session.c.TryQueue([]byte("x"))
			checkAnswer(t, s.send(http.MethodGet, id, ""), 200, octets, "x")
		}
		checkAnswer(t, s.send(http.MethodPost, id, "posting does not"), 200, plain, "")
		start := time.Now()
		if err := session.awaitBubbleEnd(); err != nil {
			t.Errorf("Ended got %v, want nil", err)
		}
		took(t, start, DefaultDisconnectTimeout, DefaultDisconnectTimeout+sweepInterval)
		if !errors.Is(cause(session.c), ErrDisconnectTimeout) {
			t.Errorf("got cause %v", cause(session.c))
		}
		<-s.ep.conns.quiet()
		checkAnswer(t, s.send(http.MethodGet, id, ""), 404, plain, textNoConnection)
	})
}

// awaitBubbleEnd waits for Ended without a limit of its own, which would move
// the bubble's time.
func (s *fakeSession) awaitBubbleEnd() error {
	<-s.ended
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func TestAFinishedConnectionWaitsForItsLastPoll(t *testing.T) {
	t.Parallel()
	inBubble(t, Config{}, silentApp(), func(t *testing.T, s *site) {
		session, _ := s.startPolling()
		start := time.Now()
		session.c.TryQueue([]byte("bye"))
		session.c.Finish()
		<-s.ep.conns.quiet()
		took(t, start, DefaultDisconnectTimeout, DefaultDisconnectTimeout+sweepInterval)
		if err := session.awaitBubbleEnd(); err != nil {
			t.Errorf("Ended got %v, want nil", err)
		}
	})
}

// dialStalled opens a WebSocket whose client never reads what it is sent.
func (s *site) dialStalled() net.Conn {
	s.t.Helper()
	nc, err := s.http.Transport.(*http.Transport).DialContext(context.Background(), "", "")
	if err != nil {
		s.t.Fatal(err)
	}
	go func() { // the request may not be read at once
		_, _ = nc.Write([]byte("GET /hub HTTP/1.1\r\nHost: x\r\n" + strings.Join(upgradeLines, "\r\n") + "\r\n\r\n"))
	}()
	head := make([]byte, 0, 1000)
	for !strings.HasSuffix(string(head), "\r\n\r\n") {
		var b [1]byte
		if _, err := io.ReadFull(nc, b[:]); err != nil {
			s.t.Fatal(err)
		}
		head = append(head, b[0])
	}
	return nc
}

func TestSendTimeout(t *testing.T) {
	t.Parallel()
	for _, way := range []Type{WebSockets, ServerSentEvents, LongPolling} {
		t.Run(way.String(), func(t *testing.T) {
			t.Parallel()
			inBubble(t, Config{}, silentApp(), func(t *testing.T, s *site) {
				nc := s.stalled(way)
				defer nc.Close()
				session := s.app.next(t)
				start := time.Now()
				session.c.TryQueue(make([]byte, 60_000))
				session.c.Wake()
				if err := session.awaitBubbleEnd(); err != nil {
					t.Errorf("Ended got %v, want nil", err)
				}
				took(t, start, DefaultSendTimeout, DefaultSendTimeout+2*sweepInterval)
				if !errors.Is(cause(session.c), ErrSendTimeout) {
					t.Errorf("got cause %v, want %v", cause(session.c), ErrSendTimeout)
				}
				<-s.ep.conns.quiet()
				if got := s.ep.Stats(); got != (Stats{CutOff: 1}) {
					t.Errorf("got %+v, want one cut off and nothing left", got)
				}
			})
		})
	}
}

// stalled opens a connection whose client stops reading when it is open.
func (s *site) stalled(way Type) net.Conn {
	s.t.Helper()
	if way == WebSockets {
		return s.dialStalled()
	}
	id := s.negotiate()
	accept := "text/event-stream"
	if way == LongPolling {
		checkAnswer(s.t, s.send(http.MethodGet, id, ""), 200, octets, "")
		accept = "*/*"
	}
	nc, err := s.http.Transport.(*http.Transport).DialContext(context.Background(), "", "")
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = nc.Write([]byte("GET /hub?id=" + id + " HTTP/1.1\r\nHost: x\r\nAccept: " + accept + "\r\n\r\n"))
	if err != nil {
		s.t.Fatal(err)
	}
	if way == ServerSentEvents {
		head := make([]byte, 0, 1000)
		for !strings.Contains(string(head), ":\r\n\r\n") && !strings.HasSuffix(string(head), "\r\n3\r\n:\r\n\r\n") {
			var b [1]byte
			if _, err := io.ReadFull(nc, b[:]); err != nil {
				s.t.Fatal(err)
			}
			head = append(head, b[0])
		}
	}
	return nc
}

func TestAReceiverThatTakesNothingIsCutOff(t *testing.T) {
	t.Parallel()
	for _, way := range []Type{WebSockets, ServerSentEvents} {
		t.Run(way.String(), func(t *testing.T) {
			t.Parallel()
			inBubble(t, Config{}, silentApp(), func(t *testing.T, s *site) {
				nc := s.stalled(way)
				defer nc.Close()
				c := s.app.next(t).c
				for c.TryQueue(make([]byte, 10_000)) {
					c.Wake()
				}
				start := time.Now()
				if err := c.Queue(context.Background(), []byte("x")); err != nil {
					t.Errorf("got %v, want nil: what a cut off client would have got is dropped", err)
				}
				took(t, start, stallTimeout, stallTimeout+sweepInterval)
				if !errors.Is(cause(c), ErrSlowReceiver) {
					t.Errorf("got cause %v, want %v", cause(c), ErrSlowReceiver)
				}
				if got := s.ep.Stats().CutOff; got != 1 {
					t.Errorf("got %d cut off, want 1", got)
				}
			})
		})
	}
}

// The clock starts with the first sender that is turned away, so that one that
// waits for many stalled clients in turn waits once.
func TestManyStalledReceiversCostOneSecond(t *testing.T) {
	t.Parallel()
	inBubble(t, Config{}, silentApp(), func(t *testing.T, s *site) {
		var conns []*Conn
		var stalled []net.Conn
		defer func() {
			for _, nc := range stalled {
				_ = nc.Close()
			}
		}()
		for range 10 {
			stalled = append(stalled, s.dialStalled())
			conns = append(conns, s.app.next(t).c)
		}
		start := time.Now()
		for range 10 {
			for _, c := range conns {
				if c.TryQueue(make([]byte, 10_000)) {
					c.Wake()
				}
			}
		}
		for _, c := range conns {
			_ = c.Queue(context.Background(), []byte("x"))
		}
		took(t, start, stallTimeout, 2*stallTimeout)
		if got := s.ep.Stats().CutOff; got != 10 {
			t.Errorf("got %d cut off, want 10", got)
		}
	})
}

func TestASlowReceiverIsWaitedFor(t *testing.T) {
	t.Parallel()
	inBubble(t, Config{TransportSendTimeout: 5 * time.Second}, silentApp(), func(t *testing.T, s *site) {
		nc := s.dialStalled()
		defer nc.Close()
		c := s.app.next(t).c
		stop := make(chan struct{})
		go func() { // takes 20 KB in less than a second, again and again
			defer close(stop)
			for b := make([]byte, 20_000); ; time.Sleep(900 * time.Millisecond) {
				if _, err := io.ReadFull(nc, b); err != nil {
					return
				}
			}
		}()
		p := make([]byte, 10_000)
		for range 20 {
			if !c.TryQueue(p) {
				if err := c.Queue(context.Background(), p); err != nil {
					t.Error(err)
				}
			}
			c.Wake()
		}
		if cause(c) != nil {
			t.Errorf("got cause %v, want the connection to live", cause(c))
		}
		c.Abort(nil)
		<-stop
	})
}

func TestQueueOnPollsWaitsForTheNextPoll(t *testing.T) {
	t.Parallel()
	inBubble(t, Config{TransportMaxBufferSize: 10}, silentApp(), func(t *testing.T, s *site) {
		session, id := s.startPolling()
		session.c.TryQueue([]byte("0123456789"))
		queued := make(chan error)
		go func() { queued <- session.c.Queue(context.Background(), []byte("next")) }()
		time.Sleep(12 * time.Second) // longer than a socket may stall, and than a send may take
		checkAnswer(t, s.send(http.MethodGet, id, ""), 200, octets, "0123456789")
		if err := <-queued; err != nil {
			t.Errorf("got %v, want nil", err)
		}
		checkAnswer(t, s.send(http.MethodGet, id, ""), 200, octets, "next")

		session.c.TryQueue([]byte("0123456789"))
		start := time.Now()
		if err := session.c.Queue(context.Background(), []byte("never")); err != nil {
			t.Errorf("got %v, want nil", err)
		}
		took(t, start, DefaultDisconnectTimeout, DefaultDisconnectTimeout+sweepInterval)
	})
}

func TestCloseTimeout(t *testing.T) {
	t.Parallel()
	inBubble(t, Config{WebSocketCloseTimeout: 2 * time.Second}, silentApp(), func(t *testing.T, s *site) {
		nc := s.dialStalled()
		defer nc.Close()
		session := s.app.next(t)
		start := time.Now()
		session.c.Finish()
		frame := make([]byte, 4)
		if _, err := io.ReadFull(nc, frame); err != nil || string(frame) != "\x88\x02\x03\xe8" {
			t.Errorf("got %q, %v; want a close frame of 1000", frame, err)
		}
		// The client talks on and never answers.
		talking := make(chan struct{})
		go func() {
			defer close(talking)
			for {
				if _, err := nc.Write(clientFrame(finText, "bla")); err != nil {
					return
				}
				time.Sleep(300 * time.Millisecond)
			}
		}()
		if err := session.awaitBubbleEnd(); err != nil {
			t.Errorf("Ended got %v, want nil", err)
		}
		<-talking
		took(t, start, 2*time.Second, 2500*time.Millisecond)
		if !errors.Is(cause(session.c), ErrFinished) {
			t.Errorf("got cause %v, want %v", cause(session.c), ErrFinished)
		}
		if got := session.received(); got != "" {
			t.Errorf("the App got %q after Finish", got)
		}
	})
}

func TestAClientThatClosesAndDoesNotReadIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	inBubble(t, Config{WebSocketCloseTimeout: 2 * time.Second}, silentApp(), func(t *testing.T, s *site) {
		nc := s.dialStalled()
		defer nc.Close()
		session := s.app.next(t)
		session.c.TryQueue(make([]byte, 50_000))
		session.c.Wake()
		start := time.Now()
		if _, err := nc.Write(clientFrame(final|opClose, "")); err != nil {
			t.Fatal(err)
		}
		if err := session.awaitBubbleEnd(); err != nil {
			t.Errorf("Ended got %v, want nil", err)
		}
		took(t, start, 2*time.Second, 2*time.Second)
	})
}

func TestWhatIsQueuedBehindAWriteLeavesTogether(t *testing.T) {
	t.Parallel()
	inBubble(t, Config{}, silentApp(), func(t *testing.T, s *site) {
		ws := s.dial("-")
		c := s.app.next(t).c
		c.TryQueue([]byte("a"))
		c.Wake()
		synctest.Wait() // the pipe takes nothing before somebody reads
		for range 50 {
			c.TryQueue([]byte("b"))
			c.Wake()
		}
		for _, want := range []string{"a", strings.Repeat("b", 50)} {
			if _, p, err := ws.Read(context.Background()); string(p) != want || err != nil {
				t.Errorf("got %q, %v; want %q", p, err, want)
			}
		}
		_ = ws.Close(websocket.StatusNormalClosure, "")
	})
}

func TestSweepEndsWithTheEngine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, ep := newEndpoint(t, Config{}, newFakeApp())
		if _, _, err := ep.Create(httptest.NewRequest(http.MethodPost, "/", nil), 1, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := ep.conns.len(); got != 0 {
			t.Errorf("got %d connections after a minute, want none", got)
		}
		e.Close() // or the bubble would not end
	})
}
