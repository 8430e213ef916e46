package hubs

import (
	"context"
	"net/http"
	"time"

	"github.com/hubwire/signalr/auth"
)

// Conn is one logical connection to a client as the runtime needs it: bytes
// in both directions, whatever carries them. The transports' connection fits;
// tests bring their own.
//
// Bytes from the client arrive through [Connection.Receive]. All methods are
// safe for concurrent use.
type Conn interface {
	// ID is the public connection id.
	ID() string

	// User is the principal of the request that opened the connection; nil is
	// the anonymous user.
	User() *auth.Principal

	// AuthExpiry is when the user's credentials end, as the newest request of
	// the connection showed them. The zero time is never.
	AuthExpiry() time.Time

	// Request is a copy of the request that opened the connection, safe to
	// read for the connection's whole life. Its body is empty and its context
	// has the values of the original but never ends.
	Request() *http.Request

	// Transport is the name of the transport in use: "WebSockets",
	// "ServerSentEvents" or "LongPolling".
	Transport() string

	// SupportsBinary reports whether the transport carries binary messages.
	SupportsBinary() bool

	// SetBinary makes what is queued from now on go out as binary messages.
	SetBinary()

	// InherentKeepAlive reports whether the transport needs no pings.
	InherentKeepAlive() bool

	// Context ends when the transport is gone for good or Abort was called,
	// with the reason as its cause.
	Context() context.Context

	// TryQueue appends p to the outbound queue and reports whether there was
	// room. It never blocks and starts no write; Wake or Flush does. p is
	// copied. On a connection that has ended it drops p and returns true.
	TryQueue(p []byte) bool

	// Queue is TryQueue that waits for room: as long as the client still takes
	// bytes, ctx lives and the transport's send timeout has not passed. A client
	// that takes no byte for about a second while Queue waits is cut off. It
	// returns ctx's cause if ctx ended first, nil otherwise: what a connection
	// that has ended would have got is dropped.
	Queue(ctx context.Context, p []byte) error

	// Wake has what is queued written soon, by another goroutine.
	Wake()

	// Flush writes what is queued on the calling goroutine, unless another is
	// writing already. It may block as long as a write may.
	Flush()

	// Finish says that the hub side has ended. What is queued is still
	// written, then the transport is closed in good order. Called once, last.
	Finish()

	// Abort ends the connection at once; what is queued is lost.
	Abort(cause error)
}

// StatefulConn is a [Conn] whose client may lose its socket and come back with
// another (stateful reconnect). The transport then calls
// [Connection.Disconnected] and [Connection.Reconnected].
type StatefulConn interface {
	Conn

	// StatefulReconnect reports whether the client may come back.
	StatefulReconnect() bool

	// DisableReconnect makes the next loss of the socket an end. It does not
	// block.
	DisableReconnect()

	// DropSocket closes the socket as if the network had failed. It reports
	// false, and does nothing, if the client may not come back.
	DropSocket() bool
}

func disableReconnect(t Conn) {
	if t, ok := t.(StatefulConn); ok {
		t.DisableReconnect()
	}
}

func dropSocket(t Conn) {
	if t, ok := t.(StatefulConn); ok {
		t.DropSocket()
	}
}
