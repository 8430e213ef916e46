package transports_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/hubs"
)

// chaos is a server whose clients lose their connections all the time.
type chaos struct {
	*site

	ledger *ledger
	pushes sync.WaitGroup // what the hub sends

	mu    sync.Mutex
	notes map[string]*notes // by the query value "name"; guarded by mu
	open  int               // connections; guarded by mu
}

// notes is what one connection has told the hub: it should be 0, 1, 2, ...
type notes struct {
	count int
	wrong string // what was not in order, "" if all was
	marks [16]int
}

// chaosHub counts, in both directions.
type chaosHub struct {
	hubs.Hub

	c *chaos
}

// OnConnected sends the client 0, 1, 2, ..., as many as it asks for, as long as
// it is there.
func (h *chaosHub) OnConnected(context.Context) error {
	query := h.Context().Request().URL.Query()
	count, err := strconv.Atoi(query.Get("count"))
	if err != nil {
		return err
	}
	h.c.mu.Lock()
	h.c.open++
	h.c.notes[query.Get("name")] = &notes{}
	h.c.mu.Unlock()
	ctx, caller := h.Context().ConnectionAborted(), h.Clients().Caller()
	h.c.pushes.Go(func() { // ends with the connection; newChaos waits for it
		for i := 0; i < count && ctx.Err() == nil && caller.Send(ctx, "n", i) == nil; i++ {
		}
	})
	return nil
}

// OnDisconnected counts.
func (h *chaosHub) OnDisconnected(context.Context, error) error {
	h.c.mu.Lock()
	defer h.c.mu.Unlock()
	h.c.open--
	return nil
}

// Note takes the next number from the client.
func (h *chaosHub) Note(n int) {
	h.c.mu.Lock()
	defer h.c.mu.Unlock()
	on := h.c.notes[h.Context().Request().URL.Query().Get("name")]
	if n != on.count && on.wrong == "" {
		on.wrong = fmt.Sprintf("the hub got %d, want %d", n, on.count)
	}
	on.count++
}

// Mark takes the next number of one of several senders on one connection.
func (h *chaosHub) Mark(sender, n int) {
	h.c.mu.Lock()
	defer h.c.mu.Unlock()
	on := h.c.notes[h.Context().Request().URL.Query().Get("name")]
	if n != on.marks[sender] && on.wrong == "" {
		on.wrong = fmt.Sprintf("the hub got %d of sender %d, want %d", n, sender, on.marks[sender])
	}
	on.marks[sender]++
	on.count++
}

// noted returns what a connection has told the hub so far.
func (c *chaos) noted(name string) notes {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.notes[name]; n != nil {
		return *n
	}
	return notes{}
}

// newChaos starts the server. flushed is for its ledger.
func newChaos(t *testing.T, flushed func(*entry), options ...signalr.ServerOption) *chaos {
	t.Helper()
	c := &chaos{ledger: newLedger(), notes: map[string]*notes{}}
	t.Cleanup(c.pushes.Wait) // after the server's end
	log := &syncBuffer{}
	sr := signalr.New(append([]signalr.ServerOption{
		signalr.TransportMaxBufferSize(8 << 10),
		signalr.Logger(slog.New(slog.NewTextHandler(log, nil))),
	}, options...)...)
	mux := http.NewServeMux()
	signalr.MapHub(sr, mux, "/chaos", func() *chaosHub { return &chaosHub{c: c} })
	c.site = newSite(t, sr, c.ledger.keep(mux, flushed), func(srv *httptest.Server) {
		srv.Listener = smallListener{srv.Listener}
	})
	c.log = log
	return c
}

// smallListener gives each connection little room for what is not read, so that
// a write meets the client that breaks off.
type smallListener struct{ net.Listener }

func (l smallListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(serverBuffer)
	}
	return conn, err
}

// sequence checks that messages come once and in order.
type sequence struct {
	started bool
	next    int
	partial []byte
}

// add takes bytes from the server; they need not be whole messages.
func (q *sequence) add(p []byte) error {
	q.partial = append(q.partial, p...)
	rest := q.partial
	for {
		message, more, whole := bytes.Cut(rest, []byte(rs))
		if !whole {
			q.partial = append(q.partial[:0], rest...)
			return nil
		}
		rest = more
		if err := q.one(string(message)); err != nil {
			return err
		}
	}
}

func (q *sequence) one(message string) error {
	switch {
	case !q.started && message == "{}":
		q.started = true
		return nil
	case message == `{"type":6}` || message == strings.TrimSuffix(goodbye, rs):
		return nil
	}
	_, tail, _ := strings.Cut(message, `"arguments":[`)
	n, err := strconv.Atoi(strings.TrimSuffix(tail, "]}"))
	if err != nil || n != q.next {
		return fmt.Errorf("got %q, want message %d", message, q.next)
	}
	q.next++
	return nil
}

// note returns the n-th note as the client sends it.
func note(n int) string {
	return `{"type":1,"target":"Note","arguments":[` + strconv.Itoa(n) + `]}` + rs
}

// notebook is the bytes of the first notes, behind the handshake.
func notebook(count int) []byte {
	b := []byte(handshake)
	for n := range count {
		b = append(b, note(n)...)
	}
	return b
}

// post sends content in POSTs, many of which break off in mid-body, and goes
// on each time behind the last byte that the server took; that it says in the
// ledger. It ends when all is sent or stop is closed.
func (c *chaos) post(t *testing.T, rng *rand.Rand, target, name string, content []byte, stop <-chan struct{}) {
	t.Helper()
	var w *wire
	defer func() {
		if w != nil {
			_ = w.Close()
		}
	}()
	for n := 0; len(content) > 0; n++ {
		select {
		case <-stop:
			return
		default:
		}
		if w == nil {
			var err error
			if w, err = openWire(c.addr); err != nil {
				t.Error(err)
				return
			}
		}
		key := fmt.Sprintf("%s-%d", name, n)
		chunk := content[:min(len(content), 1+rng.IntN(3000))]
		broken := rng.IntN(3) == 0
		sent := chunk
		if broken {
			sent = chunk[:rng.IntN(len(chunk))]
		}
		request := append([]byte(head(http.MethodPost, target+"&n="+key, len(chunk), "")), sent...)
		if _, err := w.Write(request); err != nil {
			t.Errorf("POST %s: %v", key, err)
			return
		}
		if !broken {
			content = content[len(chunk):]
			resp, err := w.response()
			if err != nil || resp.StatusCode != http.StatusOK {
				select {
				case <-stop: // the connection has ended meanwhile
				default:
					t.Errorf("POST %s: got %v, %v, want 200", key, resp, err)
				}
				return
			}
			_ = resp.Body.Close()
			continue
		}
		e := c.ledger.entry(key)
		<-e.came // a reset may throw away what has not been read
		w.cut(rng)
		w = nil
		<-e.left
		content = content[e.read:]
	}
}
