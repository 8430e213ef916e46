package transports

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hubwire/signalr/auth"
)

// silentApp does nothing by itself.
func silentApp() *fakeApp {
	app := newFakeApp()
	app.onReceive = func(*fakeSession, []byte) {}
	return app
}

// startPolling opens a connection with its first poll.
func (s *site) startPolling(header ...string) (*fakeSession, string) {
	s.t.Helper()
	id := s.negotiate()
	got := s.send(http.MethodGet, id, "", header...)
	checkAnswer(s.t, got, 200, octets, "")
	checkNoCache(s.t, got.header, true)
	return s.app.next(s.t), id
}

// poll starts a poll and returns when it runs.
func (s *site) poll(session *fakeSession, id string) <-chan answer {
	s.t.Helper()
	before := session.current()
	done := make(chan answer, 1)
	go func() {
		a, err := s.trySend(context.Background(), http.MethodGet, id, "")
		if err != nil {
			a.body = err.Error()
		}
		done <- a
	}()
	until(s.t, "the poll to begin", func() bool { return session.current() != before })
	return done
}

func (s *fakeSession) current() *poll {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.c.pull.poll
}

func TestPollAnswers(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, silentApp())
	session, id := s.startPolling()
	if c := session.c; !c.SupportsBinary() || !c.InherentKeepAlive() || c.Transport() != "LongPolling" {
		t.Errorf("got %v, %v, %q", c.SupportsBinary(), c.InherentKeepAlive(), c.Transport())
	}
	t.Run("what was queued before, all of it", func(t *testing.T) {
		session.c.TryQueue([]byte("a"))
		session.c.TryQueue([]byte("b"))
		got := s.send(http.MethodGet, id, "")
		checkAnswer(t, got, 200, octets, "ab")
		checkNoCache(t, got.header, true)
		if got.header.Get("Content-Length") != "2" {
			t.Errorf("got %v, want a Content-Length", got.header)
		}
	})
	t.Run("what comes", func(t *testing.T) {
		done := s.poll(session, id)
		session.c.TryQueue([]byte("news"))
		session.c.Wake()
		checkAnswer(t, <-done, 200, octets, "news")
	})
	t.Run("204 to the older of two", func(t *testing.T) {
		older := s.poll(session, id)
		newer := s.poll(session, id)
		got := <-older
		checkAnswer(t, got, 204, plain, "")
		checkNoCache(t, got.header, true)
		session.c.TryQueue([]byte("news"))
		session.c.Flush()
		checkAnswer(t, <-newer, 200, octets, "news")
	})
	t.Run("403 leaves the running poll alone", func(t *testing.T) {
		done := s.poll(session, id)
		got := s.send(http.MethodGet, id, "", "User: eve")
		checkAnswer(t, got, 403, plain, textUserChanged)
		session.c.TryQueue([]byte("news"))
		session.c.Wake()
		checkAnswer(t, <-done, 200, octets, "news")
	})
	t.Run("last data, then 204, then 404", func(t *testing.T) {
		done := s.poll(session, id)
		session.c.TryQueue([]byte("bye"))
		session.c.Finish()
		checkAnswer(t, <-done, 200, octets, "bye")
		got := s.send(http.MethodGet, id, "")
		checkAnswer(t, got, 204, plain, "")
		checkNoCache(t, got.header, true)
		checkAnswer(t, s.send(http.MethodGet, id, ""), 404, plain, textNoConnection)
		if err := session.awaitEnded(t); err != nil {
			t.Errorf("Ended got %v, want nil", err)
		}
	})
}

func TestPollsAtTheEnd(t *testing.T) {
	t.Parallel()
	app := silentApp()
	s := newSite(t, Config{}, app)
	t.Run("finished without data: 204", func(t *testing.T) {
		session, id := s.startPolling()
		done := s.poll(session, id)
		session.c.Finish()
		checkAnswer(t, <-done, 204, plain, "")
		checkAnswer(t, s.send(http.MethodGet, id, ""), 404, plain, textNoConnection)
	})
	t.Run("finished between polls", func(t *testing.T) {
		session, id := s.startPolling()
		session.c.TryQueue([]byte("bye"))
		session.c.Finish()
		checkAnswer(t, s.send(http.MethodGet, id, ""), 200, octets, "bye")
		checkAnswer(t, s.send(http.MethodGet, id, ""), 204, plain, "")
		checkAnswer(t, s.send(http.MethodGet, id, ""), 404, plain, textNoConnection)
	})
	t.Run("aborted: 204", func(t *testing.T) {
		session, id := s.startPolling()
		done := s.poll(session, id)
		session.c.Abort(errors.New("test"))
		checkAnswer(t, <-done, 204, plain, "")
		checkAnswer(t, s.send(http.MethodGet, id, ""), 404, plain, textNoConnection)
	})
	t.Run("a poll that waits for another when it is all over: 204", func(t *testing.T) {
		held := silentApp()
		held.onEnded = func(*fakeSession, error) {}
		s := newSite(t, Config{}, held)
		session, id := s.startPolling()
		me := &poll{replaced: make(chan struct{}), done: make(chan struct{})}
		session.c.mu.Lock()
		session.c.state, session.c.attached, session.c.pull.poll = Active, true, me
		session.c.mu.Unlock()
		done := make(chan answer)
		go func() { done <- s.send(http.MethodGet, id, "") }()
		await(t, me.replaced, "the newer poll to come")
		session.c.terminate()
		session.c.endPoll(me)
		checkAnswer(t, <-done, 204, plain, "")
		session.c.Finish()
	})
	t.Run("two wait for the same: one is 409", func(t *testing.T) {
		session, id := s.startPolling()
		me := &poll{replaced: make(chan struct{}), done: make(chan struct{})}
		c := session.c
		c.mu.Lock()
		c.state, c.attached, c.pull.poll = Active, true, me
		c.mu.Unlock()
		answers := make(chan answer, 2)
		waiting := make(chan struct{}, 2)
		for range 2 {
			go func() {
				w := httptest.NewRecorder()
				r := httptest.NewRequest(http.MethodGet, "/hub?id="+id, nil)
				waiting <- struct{}{}
				s.ep.ServeHTTP(w, r)
				answers <- answer{w.Code, w.Header(), w.Body.String()}
			}()
		}
		<-waiting
		<-waiting
		await(t, me.replaced, "a newer poll to come")
		until(t, "both polls to wait", bothWait)
		c.endPoll(me)
		first := <-answers
		checkAnswer(t, first, 409, plain, "")
		c.TryQueue([]byte("x"))
		c.Wake()
		checkAnswer(t, <-answers, 200, octets, "x")
		c.Finish()
		checkAnswer(t, s.send(http.MethodGet, id, ""), 204, plain, "")
	})
	await(t, s.ep.conns.quiet(), "the table to be empty")
}

func TestDeleteWhileAPollWaits(t *testing.T) {
	t.Parallel()
	t.Run("the App's last words", func(t *testing.T) {
		app := silentApp()
		app.onEnded = func(s *fakeSession, _ error) {
			s.c.TryQueue([]byte("close"))
			s.c.Flush()
			s.c.Finish()
		}
		s := newSite(t, Config{}, app)
		session, id := s.startPolling()
		done := s.poll(session, id)
		checkAnswer(t, s.send(http.MethodDelete, id, ""), 202, plain, "")
		checkAnswer(t, <-done, 200, octets, "close")
		checkAnswer(t, s.send(http.MethodGet, id, ""), 404, plain, textNoConnection)
	})
	t.Run("no last words", func(t *testing.T) {
		s := newSite(t, Config{}, silentApp())
		session, id := s.startPolling()
		done := s.poll(session, id)
		checkAnswer(t, s.send(http.MethodDelete, id, ""), 202, plain, "")
		checkAnswer(t, <-done, 204, plain, "")
	})
	t.Run("what was posted before is still received", func(t *testing.T) {
		s := newSite(t, Config{}, silentApp())
		session, id := s.startPolling()
		checkAnswer(t, s.send(http.MethodPost, id, "before"), 200, plain, "")
		checkAnswer(t, s.send(http.MethodDelete, id, ""), 202, plain, "")
		_ = session.awaitEnded(t)
		if got := session.received(); got != "before" {
			t.Errorf("got %q, want %q", got, "before")
		}
	})
}

// Polls that are broken off all the time lose nothing, double nothing and keep
// the order, as long as the client reads what it was answered.
func TestNothingIsLostWhenPollsAreBrokenOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, silentApp())
	session, id := s.startPolling()
	const n = 500
	go func() {
		for i := range n {
			p := fmt.Appendf(nil, "%d ", i)
			if !session.c.TryQueue(p) {
				_ = session.c.Queue(context.Background(), p)
			}
			session.c.Wake()
		}
		session.c.Finish()
	}()
	var all strings.Builder
	for i := 0; ; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/hub?id="+id, nil).WithContext(ctx)
		if i%3 == 0 {
			cancel() // gone before the answer was written
		}
		s.ep.ServeHTTP(w, r)
		cancel()
		all.WriteString(w.Body.String())
		if w.Code == http.StatusNoContent {
			break
		}
	}
	var want strings.Builder
	for i := range n {
		fmt.Fprintf(&want, "%d ", i)
	}
	if all.String() != want.String() {
		t.Errorf("got %q", all.String())
	}
}

// failingWriter is a client that is gone, and nobody has noticed yet.
type failingWriter struct{ *httptest.ResponseRecorder }

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestWhatCannotBeWrittenStaysInFront(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, silentApp())
	session, id := s.startPolling()
	session.c.TryQueue([]byte("first "))
	r := httptest.NewRequest(http.MethodGet, "/hub?id="+id, nil)
	s.ep.ServeHTTP(failingWriter{httptest.NewRecorder()}, r)
	session.c.TryQueue([]byte("second"))
	checkAnswer(t, s.send(http.MethodGet, id, ""), 200, octets, "first second")
}

func TestUserOfPolls(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, silentApp())
	session, id := s.startPolling("User: ann")
	first := session.c.User()
	session.c.TryQueue([]byte("x"))
	checkAnswer(t, s.send(http.MethodGet, id, "", "User: ann"), 200, octets, "x")
	if session.c.User() != first || first.ID() != "ann" {
		t.Errorf("got user %v, want the first one", session.c.User())
	}
}

func TestExpiryOfTheNewestPollCounts(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, silentApp())
	session, id := s.startPolling()
	if got := session.c.AuthExpiry(); !got.IsZero() {
		t.Errorf("got expiry %v, want none", got)
	}
	user := auth.NewPrincipal(auth.Identity{Name: "somebody", Expiry: testTime})
	session.c.TryQueue([]byte("x"))
	r := httptest.NewRequest(http.MethodGet, "/hub?id="+id, nil)
	s.ep.ServeHTTP(httptest.NewRecorder(), r.WithContext(auth.NewContext(r.Context(), user)))
	if got := session.c.AuthExpiry(); !got.Equal(testTime) {
		t.Errorf("got expiry %v, want %v", got, testTime)
	}
}

func TestSendsFromManyAndPolls(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{TransportMaxBufferSize: 100}, silentApp())
	session, id := s.startPolling()
	const senders, each = 8, 50
	var sending sync.WaitGroup
	for k := range senders {
		sending.Go(func() {
			for i := range each {
				p := fmt.Appendf(nil, "%d:%d ", k, i)
				if !session.c.TryQueue(p) {
					_ = session.c.Queue(context.Background(), p)
				}
				session.c.Wake()
			}
		})
	}
	go func() { sending.Wait(); session.c.Finish() }()
	var all strings.Builder
	for {
		a := s.send(http.MethodGet, id, "")
		all.WriteString(a.body)
		if a.status == http.StatusNoContent {
			break
		}
	}
	checkOrder(t, all.String(), senders, each)
}

// checkOrder checks that text has each sender's items once and in order.
func checkOrder(t *testing.T, text string, senders, each int) {
	t.Helper()
	next := make([]int, senders)
	for item := range strings.FieldsSeq(text) {
		var k, i int
		if _, err := fmt.Sscanf(item, "%d:%d", &k, &i); err != nil {
			t.Fatalf("got %q: %v", item, err)
		}
		if i != next[k] {
			t.Fatalf("sender %d: got item %d, want %d", k, i, next[k])
		}
		next[k]++
	}
	for k, n := range next {
		if n != each {
			t.Errorf("sender %d: got %d items, want %d", k, n, each)
		}
	}
}
