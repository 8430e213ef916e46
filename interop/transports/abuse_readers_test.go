package transports_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hubwire/signalr"
)

const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"

// handshakeFrame is the handshake as a masked text frame; the mask is zero.
var handshakeFrame = string([]byte{0x81, 0x80 | byte(len(handshake)), 0, 0, 0, 0}) + handshake

// TestReaders has clients that take nothing or next to nothing cut off, with
// no more memory than the queue's bound and the socket's.
func TestReaders(t *testing.T) { //nolint:paralleltest // it measures memory
	const each, perReader = 10, 256 << 10
	transports := []string{"WebSockets", "ServerSentEvents", "LongPolling"}
	c := newChaos(t, nil, signalr.TransportSendTimeout(time.Second), signalr.DisconnectTimeout(3*time.Second),
		signalr.TransportMaxBufferSize(64<<10))
	before := heap()
	var slow, all []*wire // one byte a second, and those that never read besides
	for i := range each {
		for _, transport := range transports {
			slow = append(slow, c.openReader(t, transport, fmt.Sprintf("slow%s%d", transport, i)))
			all = append(all, c.openReader(t, transport, fmt.Sprintf("never%s%d", transport, i)))
		}
	}
	all = append(all, slow...)
	stop := make(chan struct{})
	go readSlowly(slow, stop) // ends when stop is closed
	if got := (heap() - before) / len(all); got > perReader {
		t.Errorf("got %d bytes for each reader, want at most %d", got, perReader)
	}
	c.gone(t)
	close(stop)
	for _, w := range all {
		_ = w.Close()
	}
	log := c.log.String()
	for _, transport := range transports {
		// Between two polls there is no reader; then the client is late with the next.
		got := countLines(log, "ReceiverCutOff", "transport="+transport)
		if got != 2*each && transport != "LongPolling" || got == 0 {
			t.Errorf("%s: got %d receivers cut off, want %d", transport, got, 2*each)
		}
	}
}

// countLines counts the lines of a log that have all of the words.
func countLines(log string, words ...string) int {
	n := 0
lines:
	for line := range strings.Lines(log) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue lines
			}
		}
		n++
	}
	return n
}

// readSlowly takes one byte a second from each connection.
func readSlowly(wires []*wire, stop <-chan struct{}) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var b [1]byte
	for {
		select {
		case <-ticker.C:
		case <-stop:
			return
		}
		for _, w := range wires {
			_ = w.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, _ = w.TCPConn.Read(b[:]) // at the end there is none
		}
	}
}

// openReader opens a connection on which the hub sends without end, and reads
// nothing of it.
func (c *chaos) openReader(t *testing.T, transport, name string) *wire {
	t.Helper()
	target := fmt.Sprintf("%s&name=%s&count=%d", c.negotiate("/chaos"), name, endless)
	w, err := openWire(c.addr)
	if err != nil {
		t.Fatal(err)
	}
	switch transport {
	case "WebSockets":
		_, err = io.WriteString(w, head(http.MethodGet, target, 0, upgrade)+handshakeFrame)
	case "ServerSentEvents":
		_, err = io.WriteString(w, head(http.MethodGet, target, 0, "Accept: text/event-stream\r\n"))
		c.untilOpen(t, target)
	case "LongPolling":
		c.polls(target)
		check(t, c.do(http.MethodPost, target, handshake), http.StatusOK, "")
		_, err = io.WriteString(w, head(http.MethodGet, target, 0, "")) // "{}", perhaps more
		if err == nil {
			_, err = w.response()
		}
		if err == nil {
			_, err = io.WriteString(w, head(http.MethodGet, target, 0, ""))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// untilOpen does the handshake by POST, which waits for its transport.
func (c *chaos) untilOpen(t *testing.T, target string) {
	t.Helper()
	check(t, c.do(http.MethodPost, target, handshake), http.StatusOK, "")
}

// TestWebSocketsThatSayNothing are told and let go when the time for their
// handshake is over.
func TestWebSocketsThatSayNothing(t *testing.T) {
	t.Parallel()
	s := contractSite(t, nil)
	var silent []webSocketTalk
	for range 50 {
		silent = append(silent, s.webSocket("/fastping"))
	}
	for _, ws := range silent {
		const want = `{"error":"Handshake was canceled."}` + rs
		if got := ws.read(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := ws.read(); got != "" {
			t.Errorf("got %q, want the end", got)
		}
	}
}
