package transports

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/hubwire/signalr/internal/bufpool"
)

// sendChunk is how much of a POST is read at a time.
const sendChunk = 4 << 10

// serveSend serves POST: bytes for the App, on all transports that have no way
// in of their own (transports.md, 7). It is answered when they are buffered, not
// when the App has seen them. POSTs of one connection are taken one after the
// other, and none is refused for that.
func (ep *Endpoint) serveSend(w http.ResponseWriter, r *http.Request) {
	c := ep.lookup(w, r)
	if c == nil {
		return
	}
	p := c.getPull()
	if p == nil {
		ep.debug(c, "PostNotAllowedForWebSockets")
		reply(w, http.StatusMethodNotAllowed, plain, textPostOnWebSocket)
		return
	}
	if !c.sameUser(r) {
		ep.refuseUser(w, c)
		return
	}
	err := p.in.receive(w, r)
	if p.in.hasEnded() {
		// breakOff may have set a deadline, and net/http may have met it while it
		// waits for the next request: that must not come on this connection.
		w.Header()["Connection"] = []string{"close"}
	}
	switch {
	case err == nil:
		reply(w, http.StatusOK, plain, "")
	case errors.Is(err, errInboxEnded):
		ep.debug(c, "ConnectionDisposedWhileWriteInProgress")
		reply(w, http.StatusNotFound, plain, "")
	default:
		ep.debug(c, "FailedToReadHttpRequestBody", slog.Any("error", err))
		reply(w, http.StatusBadRequest, plain, "")
	}
}

var errInboxEnded = errors.New("transports: connection disposed")

// receive copies a request's body into the inbox, as far as there is room for
// it.
func (b *inbox) receive(w http.ResponseWriter, r *http.Request) error {
	if !b.lock(r.Context()) {
		return b.endedOr(r.Context())
	}
	defer b.unlock()
	b.reading(w)
	defer b.reading(nil)
	chunk := bufpool.Get(sendChunk)
	defer bufpool.Put(chunk)
	for ended := false; !ended; {
		n, err := r.Body.Read(chunk.B[:sendChunk])
		if ended = errors.Is(err, io.EOF); ended {
			b.reading(nil)
		}
		full, ok := b.add(chunk.B[:n])
		switch {
		case !ok:
			return errInboxEnded
		case err != nil && !ended:
			return err
		case !full:
			continue
		}
		withoutDeadlines(http.NewResponseController(w)) // it is the server that takes its time
		if !b.awaitRoom(r.Context()) {
			return b.endedOr(r.Context())
		}
	}
	return nil
}

// endedOr says why a wait has ended without success.
func (b *inbox) endedOr(ctx context.Context) error {
	select {
	case <-b.gone:
		return errInboxEnded
	default:
		return context.Cause(ctx)
	}
}

// refuseUser answers a request that comes from another user than the
// connection's (transports.md, 8.3).
func (ep *Endpoint) refuseUser(w http.ResponseWriter, c *Conn) {
	ep.log.LogAttrs(context.Background(), slog.LevelWarn, "UserNameChangedRejected",
		slog.String("connection_id", c.id), slog.String("transport", c.Transport()))
	reply(w, http.StatusForbidden, plain, textUserChanged)
}

// serveDelete serves DELETE, with which a client ends its long polling
// (transports.md, 6.4).
func (ep *Endpoint) serveDelete(w http.ResponseWriter, r *http.Request) {
	c := ep.lookup(w, r)
	if c == nil {
		return
	}
	if c.TransportType() != LongPolling {
		ep.debug(c, "ReceivedDeleteRequestForUnsupportedTransport")
		reply(w, http.StatusBadRequest, plain, textCannotDelete)
		return
	}
	if !c.sameUser(r) {
		ep.refuseUser(w, c)
		return
	}
	ep.debug(c, "TerminatingConnection")
	c.terminate()
	reply(w, http.StatusAccepted, plain, "")
}

// terminate ends a connection because its client says so. A poll that waits
// still gets the App's last words; without one they are lost.
func (c *Conn) terminate() {
	if !c.dispose(ErrClosedByClient) {
		return
	}
	c.mu.Lock()
	waits := c.attached
	c.mu.Unlock()
	if !waits {
		c.closeOut()
	}
	c.endPull(true)
}
