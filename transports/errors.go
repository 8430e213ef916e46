package transports

import (
	"errors"
	"fmt"
)

// Why a connection was refused or has ended. The latter are what
// context.Cause of [Conn.Context] is or wraps, unless Abort was called with a
// cause of the App's own.
var (
	// ErrShuttingDown refuses new connections, and ends those that are left
	// when a shutdown has waited long enough.
	ErrShuttingDown = errors.New("transports: shutting down")

	// ErrTooManyConnections refuses to negotiate while too many negotiated
	// connections are unused.
	ErrTooManyConnections = errors.New("transports: too many unused connections")

	// ErrClosedByClient ends a connection that its client has closed.
	ErrClosedByClient = errors.New("transports: closed by the client")

	// ErrConnectionLost ends a connection whose network connection has broken.
	ErrConnectionLost = errors.New("transports: connection lost")

	// ErrFinished ends a connection that the App has finished with.
	ErrFinished = errors.New("transports: finished")

	// ErrDisconnectTimeout ends a connection that was without a transport for
	// too long.
	ErrDisconnectTimeout = errors.New("transports: no transport within the disconnect timeout")

	// ErrRefreshRejected ends a connection whose user showed new credentials
	// that the program did not accept.
	ErrRefreshRejected = errors.New("transports: new credentials rejected")

	// ErrSendTimeout cuts off a client to which a write took too long.
	ErrSendTimeout = errors.New("transports: send timed out")

	// ErrSlowReceiver cuts off a client that took no byte while a sender was
	// waiting for room in its queue.
	ErrSlowReceiver = errors.New("transports: receiver takes nothing")

	// ErrProtocol ends a connection whose client broke the rules of the
	// WebSocket protocol.
	ErrProtocol = errors.New("transports: websocket protocol violated")

	// ErrInvalidUTF8 is the ErrProtocol of a text message that is no UTF-8.
	ErrInvalidUTF8 = fmt.Errorf("%w: text message is not UTF-8", ErrProtocol)
)
