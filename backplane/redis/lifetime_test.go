package redis

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"testing"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/lifetimetest"
	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goredis.SetLogger(silent{}) // it has much to say about a Redis that is killed
	goleak.VerifyTestMain(m)
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

var quiet = Logger(slog.New(slog.DiscardHandler))

// TestLifetime runs the suite of lifetime managers on one, two and three nodes,
// each with a backplane and a client of its own.
func TestLifetime(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	for _, nodes := range []int{1, 2, 3} {
		t.Run(fmt.Sprint(nodes, " nodes"), func(t *testing.T) {
			lifetimetest.Run(t, func(t *testing.T) lifetimetest.Cluster {
				t.Helper()
				prefix := rand.Text() + "/"
				backplanes := make([]*Backplane, nodes)
				for i := range backplanes {
					own := &redisServer{tb: t, addr: server.addr}
					backplanes[i] = New(own.client(), ChannelPrefix(prefix), quiet)
				}
				return lifetimetest.Cluster{
					Nodes:             nodes,
					NewManager:        func(env hubs.Env, node int) hubs.LifetimeManager { return backplanes[node].Manager(env) },
					OrderWithinTarget: true,
				}
			})
		})
	}
}
