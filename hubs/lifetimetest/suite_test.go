package lifetimetest_test

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/goleak"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/lifetimetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestOneNode runs the suite as its users on one node do.
func TestOneNode(t *testing.T) {
	t.Parallel()
	lifetimetest.Run(t, func(*testing.T) lifetimetest.Cluster {
		return lifetimetest.Cluster{
			NewManager: func(env hubs.Env, _ int) hubs.LifetimeManager { return hubs.NewMemoryLifetime(env) },
		}
	})
}

// TestThreeNodes runs the suite on nodes that call each other directly: what a
// backplane has to look like from outside.
func TestThreeNodes(t *testing.T) {
	t.Parallel()
	lifetimetest.Run(t, func(*testing.T) lifetimetest.Cluster {
		all := new(fleet)
		return lifetimetest.Cluster{Nodes: 3, NewManager: all.node}
	})
}

// fleet is the managers of all nodes. None is added once there are connections.
type fleet struct {
	managers []hubs.LifetimeManager
}

// fleetNode is one of them, which passes on to all what it is asked to send.
type fleetNode struct {
	hubs.LifetimeManager
	*fleet
	env hubs.Env
}

func (all *fleet) node(env hubs.Env, _ int) hubs.LifetimeManager {
	own := hubs.NewMemoryLifetime(env)
	all.managers = append(all.managers, own)
	return fleetNode{own, all, env}
}

func (n fleetNode) Send(ctx context.Context, to hubs.Target, method string, args []any) error {
	// For all protocols of the fleet, whoever is connected: nobody knows that.
	for _, p := range n.env.Protocols {
		if _, err := p.AppendInvocation(nil, "", method, args); err != nil {
			return err
		}
	}
	return n.each(func(m hubs.LifetimeManager) error { return m.Send(ctx, to, method, args) })
}

func (n fleetNode) AddToGroup(ctx context.Context, connectionID, group string) error {
	return n.each(func(m hubs.LifetimeManager) error { return m.AddToGroup(ctx, connectionID, group) })
}

func (n fleetNode) RemoveFromGroup(ctx context.Context, connectionID, group string) error {
	return n.each(func(m hubs.LifetimeManager) error { return m.RemoveFromGroup(ctx, connectionID, group) })
}

func (n fleetNode) Invoke(ctx context.Context, connectionID, method string, args []any, decode hubs.ResultDecoder) error {
	for _, m := range n.managers {
		if err := m.Invoke(ctx, connectionID, method, args, decode); !errors.Is(err, hubs.ErrNoConnection) {
			return err
		}
	}
	return hubs.NoConnectionError(connectionID)
}

func (all *fleet) each(do func(hubs.LifetimeManager) error) error {
	var errs []error
	for _, m := range all.managers {
		errs = append(errs, do(m))
	}
	return errors.Join(errs...)
}
