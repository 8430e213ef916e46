package hubs

import (
	"hash/maphash"
	"sync"
)

const (
	// chunkLen is how many members share an array, and so what a leave copies
	// at most, twice: 4 KiB.
	chunkLen = 256

	// indexFrom is the size from which a set keeps an index. Below it a look at
	// each member is as quick, and most groups and nearly all users are small.
	indexFrom = 16
)

// receiver is a connection with what a send has to know before it touches it:
// among many connections, each look at one waits for memory.
type receiver struct {
	conn *Connection
	wire *wire
}

// connSet is a set of connections that is walked without its lock while
// members come and go. Members sit in chunks of a slice; a snapshot lends out
// the chunks themselves, and a chunk that was lent is copied before what was
// lent would change.
//
// add costs the same in a set of any size, and never copies members of a set
// that has an index. remove moves the last member into the hole and copies two
// chunks at most. snapshot is free when nothing has changed since the last one
// and else costs one slice header for each chunk.
//
// The zero value is an empty set. Its owner locks; what snapshot returned needs
// no lock.
type connSet struct {
	n      int
	chunks []connChunk         // all full but the last
	index  map[*Connection]int // position of each member; nil while the set is small
	lent   [][]receiver        // the latest snapshot; nil if the set has changed since
}

type connChunk struct {
	members []receiver
	lent    int // members[:lent] stand in a snapshot: they must not be written
}

// add adds c unless it is there already.
func (s *connSet) add(c *Connection) {
	if s.position(c) >= 0 {
		return
	}
	if s.n%chunkLen == 0 {
		s.chunks = append(s.chunks, connChunk{})
	}
	last := &s.chunks[len(s.chunks)-1]
	// A snapshot ends at its own length, so growing behind it is unseen.
	last.members = append(last.members, receiver{c, c.wire})
	s.lent = nil
	s.n++
	switch {
	case s.index != nil:
		s.index[c] = s.n - 1
	case s.n >= indexFrom:
		s.buildIndex()
	}
}

// remove removes c if it is there.
func (s *connSet) remove(c *Connection) {
	pos := s.position(c)
	if pos < 0 {
		return
	}
	end := s.n - 1
	last := &s.chunks[len(s.chunks)-1]
	if moved := last.members[len(last.members)-1]; pos != end {
		hole := &s.chunks[pos/chunkLen]
		hole.own(pos % chunkLen)
		hole.members[pos%chunkLen] = moved
		if s.index != nil {
			s.index[moved.conn] = pos
		}
	}
	if end%chunkLen == 0 {
		s.chunks[len(s.chunks)-1] = connChunk{}
		s.chunks = s.chunks[:len(s.chunks)-1]
	} else {
		last.own(end % chunkLen)
		last.members[end%chunkLen] = receiver{}
		last.members = last.members[:end%chunkLen]
	}
	// Not kept until the next send: it would keep c alive.
	s.lent = nil
	s.n = end
	if s.index == nil {
		return
	}
	delete(s.index, c)
	if s.n < indexFrom/2 {
		s.index = nil // a map never shrinks by itself
	}
}

// own makes position i of the chunk writable.
func (k *connChunk) own(i int) {
	if i >= k.lent {
		return
	}
	members := make([]receiver, len(k.members), cap(k.members))
	copy(members, k.members)
	k.members, k.lent = members, 0
}

// position returns where c stands, or -1.
func (s *connSet) position(c *Connection) int {
	if s.index != nil {
		if pos, ok := s.index[c]; ok {
			return pos
		}
		return -1
	}
	for i := range s.chunks { // one at most, without an index
		for j, member := range s.chunks[i].members {
			if member.conn == c {
				return j
			}
		}
	}
	return -1
}

func (s *connSet) buildIndex() {
	s.index = make(map[*Connection]int, 2*indexFrom)
	for i := range s.chunks {
		for j, member := range s.chunks[i].members {
			s.index[member.conn] = i*chunkLen + j
		}
	}
}

// snapshot returns the members of this moment, in parts. They are not to be
// written and stay as they are, whatever becomes of the set.
func (s *connSet) snapshot() [][]receiver {
	if s.lent == nil && s.n > 0 {
		s.lent = make([][]receiver, len(s.chunks))
		for i := range s.chunks {
			k := &s.chunks[i]
			k.lent = len(k.members)
			s.lent[i] = k.members[:k.lent:k.lent]
		}
	}
	return s.lent
}

// tableShards is the number of locks of a table; a power of two.
const tableShards = 16

// setTable holds sets of connections by name: the groups of a hub, or its
// users. A set exists while it has members. All methods are safe for
// concurrent use.
type setTable struct {
	seed   maphash.Seed
	shards [tableShards]struct {
		mu   sync.Mutex
		sets map[string]*connSet // guarded by mu, and so are the sets
		_    [48]byte            // a cache line each
	}
}

func newSetTable() *setTable {
	t := &setTable{seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].sets = make(map[string]*connSet)
	}
	return t
}

// add makes c a member of the set called name.
func (t *setTable) add(name string, c *Connection) {
	shard := &t.shards[shardOf(t.seed, name)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	set := shard.sets[name]
	if set == nil {
		set = new(connSet)
		shard.sets[name] = set
	}
	set.add(c)
}

// remove takes c out of the set called name.
func (t *setTable) remove(name string, c *Connection) {
	shard := &t.shards[shardOf(t.seed, name)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	set := shard.sets[name]
	if set == nil {
		return
	}
	set.remove(c)
	if set.n == 0 {
		delete(shard.sets, name)
	}
}

// appendMembers appends a snapshot of the set called name to parts.
func (t *setTable) appendMembers(parts [][]receiver, name string) [][]receiver {
	shard := &t.shards[shardOf(t.seed, name)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if set := shard.sets[name]; set != nil {
		parts = append(parts, set.snapshot()...)
	}
	return parts
}

func shardOf(seed maphash.Seed, name string) uint64 {
	return maphash.String(seed, name) % tableShards
}
