//nolint:paralleltest // what opens the bubble calls t.Parallel
package transports

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

// resumingApp is a fakeApp whose sessions survive their sockets, and that
// writes down what they are told.
type resumingApp struct {
	*fakeApp

	mu     sync.Mutex
	events []string // guarded by mu
}

func (a *resumingApp) Connect(c *Conn) Session {
	s, _ := a.fakeApp.Connect(c).(*fakeSession)
	return &resumingSession{s, a}
}

func (a *resumingApp) add(event string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events = append(a.events, event)
}

// told returns what the App was told since it was last asked, repetitions left
// out.
func (a *resumingApp) told() string {
	synctest.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	events := slices.Compact(a.events)
	a.events = nil
	return strings.Join(events, " ")
}

type resumingSession struct {
	*fakeSession
	app *resumingApp
}

func (s *resumingSession) Disconnected() { s.app.add("disconnected") }
func (s *resumingSession) Reconnected()  { s.app.add("reconnected") }
func (s *resumingSession) Leaving()      { s.app.add("leaving") }
func (s *resumingSession) Ended(err error) {
	s.app.add("ended")
	s.fakeSession.Ended(err)
}

// resumable runs a test on a site where a client may come back, in a bubble.
func resumable(t *testing.T, app *fakeApp, test func(*testing.T, *site, *resumingApp, string)) {
	t.Helper()
	t.Parallel()
	a := &resumingApp{fakeApp: app}
	bubbleWith(t, Config{AllowStatefulReconnects: true}, app, a, func(t *testing.T, s *site) {
		_, token, err := s.ep.Create(httptest.NewRequest(http.MethodPost, "/", nil), 1, true)
		if err != nil {
			t.Fatal(err)
		}
		test(t, s, a, token)
	})
}

// tryDial returns the status of a WebSocket request that is to be refused.
func (s *site) tryDial(id string, header http.Header) int {
	s.t.Helper()
	opts := &websocket.DialOptions{HTTPClient: s.http, HTTPHeader: header}
	ws, resp, err := websocket.Dial(limit(s.t), s.srv.URL+"/hub?id="+id, opts)
	if err == nil {
		_ = ws.CloseNow()
		return http.StatusSwitchingProtocols
	}
	if resp == nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode
}

func echoed(t *testing.T, ws *websocket.Conn, text string) {
	t.Helper()
	write(t, ws, websocket.MessageText, text)
	if _, got := read(t, ws); got != text {
		t.Errorf("got %q, want %q", got, text)
	}
}

func wantTold(t *testing.T, a *resumingApp, want string) {
	t.Helper()
	if got := a.told(); got != want {
		t.Errorf("the App was told %q, want %q", got, want)
	}
}

func TestAClientComesBackAfterALoss(t *testing.T) {
	resumable(t, newFakeApp(), func(t *testing.T, s *site, a *resumingApp, token string) {
		first := s.dial(token)
		session := s.app.next(t)
		echoed(t, first, "one")
		_ = first.CloseNow()
		wantTold(t, a, "disconnected")
		if got := session.c.State(); got != Inactive {
			t.Errorf("got state %v, want Inactive", got)
		}
		if !session.c.TryQueue([]byte("dropped")) {
			t.Error("got no room while the client is away, want the bytes dropped")
		}
		session.c.Wake()
		time.Sleep(DefaultDisconnectTimeout - time.Second)
		second := s.dial(token)
		wantTold(t, a, "disconnected reconnected")
		echoed(t, second, "two")
		if got := session.received(); got != "onetwo" {
			t.Errorf("got %q, want both messages in one session", got)
		}
		if err := second.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
		wantTold(t, a, "leaving ended")
		if got := s.tryDial(token, nil); got != http.StatusNotFound {
			t.Errorf("got %d after a clean end, want 404", got)
		}
	})
}

func TestALostConnectionExpires(t *testing.T) {
	resumable(t, newFakeApp(), func(t *testing.T, s *site, a *resumingApp, token string) {
		_ = s.dial(token).CloseNow()
		session := s.app.next(t)
		synctest.Wait()
		start := time.Now()
		if err := session.awaitBubbleEnd(); err != nil {
			t.Errorf("Ended got %v, want nil", err)
		}
		took(t, start, DefaultDisconnectTimeout, DefaultDisconnectTimeout+2*sweepInterval)
		if !errors.Is(cause(session.c), ErrDisconnectTimeout) {
			t.Errorf("got cause %v, want %v", cause(session.c), ErrDisconnectTimeout)
		}
		wantTold(t, a, "disconnected ended")
		<-s.ep.conns.quiet()
	})
}

func TestANewcomerTakesOver(t *testing.T) {
	for _, test := range []struct {
		name string
		old  func(*testing.T, *websocket.Conn) // what the old client does
	}{
		{"from a socket that is alive", func(t *testing.T, old *websocket.Conn) {
			t.Helper()
			ctx := old.CloseRead(context.Background()) // answers a close frame, if there were one
			t.Cleanup(func() { <-ctx.Done() })
		}},
		{"from a silent one", func(*testing.T, *websocket.Conn) {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			resumable(t, newFakeApp(), func(t *testing.T, s *site, a *resumingApp, token string) {
				old := s.dial(token)
				session := s.app.next(t)
				test.old(t, old)
				start := time.Now()
				for i := range 5 {
					echoed(t, s.dial(token), string(rune('a'+i)))
				}
				took(t, start, 0, 0)
				if got := a.told(); strings.Contains(got, "ended") || !strings.HasSuffix(got, "reconnected") {
					t.Errorf("the App was told %q, want no end", got)
				}
				if got := session.received(); got != "abcde" {
					t.Errorf("got %q, want what each newcomer sent", got)
				}
			})
		})
	}
}

func TestANewcomerTakesOverFromAStalledWrite(t *testing.T) {
	resumable(t, silentApp(), func(t *testing.T, s *site, a *resumingApp, token string) {
		_ = s.dial(token) // which never reads
		session := s.app.next(t)
		session.c.TryQueue(make([]byte, 60_000))
		session.c.Wake()
		synctest.Wait()
		session.c.TryQueue([]byte("unsent"))
		second := s.dial(token)
		wantTold(t, a, "disconnected reconnected")
		session.c.TryQueue([]byte("new"))
		session.c.Wake()
		if _, got := read(t, second); got != "new" {
			t.Errorf("got %d bytes, want the unsent ones dropped", len(got))
		}
	})
}

func TestAnotherUserTakesNothingOver(t *testing.T) {
	resumable(t, newFakeApp(), func(t *testing.T, s *site, _ *resumingApp, token string) {
		first := s.dial(token, "User: ann")
		if got := s.tryDial(token, http.Header{"User": {"bob"}}); got != http.StatusForbidden {
			t.Errorf("got %d, want 403", got)
		}
		echoed(t, first, "undisturbed")
		echoed(t, s.dial(token, "User: ann"), "again")
	})
}

func TestWithoutTheFeatureThereIsOneSocket(t *testing.T) {
	resumable(t, newFakeApp(), func(t *testing.T, s *site, a *resumingApp, token string) {
		first := s.dial(token)
		session := s.app.next(t)
		session.c.DisableReconnect()
		if got := s.tryDial(token, nil); got != http.StatusConflict {
			t.Errorf("got %d for a second socket, want 409", got)
		}
		_ = first.CloseNow()
		wantTold(t, a, "ended")
		if session.c.StatefulReconnect() {
			t.Error("got StatefulReconnect, want it off")
		}
	})
}

func TestEndsWhileTheClientIsAway(t *testing.T) {
	boom := errors.New("boom")
	for _, test := range []struct {
		name  string
		end   func(*Conn)
		cause error
	}{
		{"Abort", func(c *Conn) { c.Abort(boom) }, boom},
		{"Finish", func(c *Conn) { c.Finish() }, ErrFinished},
		{"DisableReconnect", func(c *Conn) { c.DisableReconnect() }, ErrConnectionLost},
	} {
		t.Run(test.name, func(t *testing.T) {
			app := newFakeApp()
			if test.name == "Finish" {
				app.onEnded = func(*fakeSession, error) {}
			}
			resumable(t, app, func(t *testing.T, s *site, a *resumingApp, token string) {
				_ = s.dial(token).CloseNow()
				session := s.app.next(t)
				synctest.Wait()
				test.end(session.c)
				wantTold(t, a, "disconnected ended")
				if got := cause(session.c); !errors.Is(got, test.cause) {
					t.Errorf("got cause %v, want %v", got, test.cause)
				}
				<-s.ep.conns.quiet()
				if got := s.tryDial(token, nil); got != http.StatusNotFound {
					t.Errorf("got %d, want 404", got)
				}
			})
		})
	}
}

func TestFinishWithASocket(t *testing.T) {
	app := newFakeApp()
	app.onEnded = func(*fakeSession, error) {}
	resumable(t, app, func(t *testing.T, s *site, a *resumingApp, token string) {
		ws := s.dial(token)
		session := s.app.next(t)
		session.c.TryQueue([]byte("last"))
		session.c.Finish()
		if _, got := read(t, ws); got != "last" {
			t.Errorf("got %q, want what was queued", got)
		}
		if _, _, err := ws.Read(limit(t)); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
			t.Errorf("got %v, want close code 1000", err)
		}
		if got := a.told(); !strings.HasSuffix(got, "ended") {
			t.Errorf("the App was told %q, want an end", got)
		}
		<-s.ep.conns.quiet()
	})
}

func TestAStalledReceiverLosesItsSocketOnly(t *testing.T) {
	resumable(t, silentApp(), func(t *testing.T, s *site, a *resumingApp, token string) {
		_ = s.dial(token)
		session := s.app.next(t)
		session.c.TryQueue(make([]byte, 70_000))
		session.c.Wake()
		start := time.Now()
		if err := session.c.Queue(context.Background(), nil); err != nil {
			t.Errorf("Queue: %v", err)
		}
		took(t, start, stallTimeout, stallTimeout)
		wantTold(t, a, "disconnected")
		session.c.TryQueue([]byte("gone"))
		second := s.dial(token)
		synctest.Wait()
		session.c.TryQueue([]byte("new"))
		session.c.Wake()
		if _, got := read(t, second); got != "new" {
			t.Errorf("got %q, want what was queued for the new socket", got)
		}
	})
}

func TestEventStreamsDoNotResume(t *testing.T) {
	resumable(t, newFakeApp(), func(t *testing.T, s *site, a *resumingApp, token string) {
		events := s.openEvents(token)
		session := s.app.next(t)
		if session.c.StatefulReconnect() {
			t.Error("got StatefulReconnect on an event stream, want none")
		}
		if got := s.send(http.MethodGet, token, "", "Accept: text/event-stream"); got.status != http.StatusConflict {
			t.Errorf("got %d for a second stream, want 409", got.status)
		}
		_ = events.resp.Body.Close()
		if got := a.told(); got != "ended" {
			t.Errorf("the App was told %q, want its end", got)
		}
	})
}
