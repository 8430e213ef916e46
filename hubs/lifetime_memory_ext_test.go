package hubs_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/internal/testclient"
	"github.com/hubwire/signalr/hubs/lifetimetest"
	"github.com/hubwire/signalr/hubs/protocol"
)

func TestMemoryLifetime(t *testing.T) {
	t.Parallel()
	lifetimetest.Run(t, func(*testing.T) lifetimetest.Cluster {
		return lifetimetest.Cluster{
			NewManager: func(env hubs.Env, _ int) hubs.LifetimeManager { return hubs.NewMemoryLifetime(env) },
		}
	})
}

// quietHub is a hub with nothing of its own. It tells who has connected.
type quietHub struct {
	hubs.Hub
	connected chan<- string
}

func (h *quietHub) OnConnected(context.Context) error {
	h.connected <- h.Context().ConnectionID()
	return nil
}

// crowd is a hub in one process with clients.
type crowd struct {
	runtime *hubs.Runtime
	manager hubs.LifetimeManager
	clients []*testclient.Client
}

// gather starts a hub and connects n clients to it.
func gather(tb testing.TB, n int, set func(i int, o *testclient.Options)) *crowd {
	tb.Helper()
	g := new(crowd)
	connected := make(chan string, n)
	var err error
	g.runtime, _, err = hubs.NewRuntime(func() *quietHub { return &quietHub{connected: connected} }, hubs.Config{
		LifetimeManager: func(env hubs.Env) hubs.LifetimeManager {
			g.manager = hubs.NewMemoryLifetime(env)
			return g.manager
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := g.runtime.Shutdown(context.Background()); err != nil {
			tb.Error(err)
		}
		for _, c := range g.clients {
			c.Close()
		}
	})
	for i := range n {
		var o testclient.Options
		set(i, &o)
		c, err := testclient.Dial(context.Background(), g.runtime, o)
		if err != nil {
			tb.Fatal(err)
		}
		g.clients = append(g.clients, c)
	}
	for range n {
		<-connected
	}
	return g
}

func discarding(_ int, o *testclient.Options) { o.Discard = true }

// TestMemoryLifetimeStalled checks how long a send takes that meets receivers
// without room: as long as the slowest of them, not as all of them together.
func TestMemoryLifetimeStalled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const stalled = 20
		g := gather(t, stalled+1, func(i int, o *testclient.Options) {
			o.QueueLimit, o.StallLimit = 1<<10, time.Second
			o.Discard = i == stalled // the only one that reads
		})
		for _, c := range g.clients[:stalled] {
			c.Stall(true)
		}
		text := strings.Repeat("x", 600)
		start := time.Now()
		for range 4 {
			if err := g.manager.Send(t.Context(), hubs.Target{Kind: hubs.TargetAll}, "M", []any{text}); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("got %v for four sends of which one meets full queues, want 1s", took)
		}
		for _, c := range g.clients[:stalled] {
			<-c.Done()
		}
	})
}

// TestMemoryLifetimeSendContext checks that a send stops waiting when its ctx
// ends, and that those with room got the message all the same.
func TestMemoryLifetimeSendContext(t *testing.T) {
	t.Parallel()
	for _, full := range []int{1, 5} {
		t.Run(fmt.Sprint(full, " full"), func(t *testing.T) {
			t.Parallel()
			g := gather(t, full+1, func(_ int, o *testclient.Options) { o.QueueLimit, o.StallLimit = 1<<10, time.Hour })
			reads := g.clients[full]
			for _, c := range g.clients[:full] {
				c.Stall(true)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			enough := errors.New("enough")
			var sending sync.WaitGroup
			sending.Go(func() {
				for range 2 {
					if m, err := reads.Next(t.Context()); err != nil || string(m.Target) != "M" {
						t.Errorf("got %v, %v", m, err)
					}
				}
				cancel(enough)
			})
			text := strings.Repeat("x", 600)
			all := hubs.Target{Kind: hubs.TargetAll}
			if err := g.manager.Send(ctx, all, "M", []any{text}); err != nil {
				t.Errorf("first send: got %v, want no error", err)
			}
			if err := g.manager.Send(ctx, all, "M", []any{text}); !errors.Is(err, enough) {
				t.Errorf("second send: got %v, want the cause of ctx", err)
			}
			sending.Wait()
		})
	}
}

// TestMemoryLifetimeEncodesWhatIsNeeded checks that a protocol nobody of the
// receivers speaks is not asked.
func TestMemoryLifetimeEncodesWhatIsNeeded(t *testing.T) {
	t.Parallel()
	g := gather(t, 2, func(i int, o *testclient.Options) {
		if i == 0 {
			o.Protocol = protocol.MessagePack{}
		}
	})
	packed, text := g.clients[0], g.clients[1]
	for _, to := range []hubs.Target{
		{Kind: hubs.TargetConnections, IDs: []string{packed.ID()}},
		{Kind: hubs.TargetAll, Except: []string{text.ID()}},
	} {
		if err := g.manager.Send(t.Context(), to, "M", []any{math.Inf(1)}); err != nil {
			t.Errorf("got %v for a number that MessagePack can say, want no error", err)
		}
		if m, err := packed.Next(t.Context()); err != nil || string(m.Target) != "M" {
			t.Errorf("got %v, %v", m, err)
		}
	}
	if err := g.manager.Send(t.Context(), hubs.Target{Kind: hubs.TargetAll}, "M", []any{math.Inf(1)}); err == nil {
		t.Error("got no error for a number that JSON cannot say")
	}
}

// TestMemoryLifetimeAllocations checks that a send allocates nothing for a
// receiver, and starts no goroutine for one.
func TestMemoryLifetimeAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun refuses
	const receivers = 1000
	g := gather(t, receivers, func(i int, o *testclient.Options) {
		o.Discard = true
		if i%2 == 0 {
			o.Protocol = protocol.MessagePack{}
		}
	})
	ctx := t.Context()
	var names []string
	for _, c := range g.clients {
		names = append(names, c.ID())
		if err := g.manager.AddToGroup(ctx, c.ID(), "room"); err != nil {
			t.Fatal(err)
		}
	}
	args := []any{"text", 7}
	for _, tt := range []struct {
		name string
		to   hubs.Target
	}{
		{"all", hubs.Target{Kind: hubs.TargetAll}},
		{"all but one", hubs.Target{Kind: hubs.TargetAll, Except: names[:1]}},
		{"all but many", hubs.Target{Kind: hubs.TargetAll, Except: names[:100]}},
		{"group", hubs.Target{Kind: hubs.TargetGroups, IDs: []string{"room"}}},
		{"connections", hubs.Target{Kind: hubs.TargetConnections, IDs: names}},
		{"one connection", hubs.Target{Kind: hubs.TargetConnections, IDs: names[:1]}},
	} {
		allocs := testing.AllocsPerRun(20, func() {
			if err := g.manager.Send(ctx, tt.to, "M", args); err != nil {
				t.Fatal(err)
			}
		})
		// What is left is the encoding's own, and what the pool lost.
		if allocs > receivers/50 {
			t.Errorf("%s: got %v allocations for a send to %d receivers, want a handful", tt.name, allocs, receivers)
		}
	}
}
