package transports

import (
	"net/http"
	"testing"

	"github.com/coder/websocket"
)

func TestEchoOnEveryTransport(t *testing.T) {
	t.Parallel()
	t.Run("WebSockets", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, Config{}, newFakeApp())
		ws := s.dial(s.negotiate())
		session := s.app.next(t)
		for _, text := range []string{"a", "bb", string(make([]byte, 70_000))} {
			write(t, ws, websocket.MessageText, text)
			got := ""
			for len(got) < len(text) {
				_, p := read(t, ws)
				got += p
			}
			if got != text {
				t.Errorf("got %d bytes, want %d", len(got), len(text))
			}
		}
		if err := ws.Close(3000, "why not"); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
			t.Errorf("got %v, want code 1000 in answer to 3000", err)
		}
		if err := session.awaitEnded(t); err != nil {
			t.Errorf("Ended got %v, want nil", err)
		}
	})
	t.Run("ServerSentEvents", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, Config{}, newFakeApp())
		id := s.negotiate()
		events := s.openEvents(id)
		session := s.app.next(t)
		if got := events.read(3); got != ":\r\n" {
			t.Errorf("got %q, want the comment", got)
		}
		checkAnswer(t, s.send(http.MethodPost, id, "hello"), 200, plain, "")
		const want = "data: hello\r\n\r\n"
		if got := events.read(len(want)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		_ = events.resp.Body.Close()
		_ = session.awaitEnded(t)
	})
	t.Run("LongPolling", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, Config{}, newFakeApp())
		id := s.negotiate()
		checkAnswer(t, s.send(http.MethodGet, id, ""), 200, octets, "")
		session := s.app.next(t)
		checkAnswer(t, s.send(http.MethodPost, id, "hello"), 200, plain, "")
		checkAnswer(t, s.send(http.MethodGet, id, ""), 200, octets, "hello")
		checkAnswer(t, s.send(http.MethodDelete, id, ""), 202, plain, "")
		_ = session.awaitEnded(t)
	})
}
