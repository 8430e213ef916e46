package hubs

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// flatten returns the members of a snapshot in a slice of its own.
func flatten(parts [][]receiver) []*Connection {
	var conns []*Connection
	for _, member := range slices.Concat(parts...) {
		conns = append(conns, member.conn)
	}
	return conns
}

// TestConnSetModel plays random joins and leaves against a plain map, with
// snapshots taken in between, and checks every snapshot again at the end: it
// must still be what the set was when it was taken.
func TestConnSetModel(t *testing.T) {
	t.Parallel()
	for _, size := range []int{3, indexFrom + 1, chunkLen, 3*chunkLen + 5} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			type taken struct {
				parts [][]receiver
				want  map[*Connection]bool
			}
			var (
				rnd   = rand.New(rand.NewPCG(1, uint64(size)))
				conns = makeConns(size)
				want  = map[*Connection]bool{}
				set   connSet
				past  []taken
			)
			for step := range 16 * size {
				// Waves, so that the set is full and empty now and then.
				growing := step/(2*size)%2 == 0
				c := conns[rnd.IntN(size)]
				if join := rnd.IntN(10) < 7; join == growing {
					set.add(c)
					want[c] = true
				} else {
					set.remove(c)
					delete(want, c)
				}
				if set.n != len(want) {
					t.Fatalf("step %d: got %d members, want %d", step, set.n, len(want))
				}
				if rnd.IntN(40) == 0 {
					past = append(past, taken{set.snapshot(), maps.Clone(want)})
				}
			}
			for i, s := range past {
				got := flatten(s.parts)
				if len(got) != len(s.want) {
					t.Fatalf("snapshot %d: got %d members, want %d", i, len(got), len(s.want))
				}
				for _, c := range got {
					if !s.want[c] {
						t.Fatalf("snapshot %d holds a connection that was no member, or one twice", i)
					}
					delete(s.want, c)
				}
			}
		})
	}
}

func TestConnSetForgets(t *testing.T) {
	t.Parallel()
	conns := makeConns(chunkLen + 1)
	var set connSet
	for _, c := range conns {
		set.add(c)
	}
	set.snapshot()
	for _, c := range conns[1:] {
		set.remove(c)
	}
	// Nothing of the set may keep a connection alive that has left.
	if set.lent != nil || set.index != nil || len(set.chunks) != 1 {
		t.Fatalf("got snapshot %v, index of %d, %d chunks, want neither of the two, and 1", set.lent, len(set.index), len(set.chunks))
	}
	all := set.chunks[0].members[:cap(set.chunks[0].members)]
	if all[0].conn != conns[0] {
		t.Fatal("the member that stayed is gone")
	}
	for _, member := range all[1:] {
		if member.conn != nil {
			t.Fatal("a connection that left is still referred to")
		}
	}
}

func TestConnSetSnapshotIsShared(t *testing.T) { //nolint:paralleltest // AllocsPerRun refuses
	var set connSet
	for _, c := range makeConns(1000) {
		set.add(c)
	}
	set.snapshot()
	if n := testing.AllocsPerRun(100, func() { set.snapshot() }); n != 0 {
		t.Errorf("got %v allocations for a snapshot of a set that did not change, want 0", n)
	}
}

func TestSetTableForgetsEmptySets(t *testing.T) {
	t.Parallel()
	table := newSetTable()
	conns := makeConns(2)
	table.add("room", conns[0])
	table.add("room", conns[1])
	table.add("room", conns[1])
	table.remove("room", conns[0])
	table.remove("no such room", conns[0])
	if got := flatten(table.appendMembers(nil, "room")); !slices.Equal(got, conns[1:]) {
		t.Fatalf("got %d members, want the one that stayed", len(got))
	}
	table.remove("room", conns[1])
	if got := table.len(); got != 0 {
		t.Fatalf("got %d sets after the last member left, want 0", got)
	}
}

// len returns how many sets there are.
func (t *setTable) len() int {
	n := 0
	for i := range t.shards {
		t.shards[i].mu.Lock()
		n += len(t.shards[i].sets)
		t.shards[i].mu.Unlock()
	}
	return n
}

// makeConns returns connections that are good for nothing but being members.
func makeConns(n int) []*Connection {
	conns := make([]*Connection, n)
	for i := range conns {
		conns[i] = new(Connection)
	}
	return conns
}

// BenchmarkConnSet lets one more member come and go, with a send after each
// change: what a change costs, and what it makes the next send do again.
func BenchmarkConnSet(b *testing.B) {
	for _, size := range []int{10, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			var set connSet
			conns := makeConns(size + 1)
			for _, c := range conns[:size] {
				set.add(c)
			}
			for b.Loop() {
				set.add(conns[size])
				set.snapshot()
				set.remove(conns[size])
				set.snapshot()
			}
		})
	}
}
