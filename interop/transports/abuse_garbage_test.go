package transports_test

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestGarbage has bytes that mean nothing end their connection with an answer,
// wherever they come, and do no harm to others.
func TestGarbage(t *testing.T) {
	t.Parallel()
	s, rng := contractSite(t, nil), newRand(t)
	well := s.connect("WebSockets", "/testhub").greet()
	t.Run("for HTTP", func(t *testing.T) {
		conn := s.dial()
		_ = conn.SetDeadline(time.Now().Add(patience))
		_, _ = conn.Write(append(noise(rng, 2<<10), "\r\n\r\n"...))
		got, _ := io.ReadAll(conn)
		if !strings.HasPrefix(string(got), "HTTP/1.1 400 ") {
			t.Errorf("got %q, want 400", got)
		}
	})
	t.Run("for a WebSocket's frames", func(t *testing.T) {
		for range 20 {
			conn := s.dial()
			_ = conn.SetDeadline(time.Now().Add(patience))
			_, _ = io.WriteString(conn, head(http.MethodGet, "/testhub", 0, upgrade))
			_, _ = conn.Write(append([]byte{0x70}, noise(rng, 4<<10)...)) // reserved bits: no frame
			got, _ := io.ReadAll(conn)
			if !strings.HasPrefix(string(got), "HTTP/1.1 101 ") || !strings.Contains(string(got), "\x88\x02\x03\xea") {
				t.Errorf("got %q, want 101 and a close frame with 1002", got)
			}
		}
	})
	for _, transport := range []string{"WebSockets", "ServerSentEvents", "LongPolling"} {
		t.Run("for a handshake, "+transport, func(*testing.T) {
			c := s.connect(transport, "/testhub")
			c.send("no handshake at all" + rs)
			if got := c.next(); !strings.HasPrefix(got, `{"error":"`) {
				t.Errorf("got %q, want an error", got)
			}
			if got := c.next(); got != "" {
				t.Errorf("got %q, want the end", got)
			}
		})
		t.Run("for the hub, "+transport, func(*testing.T) {
			c := s.connect(transport, "/testhub").greet()
			c.send("{]" + rs)
			if got := c.next(); !strings.Contains(got, `"type":7`) || !strings.Contains(got, `"error"`) {
				t.Errorf("got %q, want a Close message with an error", got)
			}
			if got := c.next(); got != "" {
				t.Errorf("got %q, want the end", got)
			}
		})
	}
	if got := well.invoke("Echo", "well"); got != "well" {
		t.Errorf("got %v, want the echo", got)
	}
}

// noise is n bytes without a line end, the first of which begins no method.
func noise(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 0x80 | byte(rng.UintN(128))
	}
	return b
}

// TestSlowPosts has a body that comes too slowly end with the server's
// ReadTimeout, or with its connection, whichever is first. Until then it holds
// up nobody but its own connection.
func TestSlowPosts(t *testing.T) {
	t.Parallel()
	t.Run("ReadTimeout", func(t *testing.T) {
		t.Parallel()
		s := contractSite(t, nil, func(srv *httptest.Server) {
			srv.Config.ReadTimeout = time.Second
			srv.Config.IdleTimeout = time.Minute // else it is ReadTimeout, and POSTs meet connections that just end
		})
		c := &client{t: t, talk: s.polls(s.negotiate("/testhub"))}
		c.greet()
		target := c.talk.(*pollTalk).target
		loris := s.slowPost(target)
		check(t, readAnswer(t, loris), http.StatusBadRequest, "")
		if got := c.invoke("Echo", "still here"); got != "still here" { // the next has its turn
			t.Errorf("got %v, want the echo", got)
		}
	})
	t.Run("end of the connection", func(t *testing.T) {
		t.Parallel()
		s := contractSite(t, nil)
		target := s.negotiate("/testhub")
		s.polls(target)
		loris := s.slowPost(target)
		other := s.connect("LongPolling", "/testhub").greet()
		if got := other.invoke("Echo", "not held up"); got != "not held up" {
			t.Errorf("got %v, want the echo", got)
		}
		check(t, s.do(http.MethodDelete, target, ""), http.StatusAccepted, "")
		check(t, readAnswer(t, loris), http.StatusNotFound, "")
	})
}

// slowPost begins a POST and sends the first byte of its body only, a blank.
func (s *site) slowPost(target string) *wire {
	s.t.Helper()
	w, err := openWire(s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = w.Close() })
	if _, err := io.WriteString(w, head(http.MethodPost, target, 1<<20, "")+" "); err != nil {
		s.t.Fatal(err)
	}
	return w
}

func readAnswer(t *testing.T, w *wire) answer {
	t.Helper()
	resp, err := w.response()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}
