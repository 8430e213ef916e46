package redis

import "errors"

// What calls fail with; test with [errors.Is].
var (
	// ErrUnavailable: Redis is down, or did not answer in time. In the second
	// case what was sent may still arrive once Redis goes on.
	ErrUnavailable = errors.New("redis: the backplane is unavailable")

	// ErrAckTimeout: the node that has the connection did not confirm that it
	// changed its groups. It may have, or may still do.
	ErrAckTimeout = errors.New("redis: no other node confirmed the change of the group")

	// ErrResultTimeout: another node's client did not answer in time. The error
	// is also [hubs.ErrInvocationCanceled].
	ErrResultTimeout = errors.New("redis: no answer from the client of another node")

	// ErrClosed: the backplane was closed.
	ErrClosed = errors.New("redis: the backplane is closed")
)

// errGone is why a question cannot be asked. Other nodes get textDisconnected.
var errGone = errors.New("redis: the connection has gone")
