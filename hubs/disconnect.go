package hubs

import (
	"context"
	"slices"
)

// Disconnector is a [LifetimeManager] that also ends connections of other
// nodes, as a backplane may. Without it [HubContext.Disconnect] and
// [HubContext.DisconnectUser] reach those of this process.
type Disconnector interface {
	// DisconnectOthers is told which connections, by TargetConnections or
	// TargetUsers, are to end on all other nodes, each by
	// [Connection.Disconnect]; the runtime does so on this one. It must not
	// wait for their ends.
	DisconnectOthers(ctx context.Context, to Target) error
}

// Disconnect ends a connection: its client gets a Close message without an
// error, and must not reconnect by itself. Nothing happens if there is no such
// connection. It does not wait for the end. An error means that other nodes
// could not be told.
func (h *HubContext[K]) Disconnect(ctx context.Context, connectionID string) error {
	return h.rt.disconnectAll(ctx, Target{Kind: TargetConnections, IDs: []string{connectionID}})
}

// DisconnectUser is [HubContext.Disconnect] for all connections of a user, by
// the user identifier: what signing out calls. It does not keep the user from
// connecting anew; that is for whoever accepts the credentials.
func (h *HubContext[K]) DisconnectUser(ctx context.Context, user string) error {
	if user == "" {
		return nil // of no user, not everybody's who has none
	}
	return h.rt.disconnectAll(ctx, Target{Kind: TargetUsers, IDs: []string{user}})
}

// Disconnect ends the connection: its client gets a Close message without an
// error and must not reconnect; OnDisconnected gets nil. It does not block.
// [Connection.Close] lets the client come back.
func (c *Connection) Disconnect() { c.end(ending{cause: ErrDisconnectRequested}) }

// disconnectAll ends the connections of a target, here and elsewhere. It looks
// at every connection, so that also those are found that the lifetime manager
// is about to learn of.
func (r *Runtime) disconnectAll(ctx context.Context, to Target) error {
	r.mu.Lock()
	live := r.conns.all()
	r.mu.Unlock()
	for _, c := range live {
		if c.isOf(to) {
			c.Disconnect()
		}
	}
	if others, ok := r.lifetime.(Disconnector); ok {
		return others.DisconnectOthers(ctx, to)
	}
	return nil
}

// isOf reports whether the connection belongs to a target of connections or
// users. Before the handshake it is of no user.
func (c *Connection) isOf(to Target) bool {
	if to.Kind == TargetConnections {
		return slices.Contains(to.IDs, c.ID())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hasUserID && slices.Contains(to.IDs, c.userID)
}
