package transports

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"github.com/hubwire/signalr/internal/bufpool"
)

// webSocket carries a connection over a WebSocket. The library shakes hands.
// The frames are taken apart and made here, in place: what the client sends in
// the buffer that it was read into, so that all that has come reaches the App
// together; what is queued for the client with its header in front, so that all
// that waits leaves in one message and one write. An idle one costs one
// goroutine, the reader, and no buffer. The same socket carries event streams
// that have been taken from net/http, see eventsocket.go.
type webSocket struct {
	c      *Conn
	nc     net.Conn
	sys    syscall.RawConn // nil: a write cannot be tried
	home   *worker
	events bool          // it is an event stream, see eventsocket.go
	done   chan struct{} // closed when the reader is through with the connection; nil if nobody will wait for that

	// Read side, the reader's own.
	frames   frameReader
	buf      *bufpool.Buffer       // what has come; nil if nothing is left of it
	partial  int                   // bytes in buf that are the start of what has not come as a whole
	filled   bool                  // the last read filled its buffer: there may be more
	readSize int                   // what onReadable is to get
	readErr  error                 // what onReadable got
	onRead   func(fd uintptr) bool // onReadable, made once

	// Write side, owned by whoever has acquired the queue.
	out       *bufpool.Buffer // holds rest
	rest      []byte          // of the message being written
	writeWait bool            // onWritable waits for room
	writeErr  error
	onWrite   func(fd uintptr) bool // onWritable, made once
	closeSent bool

	// Guarded by the queue's lock.
	closeCode uint16 // of the close frame that ends what is queued; 0: none yet
	closeMade bool   // it has been made
	unsent    int    // bytes in the kernel when a write last had to wait; -1: unknown
}

// serveWebSocket opens a WebSocket, on a negotiated connection or a new one
// (transports.md, 4.1). The handler returns after the upgrade, which frees all
// that net/http holds for the request; the connection goes on by itself.
func (ep *Endpoint) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	if !ep.originAllowed(r) {
		reply(w, http.StatusForbidden, "", "")
		return
	}
	c, ok := ep.webSocketConn(w, r)
	if !ok {
		return
	}
	if c.resumes() {
		ep.takeOver(w, r, c)
		return
	}
	if !ep.attach(w, r, c, WebSockets) {
		return
	}
	c.bind(r)
	ws, err := c.upgrade(w, r)
	if err != nil {
		ep.log.LogAttrs(r.Context(), slog.LevelError, "UpgradeFailed",
			slog.String("connection_id", c.id), slog.String("transport", "WebSockets"), slog.Any("error", err))
		c.abandon(err)
		return
	}
	c.carryBy(ws)
	if !ep.engine.spawn(func() { ws.run() }) {
		ws.kill()
		c.abandon(ErrShuttingDown)
	}
}

// webSocketConn finds the connection that a request names, or makes one if it
// names none.
func (ep *Endpoint) webSocketConn(w http.ResponseWriter, r *http.Request) (*Conn, bool) {
	token, _ := QueryValue(r.URL.RawQuery, "id")
	if token != "" {
		c := ep.find(token)
		if c == nil {
			reply(w, http.StatusNotFound, "", textNoConnection)
		}
		return c, c != nil
	}
	if ep.cfg.Transports&WebSockets == 0 {
		// ASP.NET Core makes a connection first and forgets it later.
		ep.refuseTransport(w, nil, WebSockets)
		return nil, false
	}
	c, err := ep.newConn(true, false)
	if err != nil {
		replyUnavailable(w)
		return nil, false
	}
	return c, true
}

var errNoHijack = errors.New("the ResponseWriter cannot give its connection away (Hijack): " +
	"serve WebSockets over HTTP/1.1, and let middleware that wraps the writer have Unwrap")

// upgrade answers 101 and takes the network connection over.
func (c *Conn) upgrade(w http.ResponseWriter, r *http.Request) (*webSocket, error) {
	if !canHijack(w) {
		reply(w, http.StatusInternalServerError, "text/plain", "")
		return nil, errNoHijack
	}
	ws := &webSocket{c: c, unsent: -1}
	opts := &websocket.AcceptOptions{InsecureSkipVerify: true} // originAllowed has looked
	if choose := c.ep.cfg.SubProtocolSelector; choose != nil {
		if chosen := choose(requestedSubProtocols(r)); chosen != "" {
			opts.Subprotocols = []string{chosen}
		}
	}
	lib, err := websocket.Accept(&hijackWriter{w, ws}, r, opts)
	if err != nil {
		return nil, err
	}
	_ = lib.CloseNow() // lets go of what it holds, nearly 2 KiB; it was not given the socket
	ws.home = c.ep.engine.home()
	ws.onRead, ws.onWrite = ws.onReadable, ws.onWritable
	if c.resume != nil {
		ws.done = make(chan struct{})
	}
	return ws, nil
}

// carryBy makes ws the connection's first socket.
func (c *Conn) carryBy(ws *webSocket) {
	c.mu.Lock()
	c.ws.Store(ws)
	if c.resume != nil {
		c.resume.latest = ws
	}
	dead := c.cause != nil
	c.mu.Unlock()
	if dead {
		ws.kill()
	}
}

// canHijack reports whether w or what it wraps gives its connection away.
func canHijack(w http.ResponseWriter) bool {
	for {
		switch t := w.(type) {
		case http.Hijacker:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return false
		}
	}
}

// hijackWriter keeps the network connection, and what net/http has read of it
// already, from the library, which after the handshake is not needed any more.
type hijackWriter struct {
	http.ResponseWriter
	ws *webSocket
}

func (h *hijackWriter) Unwrap() http.ResponseWriter { return h.ResponseWriter }

// Hijack implements [http.Hijacker].
func (h *hijackWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	nc, brw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	_ = nc.SetDeadline(time.Time{}) // those of http.Server are for requests
	ws := h.ws
	ws.nc = nc
	ws.sys = rawConn(nc)
	if n := brw.Reader.Buffered(); n > 0 {
		ahead, _ := brw.Reader.Peek(n)
		ws.buf = bufpool.Get(n)
		ws.buf.B = append(ws.buf.B, ahead...)
	}
	return noConn{nc}, bufio.NewReadWriter(bufio.NewReaderSize(noConn{}, 16), bufio.NewWriterSize(noConn{}, 16)), nil
}

// noConn is what the library gets to hold.
type noConn struct{ net.Conn }

func (noConn) Read([]byte) (int, error)    { return 0, io.EOF }
func (noConn) Write(p []byte) (int, error) { return len(p), nil }
func (noConn) Close() error                { return nil }

// kill closes the network connection at once. Reader and writer find out.
func (ws *webSocket) kill() {
	nc := ws.nc
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = t.NetConn() // closing TLS in good order may take seconds
	}
	_ = nc.Close()
}

// finish has a close frame written behind what is queued (transports.md, 4.5).
func (ws *webSocket) finish() {
	q := &ws.c.out
	q.mu.Lock()
	if !q.closed && !q.away && ws.closeCode == 0 {
		ws.closeCode = closeNormal
		q.farewell, q.finished = true, true
	}
	q.mu.Unlock()
	ws.c.Wake()
}
