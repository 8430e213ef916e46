package transports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/coder/websocket"

	"github.com/hubwire/signalr/internal/bufpool"
)

const (
	// busyRead is the size of the buffers that a socket is read into as long as
	// bytes come. They go back to the pool when it is drained.
	busyRead = 16 << 10

	// idleRead is the size where a buffer has to wait with the reader because
	// readiness cannot be waited for (TLS).
	idleRead = 512

	// lingerTimeout is how long a client that was told off gets to read that.
	lingerTimeout = time.Second
)

// run is the reader, the only goroutine of an idle WebSocket. It ends when the
// connection has.
func (ws *webSocket) run() {
	c := ws.c
	c.ep.debug(c, "SocketOpened")
	session := c.connect()
	if early := c.takeEarly(); early != nil {
		session.Receive(early.B)
		bufpool.Put(early)
	}
	err := ws.read()
	ws.deliver() // what came before the end
	cause, fault := ws.close(err)
	c.end(cause)
	c.ep.debug(c, "SocketClosed", slog.Any("error", cause))
	ws.releaseInput()
	c.mu.Lock()
	c.transportOver = true
	c.mu.Unlock()
	session.Ended(fault)
	if errors.Is(fault, ErrProtocol) {
		ws.linger()
	}
	_ = ws.nc.Close()
	_ = ws.lib.CloseNow() // what the library holds; the socket is ours
	c.settle()
}

// read passes messages to the App until the connection ends, and returns why.
func (ws *webSocket) read() error {
	for {
		if len(ws.in) == 0 {
			ws.deliver()
			if err := ws.fill(); err != nil {
				return err
			}
		}
		typ, message, err := ws.lib.Reader(context.Background())
		if err != nil {
			return ws.why(err)
		}
		if err := ws.gather(message, typ == websocket.MessageText); err != nil {
			return err
		}
	}
}

// gather reads one message as it arrives, however long it is.
func (ws *webSocket) gather(message io.Reader, text bool) error {
	for {
		here := ws.br.Buffered() + len(ws.in)
		if here == 0 && ws.left > 0 { // the rest of a frame has not come yet
			ws.deliver()
			if err := ws.fill(); err != nil {
				return err
			}
			continue
		}
		n := min(here, busyRead)
		if ws.gathered == nil {
			ws.gathered = bufpool.Get(n)
		}
		at := len(ws.gathered.B)
		free := ws.gathered.B[at:cap(ws.gathered.B)]
		if len(free) == 0 {
			ws.deliver()
			continue
		}
		k, err := message.Read(free[:max(1, min(len(free), n))])
		if text && !ws.text.write(free[:k]) {
			return ErrInvalidUTF8
		}
		if len(ws.gathered.B) < at { // passed on while the library waited
			copy(ws.gathered.B[:k], free[:k])
		}
		ws.gathered.B = ws.gathered.B[:len(ws.gathered.B)+k]
		switch {
		case errors.Is(err, io.EOF):
			if text && !ws.text.end() {
				return ErrInvalidUTF8
			}
			return nil
		case err != nil:
			return ws.why(err)
		}
	}
}

// why tells an end of the socket from a violation that the library found.
func (ws *webSocket) why(err error) error {
	switch {
	case ws.readErr != nil:
		return ws.readErr
	case websocket.CloseStatus(err) != -1:
		return err
	}
	return fmt.Errorf("%w: %w", ErrProtocol, err)
}

// deliver hands what has been gathered to the App and gives the buffers back.
// That may take as long as the App likes, and holds up the client.
func (ws *webSocket) deliver() {
	if len(ws.in) == 0 {
		ws.releaseStash()
	}
	if ws.gathered == nil {
		return
	}
	ws.passOn()
	bufpool.Put(ws.gathered)
	ws.gathered = nil
}

// passOn is deliver for when the library still has a hand on the buffer: before
// it waits for the network, the App gets what there is.
func (ws *webSocket) passOn() {
	if ws.gathered == nil || len(ws.gathered.B) == 0 {
		return
	}
	if session := ws.c.receiver(); session != nil {
		session.Receive(ws.gathered.B)
	}
	ws.gathered.B = ws.gathered.B[:0]
}

func (ws *webSocket) releaseInput() {
	bufpool.Put(ws.gathered)
	ws.gathered = nil
	ws.releaseStash()
}

func (ws *webSocket) releaseStash() {
	bufpool.Put(ws.stash)
	ws.stash, ws.in = nil, nil
}

// libraryConn is the connection as the library sees it. It reads no further
// than the frame at hand, and a control frame is there as a whole before the
// first byte of it is seen: what the library does with one under a time limit
// never waits. What it writes are close frames only, and those are ours to
// choose, so they are dropped.
type libraryConn struct {
	net.Conn
	ws *webSocket
}

func (l libraryConn) Write(p []byte) (int, error) { return len(p), nil }

// Close does nothing: the socket outlives the library's part in closing it.
func (l libraryConn) Close() error { return nil }

func (l libraryConn) Read(p []byte) (int, error) {
	ws := l.ws
	for ws.left == 0 {
		if ws.left = frameSize(ws.in); ws.left > 0 {
			break
		}
		ws.passOn()
		if err := ws.fill(); err != nil {
			return 0, err
		}
	}
	if len(ws.in) == 0 {
		ws.passOn()
		if err := ws.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, ws.in[:min(int64(len(ws.in)), ws.left)])
	ws.in = ws.in[n:]
	ws.left -= int64(n)
	return n, nil
}

// fill reads from the socket, behind what ws.in still has, and waits until
// there is something. While it waits it holds no buffer, unless part of a frame
// is in it or readiness cannot be waited for.
func (ws *webSocket) fill() error {
	if ws.readErr != nil {
		return ws.readErr
	}
	if len(ws.in) == 0 {
		ws.releaseStash()
	} else {
		b := ws.stash
		b.B = b.B[:copy(b.B, ws.in)]
		ws.stash = b.Grow(busyRead - len(b.B)%busyRead)
		ws.in = ws.stash.B
	}
	if ws.sys == nil {
		ws.readErr = ws.fillWaiting()
	} else if err := ws.sys.Read(ws.onRead); err != nil && ws.readErr == nil {
		ws.readErr = err
	}
	return ws.readErr
}

// onReadable is called when the socket may have bytes; false is called again.
func (ws *webSocket) onReadable(fd uintptr) bool {
	if ws.stash == nil {
		ws.stash = bufpool.Get(busyRead)
	}
	b := ws.stash
	n, again, err := readSocket(fd, b.B[len(b.B):cap(b.B)])
	if again {
		if len(b.B) == 0 {
			ws.releaseStash()
		}
		return false
	}
	ws.readErr = err
	b.B = b.B[:len(b.B)+n]
	ws.in = b.B
	return true
}

// fillWaiting is for connections that have to be given a buffer to wait with.
func (ws *webSocket) fillWaiting() error {
	size := idleRead
	if ws.filled {
		size = busyRead
	}
	if ws.stash == nil {
		ws.stash = bufpool.Get(size)
	}
	b := ws.stash
	free := b.B[len(b.B):min(cap(b.B), len(b.B)+size)]
	n, err := ws.nc.Read(free)
	ws.filled = n == len(free)
	b.B = b.B[:len(b.B)+n]
	ws.in = b.B
	if n > 0 {
		return nil // an error will come again
	}
	return err
}
