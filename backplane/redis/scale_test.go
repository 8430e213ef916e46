package redis

import (
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/protocol"
)

// TestResubscribesMany has one node want 100,000 channels, and cuts it off.
func TestResubscribesMany(t *testing.T) { //nolint:paralleltest // it measures
	if testing.Short() {
		t.Skip("subscribes 100,000 channels")
	}
	const channels = 100_000
	server := startRedis(t)
	backplane := New(server.client(), quiet, Timeout(patience)) // the race detector is slow
	m := backplane.Manager(testEnv("Many")).(*manager)
	defer m.Close()
	within(t, patience, "the node is healthy", backplane.Healthy)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	subs := make([]*subscription, channels)
	for i := range subs {
		group := fmt.Sprintf("group-%06d", i)
		subs[i] = m.link.retain(topic{m.names.group(group), kindGroup, group}, m)
	}
	if err := m.link.await(t.Context(), subs...); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (after.HeapAlloc - before.HeapAlloc) / channels
	server.do("client", "kill", "type", "pubsub")
	within(t, patience, "the node notices", func() bool { return !backplane.Healthy() })
	began := time.Now()
	within(t, patience, "the node is right again", backplane.Healthy)
	took := time.Since(began)
	t.Logf("%d channels again after %v; %d bytes each", channels, took, each)
	if took > 2*time.Second && !raceEnabled {
		t.Errorf("%d channels took %v to subscribe again, want 2 s at most", channels, took)
	}
	if each > 1024 && !raceEnabled {
		t.Errorf("a channel takes %d bytes, want 1 KiB at most", each)
	}
	if n := server.subscribers(m.names.group("group-099999")); n != 1 {
		t.Errorf("the last channel has %d subscribers", n)
	}
}

func testEnv(hub string) hubs.Env {
	return hubs.Env{
		Hub: hub, Logger: slog.New(slog.DiscardHandler),
		Protocols: []protocol.Protocol{protocol.JSON{}, protocol.MessagePack{}},
	}
}
