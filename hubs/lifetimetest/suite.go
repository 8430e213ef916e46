// Package lifetimetest is the suite that every [hubs.LifetimeManager] must
// pass, whatever brings its messages from node to node:
//
//	func TestLifetime(t *testing.T) {
//		lifetimetest.Run(t, func(t *testing.T) lifetimetest.Cluster {
//			prefix := rand.Text() // nothing in common with other clusters
//			return lifetimetest.Cluster{
//				Nodes: 2,
//				NewManager: func(env hubs.Env, node int) hubs.LifetimeManager {
//					m := newManager(server, prefix, env)
//					t.Cleanup(m.Close)
//					return m
//				},
//			}
//		})
//	}
//
// The suite drives the managers through real hubs with clients in the same
// process, over both hub protocols, and waits only for what must come. Run it
// with the race detector.
package lifetimetest

import (
	"testing"

	"github.com/hubwire/signalr/hubs"
)

// Cluster is one hub on one node or on several that know of each other. Every
// case of the suite gets a cluster of its own.
type Cluster struct {
	// Nodes is how many nodes there are; zero means one. A case for several
	// nodes runs on fewer too, it then puts all connections on those.
	Nodes int

	// NewManager makes the manager of one node, 0 up to but not including
	// Nodes. It is called once for each node, for all of them before the first
	// connection.
	NewManager func(env hubs.Env, node int) hubs.LifetimeManager

	// OrderWithinTarget says that order is kept among the messages to one
	// target only: those to a group may overtake those to all, as they do on
	// Redis, where each target is a channel.
	OrderWithinTarget bool
}

// Run runs the suite, one subtest for each rule. start makes a fresh cluster;
// what it needs to close goes into the Cleanup of its t.
func Run(t *testing.T, start func(t *testing.T) Cluster) {
	t.Helper()
	groups := []struct {
		name  string
		cases []testCase
	}{
		{"Target", targetCases},
		{"Group", groupCases},
		{"User", userCases},
		{"Order", orderCases},
		{"Result", resultCases},
		{"Race", raceCases},
	}
	for _, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range group.cases {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					tt.run(newFixture(t, start(t)))
				})
			}
		})
	}
}

// testCase is one rule; its name says which.
type testCase struct {
	name string
	run  func(f *fixture)
}
