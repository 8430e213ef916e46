package transports_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// endless is more than any connection of these tests lives to get.
const endless = 1 << 30

// gone waits until the hub knows that all clients have left.
func (c *chaos) gone(t *testing.T) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for ctx := limit(t); ; {
		c.mu.Lock()
		open := c.open
		c.mu.Unlock()
		switch {
		case open == 0:
			return
		case open < 0:
			t.Fatalf("%d connections ended twice", -open)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("the hub still has %d connections", open)
		}
	}
}

// TestEventStreamsThatBreak has messages come once and in order on every
// connection, in both directions, while connections break all the time and the
// client comes with new ones.
func TestEventStreamsThatBreak(t *testing.T) {
	t.Parallel()
	c, rng := newChaos(t, nil), newRand(t)
	connections, got := 0, 0
	for ; got < *messages && !t.Failed(); connections++ {
		got += c.eventStream(t, rng, fmt.Sprintf("sse-%d", connections))
	}
	c.gone(t)
	t.Logf("%d messages over %d connections", got, connections)
}

// eventStream is one connection until it breaks. It returns how many messages
// came and went.
func (c *chaos) eventStream(t *testing.T, rng *rand.Rand, name string) int {
	t.Helper()
	target := c.negotiate("/chaos") + fmt.Sprintf("&name=%s&count=%d", name, endless)
	w, err := openWire(c.addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, head(http.MethodGet, target, 0, "Accept: text/event-stream\r\n")); err != nil {
		t.Fatal(err)
	}
	resp, err := w.response()
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("event stream: got %v, %v, want 200", resp, err)
	}
	stop, posted := make(chan struct{}), make(chan struct{})
	content, posts := notebook(rng.IntN(300)), fork(rng)
	go func() { // ends when stop is closed
		defer close(posted)
		c.post(t, posts, target, name, content, stop)
	}()
	q := sequence{}
	err = readEvents(resp.Body, &q, rng.IntN(2000))
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	close(stop)
	if rng.IntN(2) == 0 {
		<-posted // else POSTs are under way
	}
	w.cut(rng)
	<-posted
	noted := c.noted(name)
	if noted.wrong != "" {
		t.Errorf("%s: %s", name, noted.wrong)
	}
	return q.next + noted.count
}

// readEvents reads until at least so many messages have come.
func readEvents(body io.Reader, q *sequence, count int) error {
	lines := bufio.NewReader(body)
	for !q.started || q.next < count {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return err
		}
		data, ok := bytes.CutPrefix(bytes.TrimSuffix(line, []byte("\r\n")), []byte("data: "))
		if !ok {
			continue
		}
		if err := q.add(data); err != nil {
			return err
		}
		if len(q.partial) > 0 {
			return fmt.Errorf("got half a message in an event: %.200q", q.partial)
		}
	}
	return nil
}

// TestWebSocketsThatBreak is TestEventStreamsThatBreak for WebSockets.
func TestWebSocketsThatBreak(t *testing.T) {
	t.Parallel()
	c, rng := newChaos(t, nil), newRand(t)
	connections, got := 0, 0
	for ; got < *messages && !t.Failed(); connections++ {
		got += c.webSocketUntilItBreaks(t, rng, fmt.Sprintf("ws-%d", connections))
	}
	c.gone(t)
	t.Logf("%d messages over %d connections", got, connections)
}

func (c *chaos) webSocketUntilItBreaks(t *testing.T, rng *rand.Rand, name string) int {
	t.Helper()
	var w *wire
	ws, _, err := websocket.Dial(limit(t), fmt.Sprintf("%s/chaos?name=%s&count=%d", c.url, name, endless),
		&websocket.DialOptions{HTTPClient: &http.Client{Transport: &http.Transport{
			DialContext: func(context.Context, string, string) (_ net.Conn, err error) {
				w, err = openWire(c.addr)
				return w, err
			},
		}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	ws.SetReadLimit(-1)
	up, fragment := rng.IntN(300), rng.IntN(2) == 0
	written := make(chan struct{})
	go func() { // ends when all is written or the connection is cut
		defer close(written)
		writeNotes(t, ws, up)
	}()
	q := sequence{}
	for count := rng.IntN(2000); !q.started || q.next < count; {
		_, p, err := ws.Read(limit(t))
		if err == nil {
			err = q.add(p)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			break
		}
	}
	if fragment {
		<-written
		_, _ = io.WriteString(w, "\x81\xfe\x10\x00abcdhalf a frame")
	}
	w.cut(rng)
	<-written
	noted := c.noted(name)
	if noted.wrong != "" {
		t.Errorf("%s: %s", name, noted.wrong)
	}
	return q.next + noted.count
}

// writeNotes sends the handshake and then some notes a message.
func writeNotes(t *testing.T, ws *websocket.Conn, count int) {
	t.Helper()
	lines := strings.SplitAfter(string(notebook(count)), rs)
	for len(lines) > 0 {
		n := min(len(lines), 7)
		err := ws.Write(t.Context(), websocket.MessageText, []byte(strings.Join(lines[:n], "")))
		if err != nil {
			if !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") && !strings.Contains(err.Error(), "pipe") {
				t.Errorf("writing: %v", err)
			}
			return
		}
		lines = lines[n:]
	}
}
