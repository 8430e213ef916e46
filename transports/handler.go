package transports

import (
	"io"
	"log/slog"
	"net/http"
)

// What clients are told. No text ends in a line feed.
const (
	textNoID            = "Connection ID required"
	textNoConnection    = "No Connection with that ID"
	textCannotChange    = "Cannot change transports mid-connection"
	textUserChanged     = "The user associated with this connection changed."
	textPostOnWebSocket = "POST requests are not allowed for WebSocket connections."
	textCannotDelete    = "Cannot terminate this connection using the DELETE endpoint."
)

const plain = "text/plain"

// retryAfter is how many seconds a refused client is asked to stay away.
const retryAfter = "5"

// ServeHTTP serves the base route of a hub, with all methods: it answers wrong
// ones itself (transports.md, 1). Authentication and authorisation come before
// it; the caller is [auth.FromContext] of the request.
//
// A WebSocket request is answered and the handler returns, and so is that of an
// event stream over HTTP/1.1 unless middleware has wrapped the writer; other
// event streams and polls are served by the handler until they end.
func (ep *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if limit := ep.cfg.MaxQueryLength; limit != NoLimit && len(r.URL.RawQuery) > limit {
		reply(w, http.StatusRequestURITooLong, plain, "")
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodConnect:
		switch {
		case acceptsEventStream(r.Header):
			ep.serveEventStream(w, r)
		case isUpgrade(r):
			ep.serveWebSocket(w, r)
		default:
			ep.serveLongPoll(w, r)
		}
	case http.MethodPost:
		ep.serveSend(w, r)
	case http.MethodDelete:
		ep.serveDelete(w, r)
	default:
		reply(w, http.StatusMethodNotAllowed, plain, "")
	}
}

// reply writes an answer with a Content-Type of exactly that form; "" sends
// none.
func reply(w http.ResponseWriter, status int, contentType, body string) {
	h := w.Header()
	h["Content-Type"] = nil // and no guess
	if contentType != "" {
		h["Content-Type"] = []string{contentType}
	}
	if body == "" && status != http.StatusNoContent {
		h["Content-Length"] = []string{"0"}
	}
	w.WriteHeader(status)
	if body != "" {
		_, _ = io.WriteString(w, body) // the client may be gone
	}
}

func replyUnavailable(w http.ResponseWriter) {
	w.Header()["Retry-After"] = []string{retryAfter}
	reply(w, http.StatusServiceUnavailable, plain, "")
}

// find returns the connection of a token. Longer ones than any we give out are
// not even looked for.
func (ep *Endpoint) find(token string) *Conn {
	if len(token) > maximumIDLength {
		return nil
	}
	return ep.conns.find(token)
}

// lookup finds the connection that a request names, or answers 400 or 404
// (transports.md, 1.1, rows 1 and 2).
func (ep *Endpoint) lookup(w http.ResponseWriter, r *http.Request) *Conn {
	token, _ := QueryValue(r.URL.RawQuery, "id")
	if token == "" {
		reply(w, http.StatusBadRequest, plain, textNoID)
		return nil
	}
	c := ep.find(token)
	if c == nil {
		reply(w, http.StatusNotFound, plain, textNoConnection)
	}
	return c
}

func (ep *Endpoint) refuseTransport(w http.ResponseWriter, c *Conn, t Type) {
	if c != nil {
		ep.debug(c, "TransportNotSupported", slog.String("requested", t.String()))
	}
	reply(w, http.StatusNotFound, plain, t.String()+" transport not supported by this end point type")
}

// choose fixes the connection's transport, or refuses it (rows 3 to 5). The
// first request that gets past row 3 fixes it, even if it fails later.
func (ep *Endpoint) choose(w http.ResponseWriter, c *Conn, t Type) bool {
	if ep.cfg.Transports&t == 0 {
		ep.refuseTransport(w, c, t)
		return false
	}
	c.mu.Lock()
	before := c.transport
	if before == 0 {
		c.transport = t
	}
	c.mu.Unlock()
	switch {
	case before == 0:
		return true
	case before != t:
		ep.debug(c, "CannotChangeTransport", slog.String("requested", t.String()))
		reply(w, http.StatusBadRequest, plain, textCannotChange)
		return false
	case t != LongPolling: // the client is not expected to come back
		ep.debug(c, "ConnectionAlreadyActive")
		reply(w, http.StatusConflict, plain, "")
		return false
	}
	return true
}

// attach makes c Active for a request of a transport that has one request only,
// or answers why not (rows 3 to 10).
func (ep *Endpoint) attach(w http.ResponseWriter, _ *http.Request, c *Conn, t Type) bool {
	if !ep.choose(w, c, t) {
		return false
	}
	c.mu.Lock()
	state := c.state
	if state == Inactive {
		c.state, c.claimed, c.attached = Active, true, true
	}
	c.mu.Unlock()
	return ep.activated(w, c, state)
}

// activated answers the request that found the connection in a state other than
// Inactive (rows 9 and 10).
func (ep *Endpoint) activated(w http.ResponseWriter, c *Conn, before State) bool {
	switch before {
	case Inactive:
		ep.debug(c, "EstablishedConnection")
		return true
	case Active:
		ep.debug(c, "ConnectionAlreadyActive")
		reply(w, http.StatusConflict, plain, "")
	case Disposed:
		ep.debug(c, "ConnectionDisposed")
		reply(w, http.StatusNotFound, plain, "")
	}
	return false
}
