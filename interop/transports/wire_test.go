package transports_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// wire is one HTTP/1.1 connection that a test can break at any byte.
type wire struct {
	*net.TCPConn

	br *bufio.Reader
}

// What the kernel holds of what is not read: little, so that it cannot hide for
// long who reads. Much less at the client's end, and TCP would wait for hundreds
// of milliseconds before it bothers with such a window.
const (
	serverBuffer = 4 << 10
	clientBuffer = 64 << 10
)

func openWire(addr string) (*wire, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	tcp := c.(*net.TCPConn)
	_ = tcp.SetReadBuffer(clientBuffer)
	_ = tcp.SetDeadline(time.Now().Add(patience))
	return &wire{TCPConn: tcp, br: bufio.NewReader(tcp)}, nil
}

// cut breaks the connection: with a reset, or as a process that ends does.
func (w *wire) cut(rng *rand.Rand) {
	if rng.IntN(2) == 0 {
		_ = w.SetLinger(0)
	}
	_ = w.Close()
}

// head is the head of a request with a body of n bytes.
func head(method, target string, n int, lines string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n%s\r\n", method, target, n, lines)
}

// response reads the head of an answer.
func (w *wire) response() (*http.Response, error) { return http.ReadResponse(w.br, nil) }

// ledger is what the server did for requests, by the number that the query
// value "n" gives them. It stands for what a client cannot know when its
// connection breaks.
type ledger struct {
	mu      sync.Mutex
	entries map[string]*entry // guarded by mu
}

// entry is one request in the ledger.
type entry struct {
	came chan struct{} // closed when its handler begins
	left chan struct{} // closed when it is through; the rest may be read then

	read    int    // bytes of its body that the handler took
	written []byte // the answer's body
	flushed bool   // the answer has been given to the socket without an error
}

func newLedger() *ledger { return &ledger{entries: map[string]*entry{}} }

func (l *ledger) entry(n string) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[n]
	if e == nil {
		e = &entry{came: make(chan struct{}), left: make(chan struct{})}
		l.entries[n] = e
	}
	return e
}

// take is entry that is looked at once.
func (l *ledger) take(n string) *entry {
	e := l.entry(n)
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.entries, n)
	return e
}

// keep is the middleware that keeps the ledger. flushed is called for each
// answer that the socket took, in their order.
func (l *ledger) keep(next http.Handler, flushed func(*entry)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := r.URL.Query().Get("n")
		if n == "" {
			next.ServeHTTP(w, r)
			return
		}
		e := l.entry(n)
		close(e.came)
		defer close(e.left)
		r.Body = &countedBody{r.Body, e}
		next.ServeHTTP(&ledgerWriter{w, e, flushed}, r)
	})
}

type countedBody struct {
	body interface {
		Read(p []byte) (int, error)
		Close() error
	}
	e *entry
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.e.read += n
	return n, err
}

func (b *countedBody) Close() error { return b.body.Close() }

type ledgerWriter struct {
	http.ResponseWriter

	e       *entry
	flushed func(*entry)
}

func (w *ledgerWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.e.written = append(w.e.written, p[:n]...)
	return n, err
}

// FlushError tells what the socket said.
func (w *ledgerWriter) FlushError() error {
	err := http.NewResponseController(w.ResponseWriter).Flush()
	if err == nil && len(w.e.written) > 0 && w.flushed != nil {
		w.e.flushed = true
		w.flushed(w.e)
	}
	return err
}

func (w *ledgerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
