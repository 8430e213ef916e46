package transports

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/hubwire/signalr/internal/bufpool"
)

// eventOpening is the first bytes of a stream, a comment: Firefox calls it open
// when they come.
const eventOpening = ":\r\n"

// serveEventStream serves the one GET of a connection over server-sent events
// (transports.md, 5). The handler returns at once if the network connection can
// be had, see takeEventStream; else all writes are the handler's.
func (ep *Endpoint) serveEventStream(w http.ResponseWriter, r *http.Request) {
	c := ep.lookup(w, r)
	if c == nil || !ep.attach(w, r, c, ServerSentEvents) {
		return
	}
	if ws := c.openEventStream(w, r); ws != nil {
		if !ep.engine.spawn(ws.runEvents) {
			ws.kill()
			c.abandon(ErrShuttingDown)
		}
		return
	}
	if !canFlush(w) {
		ep.log.LogAttrs(r.Context(), slog.LevelError, "CannotFlush",
			slog.String("connection_id", c.id), slog.String("transport", "ServerSentEvents"), slog.Any("error", errNoFlush))
		reply(w, http.StatusInternalServerError, plain, "")
		c.abandon(errNoFlush)
		return
	}
	p := c.pull
	rc := http.NewResponseController(w)
	withoutDeadlines(rc)
	p.in.start(c.connect())
	cause := c.streamEvents(w, r, rc)
	ep.debug(c, "EventStreamEnded", slog.Any("error", cause))
	c.end(cause)
	c.mu.Lock()
	c.attached, c.transportOver = false, true
	c.mu.Unlock()
	p.in.end(true)
	c.settle()
}

// openEventStream prepares the connection, and takes its socket if it can.
func (c *Conn) openEventStream(w http.ResponseWriter, r *http.Request) *webSocket {
	c.bind(r)
	c.getPull()
	return c.takeEventStream(w, r)
}

// eventHeaders sets the headers of the answer (transports.md, 5.1).
func eventHeaders(h http.Header) {
	delete(h, "Content-Length") // of whatever middleware had in mind
	h["Content-Type"] = []string{"text/event-stream"}
	h["Cache-Control"] = []string{"no-cache,no-store"}
	h["Pragma"] = []string{"no-cache"}
	h["Content-Encoding"] = []string{"identity"} // no middleware is to compress and so to hold back
	h["X-Accel-Buffering"] = []string{"no"}      // nor nginx
}

var errNoFlush = errors.New("the ResponseWriter cannot send what has been written so far (Flush): " +
	"let middleware that wraps the writer have Unwrap")

// canFlush reports whether w or what it wraps can flush.
func canFlush(w http.ResponseWriter) bool {
	for {
		switch t := w.(type) {
		case http.Flusher, interface{ FlushError() error }:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return false
		}
	}
}

// streamEvents writes what is queued until the App has finished, the client is
// gone or the connection was aborted, and returns which.
func (c *Conn) streamEvents(w http.ResponseWriter, r *http.Request, rc *http.ResponseController) error {
	eventHeaders(w.Header())
	w.WriteHeader(http.StatusOK)
	err := c.writeOut(rc, func() error {
		if _, err := io.WriteString(w, eventOpening); err != nil {
			return err
		}
		return rc.Flush()
	})
	gone, closed := clientGone(w, r)
	for err == nil {
		buf, over := c.takeOut()
		switch {
		case buf != nil:
			err = c.writeEvent(w, rc, buf)
			continue
		case over:
			return ErrFinished
		}
		select {
		case <-c.pull.wake:
		case <-gone:
			return ErrClosedByClient
		case <-closed:
			return ErrClosedByClient
		}
	}
	return ErrConnectionLost
}

// clientGone returns what tells that the client has gone; one of the two is
// nil. As a rule the request's context does. One that has a deadline, as chi's
// Timeout gives to every request, would end a stream that is meant to last, so
// then the connection itself is asked.
func clientGone(w http.ResponseWriter, r *http.Request) (ended <-chan struct{}, closed <-chan bool) {
	if _, limited := r.Context().Deadline(); !limited {
		return r.Context().Done(), nil
	}
	for {
		switch t := w.(type) {
		case http.CloseNotifier: //nolint:staticcheck // the context, which it was given up for, has a deadline
			return nil, t.CloseNotify()
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return r.Context().Done(), nil
		}
	}
}

// eventPiece is how much of a long event is written at a time, so that the
// progress can be seen.
const eventPiece = 16 << 10

// writeEvent writes one event and gives buf back.
func (c *Conn) writeEvent(w http.ResponseWriter, rc *http.ResponseController, buf *bufpool.Buffer) error {
	event, start := formatEvent(buf)
	err := c.writeOut(rc, func() error {
		rest := event.B[start:]
		for len(rest) > eventPiece {
			n, err := w.Write(rest[:eventPiece])
			if err != nil {
				return err
			}
			rest = rest[n:]
			c.out.took(n, c.ep.engine.now)
		}
		if _, err := w.Write(rest); err != nil {
			return err
		}
		return rc.Flush()
	})
	c.outDone(event)
	return err
}

// formatEvent makes an event of the payload of buf, and returns the buffer with
// it and where it starts. A payload without a line feed, which is what JSON hub
// messages are, stays where it is.
func formatEvent(buf *bufpool.Buffer) (event *bufpool.Buffer, start int) {
	const field = "data: "
	payload := buf.B[frameRoom:]
	if len(payload) > 0 && bytes.IndexByte(payload, '\n') < 0 {
		start = frameRoom - len(field)
		copy(buf.B[start:], field)
		buf = buf.Grow(4)
		buf.B = append(buf.B, "\r\n\r\n"...)
		return buf, start
	}
	event = bufpool.Get(frameRoom + len(payload) + (1+bytes.Count(payload, []byte{'\n'}))*(len(field)+2) + 4)
	event.B = appendEvent(event.B[:frameRoom], payload)
	bufpool.Put(buf)
	return event, frameRoom
}

// appendEvent appends payload as an event, line by line (transports.md, 5.3).
func appendEvent(b, payload []byte) []byte {
	for more := len(payload) > 0; more; {
		var line []byte
		line, payload, more = bytes.Cut(payload, []byte{'\n'})
		if more && len(line) > 1 && line[len(line)-1] == '\r' {
			line = line[:len(line)-1]
		}
		b = append(b, "data: "...)
		b = append(b, line...)
		b = append(b, "\r\n"...)
	}
	return append(b, "\r\n"...)
}
