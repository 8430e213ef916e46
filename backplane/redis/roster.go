package redis

import (
	"hash/maphash"
	"slices"
	"sync"
)

// roster is the clients of one hub on this node: who there is, and who belongs
// to which group and user.
type roster struct {
	seed   maphash.Seed
	byID   [rosterShards]memberShard
	groups *crowds
	users  *crowds

	mu  sync.Mutex
	all crowd // guarded by mu
}

type memberShard struct {
	mu      sync.Mutex
	members map[string]*member // guarded by mu; by connection id
}

// rosterShards is the number of locks of a table; a power of two.
const rosterShards = 16

func newRoster() *roster {
	r := &roster{seed: maphash.MakeSeed(), groups: newCrowds(), users: newCrowds()}
	for i := range r.byID {
		r.byID[i].members = make(map[string]*member)
	}
	return r
}

func (r *roster) shard(id string) *memberShard {
	return &r.byID[maphash.String(r.seed, id)%rosterShards]
}

// find returns the member of that connection id, or nil.
func (r *roster) find(id string) *member {
	shard := r.shard(id)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return shard.members[id]
}

// add adds a member; false if its id is taken.
func (r *roster) add(mb *member) bool {
	shard := r.shard(mb.id)
	shard.mu.Lock()
	_, taken := shard.members[mb.id]
	if !taken {
		shard.members[mb.id] = mb
	}
	shard.mu.Unlock()
	if taken {
		return false
	}
	r.mu.Lock()
	r.all.add(mb)
	r.mu.Unlock()
	if mb.user != "" {
		r.users.add(mb.user, mb)
	}
	return true
}

// remove removes a member, but not from its groups.
func (r *roster) remove(mb *member) {
	shard := r.shard(mb.id)
	shard.mu.Lock()
	if shard.members[mb.id] == mb {
		delete(shard.members, mb.id)
	}
	shard.mu.Unlock()
	r.mu.Lock()
	r.all.remove(mb)
	r.mu.Unlock()
	if mb.user != "" {
		r.users.remove(mb.user, mb)
	}
}

// receivers returns who a message on a channel is for. The slice must not be
// written and stays as it is.
func (r *roster) receivers(t topic) []*member {
	switch t.kind {
	case kindAll:
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.all.snapshot()
	case kindGroup:
		return r.groups.snapshot(t.key)
	case kindUser:
		return r.users.snapshot(t.key)
	case kindConnection:
		if mb := r.find(t.key); mb != nil {
			return []*member{mb}
		}
	default:
	}
	return nil
}

// crowds are crowds by name. One exists while it has members.
type crowds struct {
	seed   maphash.Seed
	shards [rosterShards]struct {
		mu     sync.Mutex
		byName map[string]*crowd // guarded by mu, and so are the crowds
	}
}

func newCrowds() *crowds {
	t := &crowds{seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].byName = make(map[string]*crowd)
	}
	return t
}

func (t *crowds) add(name string, mb *member) {
	shard := &t.shards[maphash.String(t.seed, name)%rosterShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	c := shard.byName[name]
	if c == nil {
		c = new(crowd)
		shard.byName[name] = c
	}
	c.add(mb)
}

func (t *crowds) remove(name string, mb *member) {
	shard := &t.shards[maphash.String(t.seed, name)%rosterShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	c := shard.byName[name]
	if c == nil {
		return
	}
	c.remove(mb)
	if len(c.members) == 0 {
		delete(shard.byName, name)
	}
}

func (t *crowds) snapshot(name string) []*member {
	shard := &t.shards[maphash.String(t.seed, name)%rosterShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if c := shard.byName[name]; c != nil {
		return c.snapshot()
	}
	return nil
}

// crowd is a set of members that is walked without its lock while members come
// and go: a snapshot lends out the slice, and what was lent is copied before it
// is written.
type crowd struct {
	members []*member
	places  map[*member]int // nil while there are few
	lent    int             // members[:lent] stand in a snapshot
}

// crowdFew is up to how many members are looked through.
const crowdFew = 16

func (c *crowd) place(mb *member) int {
	if c.places == nil {
		return slices.Index(c.members, mb)
	}
	if i, ok := c.places[mb]; ok {
		return i
	}
	return -1
}

func (c *crowd) add(mb *member) {
	if c.place(mb) >= 0 {
		return
	}
	c.members = append(c.members, mb) // a snapshot ends at its own length
	switch {
	case c.places != nil:
		c.places[mb] = len(c.members) - 1
	case len(c.members) > crowdFew:
		c.places = make(map[*member]int, 2*crowdFew)
		for i, other := range c.members {
			c.places[other] = i
		}
	}
}

func (c *crowd) remove(mb *member) {
	i := c.place(mb)
	if i < 0 {
		return
	}
	last := len(c.members) - 1
	if c.lent > i || c.lent > last {
		c.members, c.lent = slices.Clone(c.members), 0
	}
	moved := c.members[last]
	c.members[i], c.members[last] = moved, nil
	c.members = c.members[:last]
	if c.places == nil {
		return
	}
	c.places[moved] = i
	delete(c.places, mb)
	if len(c.members) < crowdFew/2 {
		c.places = nil
	}
}

func (c *crowd) snapshot() []*member {
	c.lent = len(c.members)
	return c.members[:c.lent:c.lent]
}
