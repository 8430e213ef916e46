package transports

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/hubwire/signalr/internal/bufpool"
)

// Resumer is a [Session] that goes on when its WebSocket is lost and the client
// comes back with another (stateful reconnect). What was queued and had not
// reached the client is dropped, as is the rest of a message that had not come
// as a whole: both sides of the App's protocol have to send again what the
// other has not got.
type Resumer interface {
	// Disconnected says that the socket is gone, or about to be: a call of
	// Receive that waits should return. It may come more than once for one
	// socket, and while Receive runs. It must not block.
	Disconnected()

	// Reconnected is called when a new socket is there, after the last Receive
	// of the old one and before the first of its own. What is queued from now
	// on goes out on the new socket. It must not block.
	Reconnected()

	// Leaving is called when the client has ended the connection for good and
	// in good order: nothing will reach it any more. It returns when all that
	// was received has been dealt with as far as Receive would have; Ended
	// follows.
	Leaving()
}

// resumption is what a connection has whose client may come back with a new
// WebSocket (transports.md, 4.6). A newcomer takes over at once: it makes itself
// the latest, closes the socket before it, whatever state that is in, and goes
// on when that one's reader has ended. So there are never two readers, and only
// the last socket's end can be an end of the connection.
type resumption struct {
	on     bool       // guarded by Conn.mu; the client may come back
	latest *webSocket // guarded by Conn.mu
}

// resumes reports whether the client asked for a connection that it can come
// back to, and had it once.
func (c *Conn) resumes() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resume != nil && c.claimed && c.transport == WebSockets
}

// takeOver serves the request for another WebSocket under a connection that
// had one.
func (ep *Endpoint) takeOver(w http.ResponseWriter, r *http.Request, c *Conn) {
	if !c.sameUser(r) { // before the running socket is disturbed
		ep.refuseUser(w, c)
		return
	}
	if !ep.refreshByPoll(w, r, c) {
		return
	}
	c.mu.Lock()
	state, on := c.state, c.resume.on && c.resume.latest != nil && !c.finished
	c.mu.Unlock()
	switch {
	case state == Disposed:
		ep.activated(w, c, Disposed)
		return
	case !on:
		ep.activated(w, c, Active)
		return
	}
	c.bind(r)
	ws, err := c.upgrade(w, r)
	if err != nil {
		ep.log.LogAttrs(r.Context(), slog.LevelError, "UpgradeFailed",
			slog.String("connection_id", c.id), slog.String("transport", "WebSockets"), slog.Any("error", err))
		return // the one before goes on
	}
	c.succeed(ws)
}

// succeed makes ws the latest socket and ends the one before.
func (c *Conn) succeed(ws *webSocket) {
	c.mu.Lock()
	if c.cause != nil || !c.resume.on || c.finished {
		c.mu.Unlock()
		ws.kill()
		ws.release()
		return
	}
	before := c.resume.latest
	c.resume.latest = ws
	c.state, c.attached = Active, true
	session := c.session
	c.mu.Unlock()
	if app, ok := session.(Resumer); ok {
		app.Disconnected()
	}
	before.kill()
	run := func() { ws.resume(before) }
	if !c.ep.engine.spawn(run) {
		c.dispose(ErrShuttingDown)
		run()
	}
}

// resume carries the connection on when the socket before is through.
func (ws *webSocket) resume(before *webSocket) {
	<-before.done
	session, ok := ws.install()
	if !ok {
		ws.kill()
		ws.release()
		close(ws.done)
		ws.c.endDetached()
		return
	}
	ws.c.ep.debug(ws.c, "ResumingConnection")
	if app, ok := session.(Resumer); ok {
		app.Reconnected()
	}
	ws.carry(session)
}

// install makes ws what the connection writes to. It fails if the connection has
// come to its end meanwhile, or another socket has come.
func (ws *webSocket) install() (Session, bool) {
	c := ws.c
	c.mu.Lock()
	if c.resume.latest != ws {
		c.mu.Unlock()
		return nil, false
	}
	if c.cause != nil || c.finished || !c.resume.on {
		c.attached = false
		c.mu.Unlock()
		c.dispose(ErrConnectionLost)
		c.closeOut()
		return nil, false
	}
	session := c.session
	c.out.mu.Lock()
	c.ws.Store(ws)
	c.out.away = false
	c.out.mu.Unlock()
	c.mu.Unlock()
	return session, true
}

// suspend is called by the reader at its end, which err says. It reports whether
// the connection goes on without this socket, and then has done all there is to
// do.
func (ws *webSocket) suspend(err error) bool {
	c := ws.c
	if c.resume == nil {
		return false
	}
	lost := !errors.Is(err, ErrClosedByClient) && !errors.Is(err, ErrProtocol)
	c.mu.Lock()
	superseded := c.resume.latest != ws
	stays := superseded || lost && c.cause == nil && c.resume.on && !c.finished
	if !stays {
		c.resume.on = false
	}
	session := c.session
	c.mu.Unlock()
	app, _ := session.(Resumer)
	if !stays {
		if app != nil && errors.Is(err, ErrClosedByClient) {
			app.Leaving()
		}
		return false
	}
	ws.kill()
	c.out.setAside()
	if app != nil {
		app.Disconnected()
	}
	c.ep.debug(c, "SocketLost", slog.Any("error", err), slog.Bool("superseded", superseded))
	c.detach(ws)
	close(ws.done)
	c.endDetached()
	return true
}

// detach makes the connection Inactive, unless another socket has come. It ends
// it if it must not wait for one.
func (c *Conn) detach(ws *webSocket) {
	c.mu.Lock()
	if c.resume.latest != ws {
		c.mu.Unlock()
		return
	}
	c.attached = false
	waits := c.resume.on && !c.finished
	if waits && c.cause == nil {
		c.state = Inactive
		c.lastSeen = c.ep.engine.now()
	}
	c.mu.Unlock()
	if !waits {
		c.end(ErrConnectionLost)
	}
}

// endDetached tells the App of the end of a connection that is Disposed and has
// no socket whose reader would.
func (c *Conn) endDetached() {
	c.mu.Lock()
	mine := c.cause != nil && c.connected && !c.attached && !c.transportOver
	if mine {
		c.transportOver = true
	}
	session := c.session
	c.mu.Unlock()
	if !mine {
		c.settle()
		return
	}
	end := func() {
		session.Ended(nil)
		c.settle()
	}
	if !c.ep.engine.spawn(end) { // which ends with OnDisconnected
		end()
	}
}

// DisableReconnect makes the next loss of the WebSocket an end: the client
// cannot come back to this connection any more. One that is away already has
// ended with that.
func (c *Conn) DisableReconnect() {
	c.mu.Lock()
	if c.resume == nil || !c.resume.on {
		c.mu.Unlock()
		return
	}
	c.resume.on = false
	away := c.state == Inactive && c.claimed
	c.mu.Unlock()
	c.out.mu.Lock()
	c.out.resumable = false
	c.out.mu.Unlock()
	if away {
		c.end(ErrConnectionLost)
		c.endDetached()
	}
}

// DropSocket closes the WebSocket of a connection whose client can come back
// with another, as if the network had failed. It reports false, and does
// nothing, if the client cannot.
func (c *Conn) DropSocket() bool {
	c.mu.Lock()
	ws := c.droppable()
	c.mu.Unlock()
	if ws == nil {
		return false
	}
	ws.kill() // its reader does the rest
	return true
}

// droppable returns the socket that the connection can do without. mu is held.
func (c *Conn) droppable() *webSocket {
	if c.resume == nil || !c.resume.on || c.state != Active || c.cause != nil || c.finished {
		return nil
	}
	return c.resume.latest
}

// socket returns the newest socket, nil if there is none. mu is held.
func (c *Conn) socket() *webSocket {
	if c.resume != nil && c.resume.latest != nil {
		return c.resume.latest
	}
	return c.ws.Load()
}

// release gives the reader's buffer back.
func (ws *webSocket) release() {
	bufpool.Put(ws.buf)
	ws.buf = nil
}
