package hubs

import "context"

// Groups changes which connections are in which groups. Names are compared
// exactly. A group exists as long as it has members, a membership as long as
// its connection. Safe for concurrent use.
type Groups struct {
	rt *Runtime // set before start
}

// Add puts a connection into a group. If it is a member already, or there is
// no such connection, nothing happens.
func (g *Groups) Add(ctx context.Context, connectionID, group string) error {
	return g.rt.lifetime.AddToGroup(ctx, connectionID, group)
}

// Remove takes a connection out of a group. If it is no member, or there is no
// such connection, nothing happens.
func (g *Groups) Remove(ctx context.Context, connectionID, group string) error {
	return g.rt.lifetime.RemoveFromGroup(ctx, connectionID, group)
}
