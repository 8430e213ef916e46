package hubs_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hubwire/signalr/hubs"
)

// BenchmarkMemorySend reports what one receiver of a broadcast costs the
// sender: everything but the transport.
func BenchmarkMemorySend(b *testing.B) {
	args := []any{strings.Repeat("x", 64)}
	for _, receivers := range []int{1, 20, 1_000, 10_000} {
		g := gather(b, receivers, discarding)
		ctx := context.Background()
		for _, c := range g.clients {
			if err := g.manager.AddToGroup(ctx, c.ID(), "room"); err != nil {
				b.Fatal(err)
			}
		}
		for _, bb := range []struct {
			name string
			to   hubs.Target
		}{
			{"all", hubs.Target{Kind: hubs.TargetAll}},
			{"group", hubs.Target{Kind: hubs.TargetGroups, IDs: []string{"room"}}},
			{"others", hubs.Target{Kind: hubs.TargetAll, Except: []string{g.clients[0].ID()}}},
		} {
			b.Run(fmt.Sprint(bb.name, "-", receivers), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := g.manager.Send(ctx, bb.to, "M", args); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(receivers), "ns/receiver")
			})
		}
	}
}

// BenchmarkMemoryGroup joins and leaves a group that others are in, alone and
// with a send in between, which is what makes a snapshot stale.
func BenchmarkMemoryGroup(b *testing.B) {
	for _, members := range []int{10, 10_000} {
		g := gather(b, members+1, discarding)
		ctx := context.Background()
		for _, c := range g.clients[:members] {
			if err := g.manager.AddToGroup(ctx, c.ID(), "room"); err != nil {
				b.Fatal(err)
			}
		}
		id := g.clients[members].ID()
		b.Run(fmt.Sprint("join-leave-", members), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = g.manager.AddToGroup(ctx, id, "room")
				_ = g.manager.RemoveFromGroup(ctx, id, "room")
			}
		})
	}
}
