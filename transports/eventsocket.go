package transports

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/hubwire/signalr/internal/bufpool"
)

// An event stream over HTTP/1.1 is taken from net/http as a WebSocket is: the
// same workers write to it, and what net/http keeps for a request that lasts,
// about 20 KiB with two goroutines, is free. Its socket is closed behind the
// stream. HTTP/2, writers that do not give their connection away, and those that
// middleware has wrapped, which may have headers to add when the head is
// written, are served by the handler.

// lastChunk ends a chunked body.
const lastChunk = "0\r\n\r\n"

// takeEventStream answers the request and takes the network connection over. It
// returns nil, and has answered nothing, if that cannot be done.
func (c *Conn) takeEventStream(w http.ResponseWriter, r *http.Request) *webSocket {
	if _, wrapped := w.(interface{ Unwrap() http.ResponseWriter }); wrapped ||
		r.ProtoMajor != 1 || r.ProtoMinor < 1 || !canHijack(w) {
		return nil
	}
	nc, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil
	}
	_ = nc.SetReadDeadline(time.Time{}) // those of http.Server are for requests
	ws := &webSocket{c: c, nc: nc, sys: rawConn(nc), home: c.ep.engine.home(), events: true, unsent: -1}
	ws.onRead, ws.onWrite = ws.onReadable, ws.onWritable
	_ = nc.SetWriteDeadline(time.Now().Add(c.ep.cfg.WebSocketCloseTimeout)) // a new connection takes so little at once
	_, _ = nc.Write(eventHead(w.Header()))                                  // an error shows when it is read from
	_ = nc.SetWriteDeadline(time.Time{})
	c.out.mu.Lock()
	c.out.resumable = false // only WebSockets are resumed
	c.out.mu.Unlock()
	c.mu.Lock()
	c.ws.Store(ws)
	dead := c.cause != nil
	c.mu.Unlock()
	if dead {
		ws.kill()
	}
	return ws
}

// eventHead is the head of the answer, with what middleware has put in h, and
// the first bytes of the stream.
func eventHead(h http.Header) []byte {
	eventHeaders(h)
	h["Transfer-Encoding"] = []string{"chunked"}
	h["Connection"] = []string{"close"}
	h["Date"] = []string{time.Now().UTC().Format(http.TimeFormat)}
	delete(h, "Content-Length")
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 200 OK\r\n")
	_ = h.Write(&b) // to memory
	b.WriteString("\r\n3\r\n" + eventOpening + "\r\n")
	return b.Bytes()
}

// runEvents is the reader of an event stream's socket, its only goroutine: it
// finds out when the client has gone. It ends when the stream has.
func (ws *webSocket) runEvents() {
	c := ws.c
	c.pull.in.start(c.connect())
	var err error
	for err == nil {
		ws.partial = 0 // nothing that may come means anything
		err = ws.fill()
	}
	ws.release()
	called := errors.Is(err, os.ErrDeadlineExceeded) // by our own side, which does not write
	if !called {
		ws.kill() // ends a write that goes on
	}
	q := &c.out
	q.mu.Lock()
	q.close()
	finished := q.finished
	q.mu.Unlock()
	q.awaitIdle()
	if called {
		ws.endBody()
	}
	_ = ws.nc.Close()
	cause := ErrClosedByClient
	if finished && called {
		cause = ErrFinished
	}
	c.end(cause)
	c.ep.debug(c, "EventStreamEnded", slog.Any("error", cause))
	c.mu.Lock()
	c.attached, c.transportOver = false, true
	c.mu.Unlock()
	c.pull.in.end(true)
	c.settle()
}

// endBody ends a stream that was aborted in good order, so that the client can
// tell that from a broken connection. Nobody else writes.
func (ws *webSocket) endBody() {
	if ws.closeSent {
		return
	}
	_ = ws.nc.SetWriteDeadline(time.Now().Add(lingerTimeout))
	_, _ = ws.nc.Write([]byte(lastChunk))
}

// cut ends an event stream at once: in good order, unless a write goes on. The
// queue is closed, so none can begin.
func (ws *webSocket) cut() {
	q := &ws.c.out
	q.mu.Lock()
	busy := q.writing
	q.mu.Unlock()
	if busy {
		ws.kill()
		return
	}
	_ = ws.nc.SetReadDeadline(time.Now()) // wakes the reader
}

// chunkInPlace makes one event of the payload of buf, as a chunk of the body,
// and returns where it starts.
func chunkInPlace(buf *bufpool.Buffer) (chunk *bufpool.Buffer, start int) {
	chunk, start = formatEvent(buf)
	var head [frameRoom]byte
	size := append(strconv.AppendInt(head[:0], int64(len(chunk.B)-start), 16), "\r\n"...)
	start -= len(size)
	copy(chunk.B[start:], size)
	chunk = chunk.Grow(len("\r\n"))
	chunk.B = append(chunk.B, "\r\n"...)
	return chunk, start
}
