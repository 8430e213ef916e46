package hubs

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
)

// memoryLifetime is the lifetime manager of one process.
type memoryLifetime struct {
	env    Env
	groups *setTable
	users  *setTable

	seed   maphash.Seed
	shards [tableShards]struct {
		mu   sync.Mutex
		byID map[string]*member // guarded by mu
		_    [48]byte           // a cache line each
	}

	mu  sync.Mutex
	all connSet // guarded by mu; every connection, to walk
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
//
// Connections come and go, join groups and leave them, in the same time
// however many there are; a connection that goes leaves each of its groups. A
// send costs its receivers, one lookup for each name that it is for or leaves
// out, and, if members have come or gone since the last send to the same
// group, one more step for every 256 members. It allocates nothing for a
// receiver and starts no goroutine, unless several receivers have no room.
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

// find returns the member of that id, or nil.
func (m *memoryLifetime) find(connectionID string) *member {
	shard := &m.shards[shardOf(m.seed, connectionID)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return shard.byID[connectionID]
}

func (m *memoryLifetime) Connect(_ context.Context, c *Connection) error {
	user, _ := c.UserIdentifier()
	if !m.register(&member{conn: c, user: user}) {
		return fmt.Errorf("hubs: connection id %q is in use", c.ID())
	}
	m.mu.Lock()
	m.all.add(c)
	m.mu.Unlock()
	if user != "" {
		m.users.add(user, c)
	}
	return nil
}

// register makes a member findable; false if there is one of its id.
func (m *memoryLifetime) register(coming *member) bool {
	id := coming.conn.ID()
	shard := &m.shards[shardOf(m.seed, id)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if _, taken := shard.byID[id]; taken {
		return false
	}
	shard.byID[id] = coming
	return true
}

func (m *memoryLifetime) Disconnect(_ context.Context, c *Connection) {
	gone := m.unregister(c)
	if gone == nil {
		return
	}
	m.mu.Lock()
	m.all.remove(c)
	m.mu.Unlock()
	if gone.user != "" {
		m.users.remove(gone.user, c)
	}
	// Who found the member before it was unregistered may be about to join:
	// either that join is seen here, or it sees that the member is gone.
	gone.mu.Lock()
	gone.gone = true
	groups := gone.groups
	gone.groups = nil
	gone.mu.Unlock()
	for group := range groups {
		m.groups.remove(group, c)
	}
}

// unregister returns the member that c was, or nil.
func (m *memoryLifetime) unregister(c *Connection) *member {
	id := c.ID()
	shard := &m.shards[shardOf(m.seed, id)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	found := shard.byID[id]
	if found == nil || found.conn != c {
		return nil
	}
	delete(shard.byID, id)
	return found
}

func (m *memoryLifetime) AddToGroup(_ context.Context, connectionID, group string) error {
	if joining := m.find(connectionID); joining != nil {
		m.join(joining, group)
	}
	return nil
}

// join makes a member, who may be gone by now, one of a group.
func (m *memoryLifetime) join(joining *member, group string) {
	// Held until the table has it, so that joins and leaves of one connection
	// are in the table what they are in its list.
	joining.mu.Lock()
	defer joining.mu.Unlock()
	if _, in := joining.groups[group]; in || joining.gone {
		return
	}
	if joining.groups == nil {
		joining.groups = make(map[string]struct{})
	}
	joining.groups[group] = struct{}{}
	m.groups.add(group, joining.conn)
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
