package hubs

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
)

// memoryLifetime is the lifetime manager of one process. What it costs: a
// connection comes and goes, joins and leaves, in the same time however many
// there are; a send costs its receivers, and one lookup for each name that it
// is for.
type memoryLifetime struct {
	env    Env
	seed   maphash.Seed
	shards [tableShards]connShard
	groups *setTable
	users  *setTable
}

// connShard holds the connections whose id falls on it.
type connShard struct {
	mu   sync.Mutex
	byID map[string]*member // guarded by mu
	all  connSet            // guarded by mu; the same connections, to walk
	_    [24]byte           // a line of the cache for each lock
}

// member is a connection as its lifetime manager sees it.
type member struct {
	conn *Connection
	user string // empty: of no user

	mu     sync.Mutex
	groups map[string]struct{} // guarded by mu; nil until the first join
	gone   bool                // guarded by mu; disconnected, joins nothing any more
}

// NewMemoryLifetime returns the lifetime manager of a hub that runs in one
// process: what it sends reaches the connections of this process.
func NewMemoryLifetime(env Env) LifetimeManager {
	m := &memoryLifetime{
		env:    env,
		seed:   maphash.MakeSeed(),
		groups: newSetTable(),
		users:  newSetTable(),
	}
	for i := range m.shards {
		m.shards[i].byID = make(map[string]*member)
	}
	return m
}

func (m *memoryLifetime) shard(connectionID string) *connShard {
	return &m.shards[shardOf(m.seed, connectionID)]
}

// find returns the member of that id, or nil.
func (m *memoryLifetime) find(connectionID string) *member {
	shard := m.shard(connectionID)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return shard.byID[connectionID]
}

func (m *memoryLifetime) Connect(_ context.Context, c *Connection) error {
	id := c.ID()
	user, _ := c.UserIdentifier()
	shard := m.shard(id)
	shard.mu.Lock()
	if _, taken := shard.byID[id]; taken {
		shard.mu.Unlock()
		return fmt.Errorf("hubs: connection id %q is in use", id)
	}
	shard.byID[id] = &member{conn: c, user: user}
	shard.all.add(c)
	shard.mu.Unlock()

	if user != "" {
		m.users.add(user, c)
	}
	return nil
}

func (m *memoryLifetime) Disconnect(_ context.Context, c *Connection) {
	id := c.ID()
	shard := m.shard(id)
	shard.mu.Lock()
	gone := shard.byID[id]
	if gone == nil || gone.conn != c {
		shard.mu.Unlock()
		return
	}
	delete(shard.byID, id)
	shard.all.remove(c)
	shard.mu.Unlock()

	if gone.user != "" {
		m.users.remove(gone.user, c)
	}
	// Who found the member before it was deleted may be about to join: either
	// that join is seen here, or it sees that the member is gone.
	gone.mu.Lock()
	gone.gone = true
	groups := gone.groups
	gone.groups = nil
	gone.mu.Unlock()
	for group := range groups {
		m.groups.remove(group, c)
	}
}

func (m *memoryLifetime) AddToGroup(_ context.Context, connectionID, group string) error {
	joining := m.find(connectionID)
	if joining == nil {
		return nil
	}
	// Held until the table has it, so that joins and leaves of one connection
	// are in the table what they are in its list.
	joining.mu.Lock()
	defer joining.mu.Unlock()
	if _, in := joining.groups[group]; in || joining.gone {
		return nil
	}
	if joining.groups == nil {
		joining.groups = make(map[string]struct{})
	}
	joining.groups[group] = struct{}{}
	m.groups.add(group, joining.conn)
	return nil
}

func (m *memoryLifetime) RemoveFromGroup(_ context.Context, connectionID, group string) error {
	leaving := m.find(connectionID)
	if leaving == nil {
		return nil
	}
	leaving.mu.Lock()
	defer leaving.mu.Unlock()
	if _, in := leaving.groups[group]; !in {
		return nil
	}
	delete(leaving.groups, group)
	m.groups.remove(group, leaving.conn)
	return nil
}
