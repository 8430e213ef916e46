package transports

import (
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/hubwire/signalr/internal/bufpool"
)

const (
	// firstRead is the size of the buffer that a socket is read into when bytes
	// come, busyRead the size as long as they fill it. It goes back to the pool
	// when the socket is drained.
	firstRead = 4 << 10
	busyRead  = 16 << 10

	// idleRead is the size where a buffer has to wait with the reader because
	// readiness cannot be waited for (TLS).
	idleRead = 512

	// lingerTimeout is how long a client that was told off gets to read that.
	lingerTimeout = time.Second
)

// run is the reader, the only goroutine of an idle WebSocket. It ends when the
// socket has.
func (ws *webSocket) run() {
	c := ws.c
	c.ep.debug(c, "SocketOpened")
	session := c.connect()
	if early := c.takeEarly(); early != nil {
		session.Receive(early.B)
		bufpool.Put(early)
	}
	ws.carry(session)
}

// carry reads until the socket ends, and ends the connection unless that goes
// on without it.
func (ws *webSocket) carry(session Session) {
	c := ws.c
	err := ws.read()
	ws.release()
	if ws.suspend(err) {
		return
	}
	cause, fault := ws.close(err)
	c.end(cause)
	c.ep.debug(c, "SocketClosed", slog.Any("error", cause))
	c.mu.Lock()
	c.transportOver = true
	c.mu.Unlock()
	session.Ended(fault)
	if errors.Is(fault, ErrProtocol) {
		ws.linger()
	}
	_ = ws.nc.Close()
	c.settle()
}

// read passes what comes to the App until the connection ends, and returns why.
// The App gets all that has come together; it is not held back for more.
func (ws *webSocket) read() error {
	pong := ws.pong
	for {
		if ws.buf == nil || len(ws.buf.B) == ws.partial {
			if err := ws.fill(); err != nil {
				return err
			}
		}
		b := ws.buf.B
		payload, rest, err := ws.frames.consume(b, pong)
		if payload > 0 {
			if session := ws.c.receiver(); session != nil {
				session.Receive(b[:payload]) // may take as long as the App likes, and holds up the client
			}
		}
		if err != nil {
			return err
		}
		ws.partial = copy(b, b[rest:])
		ws.buf.B = b[:ws.partial]
	}
}

// fill reads from the socket, behind what has not been used yet, and waits until
// there is something. While it waits it holds no buffer, unless a part of a
// frame's header is in it or readiness cannot be waited for.
func (ws *webSocket) fill() error {
	size := firstRead
	if ws.filled {
		size = busyRead
	}
	if ws.partial > 0 {
		ws.buf = ws.buf.Grow(size - ws.partial)
	} else {
		bufpool.Put(ws.buf)
		ws.buf = nil
	}
	if ws.sys == nil {
		return ws.fillWaiting()
	}
	ws.readErr, ws.readSize = nil, size
	if err := ws.sys.Read(ws.onRead); err != nil {
		return err
	}
	return ws.readErr
}

// onReadable is called when the socket may have bytes; false is called again.
func (ws *webSocket) onReadable(fd uintptr) bool {
	if ws.buf == nil {
		ws.buf = bufpool.Get(ws.readSize)
	}
	b := ws.buf
	free := b.B[len(b.B):cap(b.B)]
	n, again, err := readSocket(fd, free)
	if again {
		if len(b.B) == 0 {
			bufpool.Put(b)
			ws.buf = nil
		}
		return false
	}
	ws.readErr = err
	ws.filled = n == len(free)
	b.B = b.B[:len(b.B)+n]
	return true
}

// fillWaiting is for connections that have to be given a buffer to wait with.
func (ws *webSocket) fillWaiting() error {
	size := idleRead
	if ws.filled {
		size = busyRead
	}
	if ws.buf == nil {
		ws.buf = bufpool.Get(size)
	}
	b := ws.buf
	free := b.B[len(b.B):cap(b.B)]
	n, err := ws.nc.Read(free)
	ws.filled = n == len(free)
	b.B = b.B[:len(b.B)+n]
	if n > 0 {
		return nil // an error will come again
	}
	return err
}

// pong answers a ping, behind what is being written. Only the last of several
// unanswered pings needs an answer (RFC 6455, 5.5.3).
func (ws *webSocket) pong(payload []byte) {
	q := &ws.c.out
	q.mu.Lock()
	if !ws.closeMade {
		q.control = appendPong(q.control[:0], payload)
	}
	q.mu.Unlock()
	ws.c.Flush()
}

// linger lets a close frame reach a client that is still sending: closing a
// socket with unread bytes in it would take the frame back.
func (ws *webSocket) linger() {
	if t, ok := ws.nc.(interface{ CloseWrite() error }); ok {
		_ = t.CloseWrite()
	}
	_ = ws.nc.SetReadDeadline(time.Now().Add(lingerTimeout))
	_, _ = io.Copy(io.Discard, ws.nc)
}
