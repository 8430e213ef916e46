package hubs

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// TestMemoryLifetimeForgets lets connections come, join and go at the same
// time, and checks that nothing of them stays behind.
func TestMemoryLifetimeForgets(t *testing.T) {
	t.Parallel()
	m := NewMemoryLifetime(Env{}).(*memoryLifetime)
	ctx := t.Context()
	var working sync.WaitGroup
	for worker := range 8 {
		working.Go(func() {
			for round := range 200 {
				id := fmt.Sprint(worker, "-", round)
				c := &Connection{transport: newTestConn(id), userID: "ann", hasUserID: true}
				if err := m.Connect(ctx, c); err != nil {
					t.Error(err)
				}
				var joining sync.WaitGroup
				for i := range 3 {
					joining.Go(func() {
						_ = m.AddToGroup(ctx, id, fmt.Sprint("room", i))
						_ = m.RemoveFromGroup(ctx, id, fmt.Sprint("room", i-1))
					})
				}
				m.Disconnect(ctx, c)
				joining.Wait()
			}
		})
	}
	working.Wait()
	if groups, users := m.groups.len(), m.users.len(); groups != 0 || users != 0 || m.all.n != 0 {
		t.Errorf("got %d groups, %d users and %d connections after the last has left, want none", groups, users, m.all.n)
	}
	for i := range m.shards {
		if n := len(m.shards[i].byID); n != 0 {
			t.Errorf("got %d connections that can be found after the last has left, want none", n)
		}
	}
}

func TestMemoryLifetimeDisconnectsTheRightOne(t *testing.T) {
	t.Parallel()
	m := NewMemoryLifetime(Env{}).(*memoryLifetime)
	ctx := context.Background()
	first, second := &Connection{transport: newTestConn("id")}, &Connection{transport: newTestConn("id")}
	if err := m.Connect(ctx, first); err != nil {
		t.Fatal(err)
	}
	if err := m.Connect(ctx, second); err == nil {
		t.Error("got no error for an id that is in use")
	}
	m.Disconnect(ctx, second)
	if found := m.find("id"); found == nil || found.conn != first {
		t.Error("the connection that stays was removed in place of the other")
	}
}

// TestMemoryLifetimeLateJoin plays the race of a join with the disconnect in
// the order that matters: the connection was found, then it went.
func TestMemoryLifetimeLateJoin(t *testing.T) {
	t.Parallel()
	m := NewMemoryLifetime(Env{}).(*memoryLifetime)
	c := &Connection{transport: newTestConn("id")}
	if err := m.Connect(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	found := m.find("id")
	m.join(found, "early")
	m.Disconnect(t.Context(), c)
	m.join(found, "late")
	if groups := m.groups.len(); groups != 0 {
		t.Errorf("got %d groups after their only member has left, want none", groups)
	}
}
