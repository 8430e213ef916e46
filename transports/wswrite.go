package transports

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/hubwire/signalr/internal/bufpool"
)

// tlsWrite is how much is written at a time where the progress of a write cannot
// be seen: a record of TLS.
const tlsWrite = 16 << 10

// turn is the worker's visit: one message, as far as the socket takes it at
// once. The worker has acquired the queue.
func (ws *webSocket) turn() {
	if ws.sys == nil {
		// Ends when the queue is empty or the socket closed; the reader, which
		// outlives it, waits for it.
		go ws.drain()
		return
	}
	if !ws.next() {
		return
	}
	if err := ws.write(false); err != nil {
		ws.fail()
		return
	}
	if len(ws.rest) > 0 {
		// As above.
		go ws.drain()
		return
	}
	if ws.yield() {
		ws.home.push(ws.c)
	}
}

// drain writes until nothing is queued. The caller has acquired the queue;
// drain releases it.
func (ws *webSocket) drain() {
	for {
		if len(ws.rest) == 0 && !ws.next() {
			return
		}
		if err := ws.write(true); err != nil {
			ws.fail()
			return
		}
	}
}

// next makes the next message of what is queued, with control frames behind it.
// If there is nothing, it releases the queue and returns false.
func (ws *webSocket) next() bool {
	q := &ws.c.out
	q.mu.Lock()
	ws.written()
	binary := q.binary
	buf, split := q.take()
	control, code := q.control, uint16(0)
	q.control = nil
	if q.farewell {
		q.farewell = false
		ws.closeMade = true
		code = ws.closeCode
		q.close() // what comes now comes too late
	}
	if buf == nil && control == nil && code == 0 {
		q.release()
		q.mu.Unlock()
		return false
	}
	q.mu.Unlock()

	start := 0
	switch {
	case buf == nil:
		buf = bufpool.Get(len(control) + closeFrameSize)
	case ws.events:
		buf, start = chunkInPlace(buf)
	default:
		buf, start = frameInPlace(buf, split, binary)
	}
	if len(control) > 0 {
		buf = buf.Grow(len(control))
		buf.B = append(buf.B, control...)
	}
	if code != 0 {
		buf = ws.appendFarewell(buf, code)
		ws.closeSent = true
	}
	ws.out, ws.rest = buf, buf.B[start:]
	return true
}

// written accounts for the message before, if there was one. The queue's lock
// is held.
func (ws *webSocket) written() {
	if ws.out == nil {
		return
	}
	bufpool.Put(ws.out)
	ws.out, ws.rest = nil, nil
	ws.unsent = -1
	ws.c.out.done(ws.c.ep.engine.now)
	switch {
	case !ws.closeSent:
	case ws.events:
		_ = ws.nc.SetReadDeadline(time.Now()) // the reader is to close it
	default:
		// The rest of the handshake is the client's (transports.md, 4.5).
		_ = ws.nc.SetReadDeadline(time.Now().Add(ws.c.ep.cfg.WebSocketCloseTimeout))
	}
}

// appendFarewell appends what ends the connection in good order.
func (ws *webSocket) appendFarewell(buf *bufpool.Buffer, code uint16) *bufpool.Buffer {
	if ws.events {
		buf = buf.Grow(len(lastChunk))
		buf.B = append(buf.B, lastChunk...)
		return buf
	}
	buf = buf.Grow(closeFrameSize)
	buf.B = appendClose(buf.B, code)
	return buf
}

// yield ends a worker's visit after a whole message. It returns true if the
// worker has to come again, having put the queue on its list.
func (ws *webSocket) yield() bool {
	q := &ws.c.out
	q.mu.Lock()
	defer q.mu.Unlock()
	ws.written()
	q.release()
	q.listed = q.pending()
	return q.listed
}

// fail ends the writing: the socket is broken.
func (ws *webSocket) fail() {
	q := &ws.c.out
	q.mu.Lock()
	bufpool.Put(ws.out)
	ws.out, ws.rest = nil, nil
	q.inFlight = 0
	resumable := q.resumable
	if resumable {
		q.suspend()
	} else {
		q.control, q.farewell = nil, false
		q.close()
	}
	q.release()
	q.mu.Unlock()
	if !resumable {
		// The reader may sit in Receive, which waits for what only the end of the
		// connection brings.
		ws.c.dispose(ErrConnectionLost)
	}
	ws.kill() // wakes the reader
}

// write writes ws.rest, all of it if wait is set.
func (ws *webSocket) write(wait bool) error {
	if ws.sys == nil {
		return ws.writeWaiting()
	}
	ws.writeWait, ws.writeErr = wait, nil
	if err := ws.sys.Write(ws.onWrite); err != nil {
		return err
	}
	return ws.writeErr
}

// onWritable is called when the socket may have room; false is called again.
func (ws *webSocket) onWritable(fd uintptr) bool {
	for len(ws.rest) > 0 {
		n, again, err := writeSocket(fd, ws.rest)
		switch {
		case err != nil:
			ws.writeErr = err
			return true
		case again && !ws.writeWait:
			return true
		case again:
			ws.mustWait(fd)
			return false
		}
		ws.rest = ws.rest[n:]
		if len(ws.rest) > 0 {
			ws.c.out.took(n, ws.c.ep.engine.now)
		}
	}
	return true
}

// mustWait notes that the client has to take something before the write can go
// on.
func (ws *webSocket) mustWait(fd uintptr) {
	q := &ws.c.out
	if q.blocked.Load() == 0 {
		q.blocked.Store(ws.c.ep.engine.now())
	}
	unsent := unsentBytes(fd)
	q.mu.Lock()
	ws.unsent = unsent
	q.mu.Unlock()
}

// moved reports whether the client has taken bytes from the kernel since this
// was asked last, or since the write began to wait. The kernel lets a writer go
// on only when a good part of its buffer is free, which with a slow client takes
// many seconds, so the writer's own progress is too coarse a measure.
func (ws *webSocket) moved() bool {
	sys := ws.sys
	if sys == nil {
		if t, ok := ws.nc.(interface{ NetConn() net.Conn }); ok {
			sys = rawConn(t.NetConn())
		}
		if sys == nil {
			return false
		}
	}
	unsent := -1
	if sys.Control(func(fd uintptr) { unsent = unsentBytes(fd) }) != nil || unsent < 0 {
		return false
	}
	q := &ws.c.out
	q.mu.Lock()
	defer q.mu.Unlock()
	before := ws.unsent
	ws.unsent = unsent
	return unsent > 0 && (before < 0 || unsent < before) // the first time there is nothing to compare with
}

// writeWaiting is for connections that cannot be asked to try.
func (ws *webSocket) writeWaiting() error {
	q := &ws.c.out
	now := ws.c.ep.engine.now
	for len(ws.rest) > 0 {
		if q.blocked.Load() == 0 {
			q.blocked.Store(now())
		}
		n, err := ws.nc.Write(ws.rest[:min(len(ws.rest), tlsWrite)])
		ws.rest = ws.rest[n:]
		if err != nil {
			return err
		}
		if len(ws.rest) > 0 {
			q.took(n, now)
		}
	}
	return nil
}

// close ends the WebSocket after the reader has: in good order if the client
// is still there. It returns the connection's cause and what went wrong on the
// way in, if anything did (transports.md, 4.4).
func (ws *webSocket) close(err error) (cause, fault error) {
	switch {
	case errors.Is(err, errPeerClosed):
		cause = ErrClosedByClient
		ws.goodbye(closeNormal) // whatever code the client sent
	case errors.Is(err, ErrInvalidUTF8):
		cause, fault = err, err
		ws.goodbye(closeInvalidPayload)
	case errors.Is(err, ErrProtocol):
		cause, fault = err, err
		ws.goodbye(closeProtocolError)
	case errors.Is(err, io.EOF):
		cause = ErrConnectionLost
		ws.parting()
		ws.kill() // ends a write that goes on
	default:
		cause = fmt.Errorf("%w: %w", ErrConnectionLost, err)
		ws.kill()
	}
	q := &ws.c.out
	q.mu.Lock()
	q.close()
	finished := q.finished
	q.mu.Unlock()
	q.awaitIdle()
	if finished && (errors.Is(cause, ErrClosedByClient) || errors.Is(err, os.ErrDeadlineExceeded)) {
		cause = ErrFinished
	}
	return cause, fault
}

// goodbye writes a close frame behind the message that is being written, and
// drops what is queued.
func (ws *webSocket) goodbye(code uint16) {
	q := &ws.c.out
	_ = ws.nc.SetWriteDeadline(time.Now().Add(ws.c.ep.cfg.WebSocketCloseTimeout))
	q.mu.Lock()
	q.close()
	if ws.closeCode == 0 {
		ws.closeCode = code
		q.farewell = true
	}
	mine := q.acquireLocked()
	q.mu.Unlock()
	if mine {
		ws.drain()
	}
	q.awaitIdle()
}

// parting writes a close frame to a client that sends no more but may still
// read, unless that has to wait.
func (ws *webSocket) parting() {
	q := &ws.c.out
	q.mu.Lock()
	busy := q.writing
	q.mu.Unlock()
	if !busy {
		ws.goodbye(closeNormal)
	}
}
