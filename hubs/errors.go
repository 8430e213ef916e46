package hubs

import (
	"errors"
	"fmt"
)

// Error is an error whose text always reaches the client, in contrast to every
// other error of a hub method, of which the client learns only that it
// happened. ASP.NET Core calls it HubException. It is also what a hub gets
// when a client answers with an error. An error that wraps an Error counts as
// one: the client gets the text of the Error alone.
type Error struct {
	Text string // for the client
	Err  error  // the cause, for the log; may be nil
}

// Error returns the text.
func (e *Error) Error() string {
	if e == nil {
		return "<nil>"
	}
	return e.Text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// Errorf returns an [*Error] with the text that [fmt.Errorf] would make of the
// arguments; %w sets the cause. Mind that the text of a wrapped error becomes
// part of the text for the client.
func Errorf(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	text := err.Error()
	if errors.Unwrap(err) == nil {
		if _, several := err.(interface{ Unwrap() []error }); !several {
			return &Error{Text: text}
		}
	}
	return &Error{Text: text, Err: err}
}

// What [SingleProxy.Invoke] and sends fail with; test with [errors.Is].
var (
	// ErrNoConnection: there is no connection of this id.
	ErrNoConnection = errors.New("hubs: no such connection")

	// ErrDisconnected: the connection ended before the client answered.
	ErrDisconnected = errors.New("hubs: connection ended")

	// ErrInvocationCanceled: the ctx of the call ended before the client
	// answered. The error is also an [*Error], and wraps the cause of ctx.
	ErrInvocationCanceled = errors.New("hubs: invocation canceled")

	// ErrResultsNotAllowed: a hub asked for a client's result in OnConnected,
	// where no answer can be read yet.
	ErrResultsNotAllowed error = &fault{
		kind: kindInvalidOperation,
		text: "Client results inside OnConnectedAsync Hub methods are not allowed.",
	}

	// ErrEmptyGroup: one of the names given to [Clients.Groups] is empty.
	ErrEmptyGroup error = &fault{kind: kindInvalidOperation, text: "Cannot send to an empty group name."}
)

// Why a connection ended: the cause of the ctx of its calls and of
// [Context.ConnectionAborted], to be tested with [errors.Is]. Those marked
// "fault" are also what OnDisconnected gets; after the others it gets nil.
var (
	// ErrConnectionClosed: the client left, or the network was lost. The cause
	// wraps what the transport knows of it, such as a send timeout.
	ErrConnectionClosed = errors.New("hubs: the client closed the connection")

	// ErrAborted: [Context.Abort] was called.
	ErrAborted = errors.New("hubs: the hub aborted the connection")

	// ErrDisconnectRequested: [HubContext.Disconnect] or
	// [HubContext.DisconnectUser] was called.
	ErrDisconnectRequested = errors.New("hubs: the program disconnected the connection")

	// ErrServerShutdown: the server shuts down.
	ErrServerShutdown = errors.New("hubs: the server shuts down")

	// ErrAuthenticationExpired: the user's credentials have ended, and the hub
	// wants no connections without (CloseOnAuthenticationExpiration).
	ErrAuthenticationExpired = errors.New("hubs: the user's credentials have expired")

	// ErrCloseRequested: the host asked for the connection to be closed.
	ErrCloseRequested = errors.New("hubs: the host closed the connection")

	// ErrHandshake: the handshake failed; no hub ever saw the connection.
	ErrHandshake = errors.New("hubs: the handshake failed")

	// ErrClientTimeout: the client sent nothing for ClientTimeoutInterval. Fault.
	ErrClientTimeout error = &fault{
		kind: kindCanceled,
		text: "Client hasn't sent a message/ping within the configured ClientTimeoutInterval.",
	}

	// ErrMessageTooBig: the client sent a message over the limit
	// MaximumReceiveMessageSize. Fault.
	ErrMessageTooBig = errors.New("hubs: message over the receive limit")

	// ErrIncompleteMessage: the connection ended within a message. Fault.
	ErrIncompleteMessage error = &fault{
		kind: kindInvalidData,
		text: "Connection terminated while reading a message.",
	}

	// ErrSequence: the client says that it has sent more than has come (stateful
	// reconnect). Fault.
	ErrSequence = errors.New("hubs: sequence ahead of what was received")

	// ErrNotAcknowledged: the client acknowledged nothing for
	// ClientTimeoutInterval while senders waited for room (stateful reconnect).
	// Fault.
	ErrNotAcknowledged = errors.New("hubs: the client acknowledges nothing")

	// ErrForeignResult: the client answered a question that another connection
	// was asked. Fault.
	ErrForeignResult = errors.New("hubs: result from the wrong connection")
)

// ErrCallCanceled is the cause of a call's ctx that the client canceled.
var ErrCallCanceled = errors.New("hubs: the client canceled the invocation")

// ErrCallEnded is the cause of a call's ctx once the call is over.
var ErrCallEnded = errors.New("hubs: the invocation has ended")

// NoConnectionError returns what [LifetimeManager.Invoke] returns when there is
// no connection of this id. It is [ErrNoConnection].
func NoConnectionError(connectionID string) error {
	return &fault{
		kind: kindIO,
		text: "Connection '" + connectionID + "' does not exist.",
		is:   ErrNoConnection,
	}
}

// DisconnectedError returns what [LifetimeManager.Invoke] returns when the
// connection ends before the client answers. It is [ErrDisconnected].
func DisconnectedError(connectionID string) error {
	return &fault{
		kind: kindIO,
		text: "Connection '" + connectionID + "' disconnected.",
		is:   ErrDisconnected,
	}
}

// CanceledError returns what [LifetimeManager.Invoke] returns when its ctx ends
// before the client answers. It is [ErrInvocationCanceled], and wraps cause.
func CanceledError(cause error) error {
	return &Error{
		Text: "Invocation canceled by the server.",
		Err:  errors.Join(ErrInvocationCanceled, cause),
	}
}

// The names of .NET's exceptions that clients know from detailed errors.
const (
	kindHub              = "HubException"
	kindInvalidData      = "InvalidDataException"
	kindInvalidOperation = "InvalidOperationException"
	kindCanceled         = "OperationCanceledException"
	kindIO               = "IOException"
)

// fault is an error of the runtime itself under the name and text that the
// reference implementation gives it.
type fault struct {
	kind string
	text string
	is   error // the sentinel it stands for; may be nil
}

func (f *fault) Error() string { return f.text }
func (f *fault) Unwrap() error { return f.is }
