package transports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

var testTime = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// bothWait reports whether two polls wait for one before them.
func bothWait() bool {
	buf := make([]byte, 1<<20)
	stacks := string(buf[:runtime.Stack(buf, true)])
	return strings.Count(stacks, "(*Conn).startPoll(") >= 2
}

func TestPostsAreTakenInOrderAndWhole(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{ApplicationMaxBufferSize: 50}, silentApp())
	session, id := s.startPolling()
	const senders, each = 6, 20
	var sending sync.WaitGroup
	for k := range senders {
		sending.Go(func() {
			var body strings.Builder
			for i := range each {
				fmt.Fprintf(&body, "%d:%d ", k, i)
			}
			a, err := s.trySend(context.Background(), http.MethodPost, id, body.String())
			if err != nil || a.status != http.StatusOK {
				t.Errorf("got %v, %v", a, err)
			}
		})
	}
	sending.Wait()
	n := 0
	for k := range senders {
		for i := range each {
			n += len(fmt.Sprintf("%d:%d ", k, i))
		}
	}
	all := session.awaitReceived(t, n)
	checkOrder(t, all, senders, each)
	// Bodies are not mixed.
	last := ""
	seen := map[string]bool{}
	for item := range strings.FieldsSeq(all) {
		k, _, _ := strings.Cut(item, ":")
		if k != last && seen[k] {
			t.Fatalf("the bodies are mixed: %q", all)
		}
		last, seen[k] = k, true
	}
}

// gate is an App whose Receive waits until it is let go.
func gate() (*fakeApp, chan struct{}) {
	open := make(chan struct{})
	app := newFakeApp()
	app.onReceive = func(*fakeSession, []byte) { <-open }
	return app, open
}

// readyFake is a Session that says whether it is ready, and blocks if it is not.
type readyFake struct {
	ready bool
	open  chan struct{}
	got   []byte // received; read when open is closed or by who has added
}

func (s *readyFake) Ready([]byte) bool { return s.ready }
func (s *readyFake) Ended(error)       {}
func (s *readyFake) Tick(time.Time)    {}

func (s *readyFake) Receive(p []byte) {
	if !s.ready {
		<-s.open
	}
	s.got = append(s.got, p...)
}

func TestAPostPassesItsBytesItselfIfTheAppIsReady(t *testing.T) {
	t.Parallel()
	for _, ready := range []bool{true, false} {
		e := NewEngine()
		in := newInbox(e, DefaultMaxBufferSize)
		session := &readyFake{ready: ready, open: make(chan struct{})}
		in.start(session)
		for range 3 {
			if full, ok := in.add([]byte("x")); full || !ok { // returns, ready or not
				t.Errorf("ready %v: got %v, %v, want room", ready, full, ok)
			}
		}
		if ready && string(session.got) != "xxx" {
			t.Errorf("got %q, want all that was added", session.got)
		}
		close(session.open)
		e.Close() // waits for what is on its way
		if string(session.got) != "xxx" {
			t.Errorf("ready %v: got %q, want all that was added", ready, session.got)
		}
	}
}

func TestBackPressureOnPosts(t *testing.T) {
	t.Parallel()
	app, open := gate()
	s := newSite(t, Config{ApplicationMaxBufferSize: 10_000}, app)
	session, id := s.startPolling()
	checkAnswer(t, s.send(http.MethodPost, id, strings.Repeat("x", 9_999)), 200, plain, "") // 200 is "buffered"
	done := make(chan answer, 2)
	for range 2 {
		go func() { done <- s.send(http.MethodPost, id, strings.Repeat("y", 50_000)) }()
	}
	in := &session.c.pull.in
	n := 0
	until(t, "the buffer to be full", func() bool {
		in.mu.Lock()
		defer in.mu.Unlock()
		n = in.size()
		return n >= 10_000
	})
	if n > 9_999+sendChunk {
		t.Errorf("got %d bytes buffered, want no more than the limit and a chunk", n)
	}
	select {
	case a := <-done:
		t.Errorf("got %v while the buffer was full", a)
	default:
	}
	close(open)
	checkAnswer(t, <-done, 200, plain, "")
	checkAnswer(t, <-done, 200, plain, "")
	session.awaitReceived(t, 9_999+2*50_000)
}

func TestBlockedPostsAreReleased(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*Conn){
		"abort":  func(c *Conn) { c.Abort(errors.New("test")) },
		"DELETE": func(c *Conn) { c.terminate() },
		"Finish": func(c *Conn) { c.Finish() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app, open := gate()
			app.onEnded = func(*fakeSession, error) {}
			s := newSite(t, Config{ApplicationMaxBufferSize: 10}, app)
			session, id := s.startPolling()
			checkAnswer(t, s.send(http.MethodPost, id, "012345678"), 200, plain, "")
			done := make(chan answer, 2)
			for range 2 { // one waits for room, the other for its turn
				go func() { done <- s.send(http.MethodPost, id, "x") }()
			}
			in := &session.c.pull.in
			until(t, "a POST to have its turn", func() bool { return len(in.turn) > 0 })
			end(session.c)
			checkAnswer(t, <-done, 404, plain, "")
			checkAnswer(t, <-done, 404, plain, "")
			close(open)
			_ = session.awaitEnded(t)
			if name != "Finish" {
				session.c.Finish()
			}
		})
	}
}

func TestABodyThatDoesNotComeEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, silentApp())
	session, id := s.startPolling()
	body, rest := io.Pipe()
	defer rest.Close()
	r, err := http.NewRequestWithContext(limit(t), http.MethodPost, s.srv.URL+"/?id="+id, io.MultiReader(strings.NewReader("x"), body))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 1000
	status := make(chan int, 1)
	go func() { // ends with the answer
		resp, err := s.http.Do(r)
		if err != nil {
			t.Errorf("POST: %v", err)
			status <- 0
			return
		}
		_ = resp.Body.Close()
		status <- resp.StatusCode
	}()
	session.awaitReceived(t, 1)
	checkAnswer(t, s.send(http.MethodDelete, id, ""), 202, plain, "")
	if got := <-status; got != http.StatusNotFound {
		t.Errorf("got %d, want 404", got)
	}
}

func TestABodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, silentApp())
	session, id := s.startPolling()
	body := io.MultiReader(strings.NewReader("kept"), brokenReader{})
	w := httptest.NewRecorder()
	s.ep.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/hub?id="+id, body))
	checkAnswer(t, answer{w.Code, w.Header(), w.Body.String()}, 400, plain, "")
	if got := session.awaitReceived(t, 4); got != "kept" {
		t.Errorf("got %q, want what came before", got)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("unexpected EOF") }

func TestIdleEventStreamsAndPollsCostNoReader(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp())
	session, id := s.startPolling()
	checkAnswer(t, s.send(http.MethodPost, id, "x"), 200, plain, "")
	session.awaitReceived(t, 1)
	checkAnswer(t, s.send(http.MethodGet, id, ""), 200, octets, "x")
	in := &session.c.pull.in
	until(t, "the goroutine that hands over to end", func() bool {
		in.mu.Lock()
		defer in.mu.Unlock()
		if !in.running && (in.buf != nil || in.inFlight != 0) {
			t.Error("an empty inbox holds a buffer")
		}
		return !in.running
	})
	session.c.out.mu.Lock()
	defer session.c.out.mu.Unlock()
	if session.c.out.pend != nil {
		t.Error("an empty queue holds a buffer")
	}
}
