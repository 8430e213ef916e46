package hubs

import (
	"context"
	"log/slog"

	"github.com/hubwire/signalr/hubs/protocol"
)

// LifetimeManager knows which connections, groups and users there are and
// brings messages to them: the in-memory one those of this process, a
// backplane those of a whole fleet. There is one for each hub. The package
// lifetimetest holds the suite that every implementation must pass.
//
// All methods are safe for concurrent use. Messages that one goroutine sends
// reach each connection in the order sent.
//
// A manager that is an [io.Closer] is closed when the hub has been shut down;
// one that is a [Readier] can refuse clients.
type LifetimeManager interface {
	// Connect adds a connection; from then on it is reached by all targets.
	// It is called before the hub's OnConnected.
	Connect(ctx context.Context, c *Connection) error

	// Disconnect removes a connection from everything, its groups included.
	// Called once for each connection for which Connect was called.
	Disconnect(ctx context.Context, c *Connection)

	// Send calls a client method on every connection of the target. It first
	// queues to every receiver that has room, then waits for the others as
	// [Conn.Queue] says. A target that nobody belongs to is no error; a message
	// that cannot be encoded is, and then nobody got it.
	Send(ctx context.Context, to Target, method string, args []any) error

	// Invoke calls a client method on one connection and waits for its
	// result, which decode stores. Errors: [ErrNoConnection],
	// [ErrDisconnected], [ErrInvocationCanceled], [*Error] with the client's text.
	Invoke(ctx context.Context, connectionID, method string, args []any, decode ResultDecoder) error

	// AddToGroup and RemoveFromGroup change a connection's membership. Doing
	// it twice, or for a connection that does not exist, is no error.
	AddToGroup(ctx context.Context, connectionID, group string) error
	RemoveFromGroup(ctx context.Context, connectionID, group string) error
}

// Readier is a [LifetimeManager] that is not always able to take connections,
// such as one whose backplane is down and that is told to wait for it. While
// Ready returns an error, negotiation is refused.
type Readier interface{ Ready() error }

// Env is what a hub gives its [LifetimeManager].
type Env struct {
	// Hub is the hub's name: what keeps hubs apart on a backplane, and a key in
	// logs.
	Hub string

	// Protocols are those that connections of the hub may speak, in the order
	// of the hub's own list if it has one.
	Protocols []protocol.Protocol

	// Logger is never nil.
	Logger *slog.Logger

	// NextInvocationID returns a new id for [Connection.Invoke]: "s1", "s2" and
	// so on, unique for the hub in this process. Safe for concurrent use.
	NextInvocationID func() string
}

// ResultDecoder stores a client's result, encoded in the protocol given.
type ResultDecoder func(p protocol.Protocol, result protocol.Raw) error

// TargetKind says how a [Target] chooses its connections.
type TargetKind uint8

// The kinds of targets.
const (
	TargetAll         TargetKind = iota // every connection of the hub
	TargetConnections                   // those in IDs, each once
	TargetGroups                        // members of the groups in IDs; of two groups, twice
	TargetUsers                         // connections of the users in IDs, each once
)

// Target is a set of connections to send to.
type Target struct {
	Kind   TargetKind
	IDs    []string // connection ids, group names or user identifiers
	Except []string // connection ids that are left out; All and Groups only
}
