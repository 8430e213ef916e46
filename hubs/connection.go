package hubs

import (
	"context"

	"github.com/hubwire/signalr/hubs/protocol"
)

// Connection is one client of a hub, from the handshake to the end. The
// transport feeds it through Receive, Ended and Tick; lifetime managers send
// through TryQueue, Queue and Invoke. All methods but those three are safe for
// concurrent use.
type Connection struct {
	rt         *Runtime
	transport  Conn
	hubContext Context
	items      Items
	userID     string
	hasUserID  bool
	proto      protocol.Protocol
}

// ID is the public connection id.
func (c *Connection) ID() string { return c.transport.ID() }

// UserIdentifier is what the connection's user is addressed by; ok is false if
// it has none.
func (c *Connection) UserIdentifier() (id string, ok bool) { return c.userID, c.hasUserID }

// Protocol is the hub protocol that the client chose.
func (c *Connection) Protocol() protocol.Protocol { return c.proto }

// Context ends with the connection.
func (c *Connection) Context() context.Context { panic("not yet") }

// TryQueue appends a frame, encoded in the connection's protocol, to the
// outbound queue and reports whether there was room. It never blocks; Wake
// sends. On a connection that has ended it drops the frame and returns true.
func (c *Connection) TryQueue(frame []byte) bool { panic("not yet") }

// Queue is TryQueue that waits for room, see [Conn.Queue].
func (c *Connection) Queue(ctx context.Context, frame []byte) error { panic("not yet") }

// Wake has what is queued sent soon.
func (c *Connection) Wake() { panic("not yet") }

// Invoke sends frame, an Invocation with this id, and waits for the client's
// result, which it returns as the client encoded it. The id comes from
// [Env.NextInvocationID]. Errors: [ErrDisconnected], [ErrInvocationCanceled],
// [*Error] with the client's text.
func (c *Connection) Invoke(ctx context.Context, invocationID string, frame []byte) (protocol.Raw, error) {
	panic("not yet")
}

func (c *Connection) end(e ending) { panic("not yet") }

type ending struct{ cause error }
