package transports

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// syncBuffer collects log lines.
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

func (b *syncBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug - 4}))
}

func TestTokensAreNeverLogged(t *testing.T) {
	t.Parallel()
	var logs syncBuffer
	s := newSite(t, Config{Logger: logs.logger()}, newFakeApp())
	const secret = "&access_token=verysecret"
	tokens := []string{"verysecret"}
	id := s.negotiate()
	ws := s.dial(id + secret)
	session := s.app.next(t)
	tokens = append(tokens, id)
	write(t, ws, websocket.MessageText, "payload")
	read(t, ws)
	checkAnswer(t, s.send(http.MethodPost, id+secret, "payload"), 405, plain, textPostOnWebSocket)
	_ = ws.CloseNow()
	_ = session.awaitEnded(t)

	id = s.negotiate()
	tokens = append(tokens, id)
	checkAnswer(t, s.send(http.MethodGet, id+secret, ""), 200, octets, "")
	checkAnswer(t, s.send(http.MethodPost, id+secret, "payload"), 200, plain, "")
	checkAnswer(t, s.send(http.MethodGet, id+secret, ""), 200, octets, "payload")
	checkAnswer(t, s.send(http.MethodPost, id+secret, "x", "User: bob"), 403, plain, textUserChanged)
	checkAnswer(t, s.send(http.MethodDelete, id+secret, ""), 202, plain, "")

	all := logs.String()
	for _, token := range append(tokens, "payload") {
		if strings.Contains(all, token) {
			t.Errorf("%q was logged", token)
		}
	}
	for _, event := range []string{"CreatedNewConnection", "EstablishedConnection", "SocketOpened", "SocketClosed", "connection_id=", "transport=LongPolling"} {
		if !strings.Contains(all, event) {
			t.Errorf("%q was not logged", event)
		}
	}
}
