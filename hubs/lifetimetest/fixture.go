package lifetimetest

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/internal/testclient"
	"github.com/hubwire/signalr/hubs/protocol"
)

// patience is how long the suite waits for what must come.
const patience = 20 * time.Second

// fixture is the cluster of one case. Its methods fail the test when something
// goes wrong that the case is not about.
type fixture struct {
	*testing.T
	cluster Cluster
	ctx     context.Context // of the case
	nodes   []*node
}

// node is one process of the cluster.
type node struct {
	hubs.LifetimeManager
	runtime   *hubs.Runtime
	connected chan string // the ids of connections whose OnConnected has run
}

// suiteHub is the hub of all cases.
type suiteHub struct {
	hubs.Hub
	node *node
}

// OnConnected tells the case that the manager knows the connection.
func (h *suiteHub) OnConnected(context.Context) error {
	h.node.connected <- h.Context().ConnectionID()
	return nil
}

func newFixture(t *testing.T, cluster Cluster) *fixture {
	t.Helper()
	cluster.Nodes = max(cluster.Nodes, 1)
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, errors.New("lifetimetest: waited too long"))
	t.Cleanup(cancel)
	f := &fixture{T: t, cluster: cluster, ctx: ctx}
	for i := range cluster.Nodes {
		f.nodes = append(f.nodes, f.start(i))
	}
	return f
}

func (f *fixture) start(i int) *node {
	n := &node{connected: make(chan string, 1024)}
	var err error
	n.runtime, _, err = hubs.NewRuntime(func() *suiteHub { return &suiteHub{node: n} }, hubs.Config{
		Name:      "Lifetimetest",
		Logger:    slog.New(slog.DiscardHandler),
		Protocols: []protocol.Protocol{protocol.JSON{}, protocol.MessagePack{}},
		LifetimeManager: func(env hubs.Env) hubs.LifetimeManager {
			n.LifetimeManager = f.cluster.NewManager(env, i)
			return n.LifetimeManager
		},
	})
	f.must(err)
	f.Cleanup(func() { f.must(n.runtime.Shutdown(context.WithoutCancel(f.ctx))) })
	return n
}

// node returns the i-th node, or the one that stands in for it in a cluster
// that has fewer.
func (f *fixture) node(i int) *node { return f.nodes[i%len(f.nodes)] }

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// send sends from a node.
func (f *fixture) send(from int, to hubs.Target, method string, args ...any) {
	f.Helper()
	if err := f.node(from).Send(f.ctx, to, method, args); err != nil {
		f.Fatalf("send %s: got %v, want no error", method, err)
	}
}

func (f *fixture) join(from int, connectionID, group string) {
	f.Helper()
	if err := f.node(from).AddToGroup(f.ctx, connectionID, group); err != nil {
		f.Fatalf("add %s to group %q: got %v, want no error", connectionID, group, err)
	}
}

func (f *fixture) leave(from int, connectionID, group string) {
	f.Helper()
	if err := f.node(from).RemoveFromGroup(f.ctx, connectionID, group); err != nil {
		f.Fatalf("remove %s from group %q: got %v, want no error", connectionID, group, err)
	}
}

// client is a client of one node.
type client struct {
	*testclient.Client
	f        *fixture
	node     int
	protocol protocol.Protocol
}

// connect connects a client to a node and waits until the manager knows it.
func (f *fixture) connect(node int, options ...func(*testclient.Options)) *client {
	f.Helper()
	o := testclient.Options{Protocol: protocol.JSON{}}
	for _, set := range options {
		set(&o)
	}
	n := f.node(node)
	dialed, err := testclient.Dial(f.ctx, n.runtime, o)
	f.must(err)
	f.Cleanup(dialed.Close)
	c := &client{Client: dialed, f: f, node: node, protocol: o.Protocol}
	select {
	case <-n.connected: // one connects at a time
	case <-f.ctx.Done():
		f.Fatalf("OnConnected of %s: %v", c.ID(), context.Cause(f.ctx))
	}
	return c
}

func messagePack(o *testclient.Options) { o.Protocol = protocol.MessagePack{} }

func withID(id string) func(*testclient.Options) {
	return func(o *testclient.Options) { o.ID = id }
}

func withUser(id string) func(*testclient.Options) {
	return func(o *testclient.Options) { o.User = auth.NewPrincipal(auth.Identity{ID: id}) }
}

// next returns the next call that the client gets.
func (c *client) next() *protocol.Message {
	c.f.Helper()
	m, err := c.Next(c.f.ctx)
	if err != nil {
		c.f.Fatalf("%s waits for a message: %v", c.ID(), err)
	}
	if m.Type != protocol.Invocation {
		c.f.Fatalf("%s got a message of type %d, want an invocation", c.ID(), m.Type)
	}
	return m
}

// expect waits for the next call and checks it.
func (c *client) expect(method string, args ...any) {
	c.f.Helper()
	m := c.next()
	if got := string(m.Target); got != method || len(m.Arguments) != len(args) {
		c.f.Fatalf("%s got a call of %s with %d arguments, want %s with %d", c.ID(), got, len(m.Arguments), method, len(args))
	}
	for i, want := range args {
		got := reflect.New(reflect.TypeOf(want))
		if err := c.protocol.Unmarshal(m.Arguments[i], got.Interface()); err != nil {
			c.f.Fatalf("%s: argument %d of %s: %v", c.ID(), i, method, err)
		}
		if !reflect.DeepEqual(got.Elem().Interface(), want) {
			c.f.Fatalf("%s: argument %d of %s: got %v, want %v", c.ID(), i, method, got.Elem(), want)
		}
	}
}

// expectNothing checks that what was sent to the target so far did not reach
// the clients, which belong to the target: a message that must reach them is
// the next one.
func (f *fixture) expectNothing(from int, to hubs.Target, clients ...*client) {
	f.Helper()
	f.send(from, to, "Nothing")
	for _, c := range clients {
		c.expect("Nothing")
	}
}

// The targets that cases use.

func toAll(except ...string) hubs.Target {
	return hubs.Target{Kind: hubs.TargetAll, Except: except}
}

func toConnections(ids ...string) hubs.Target {
	return hubs.Target{Kind: hubs.TargetConnections, IDs: ids}
}

func toGroups(names ...string) hubs.Target {
	return hubs.Target{Kind: hubs.TargetGroups, IDs: names}
}

func toGroupExcept(name string, except ...string) hubs.Target {
	return hubs.Target{Kind: hubs.TargetGroups, IDs: []string{name}, Except: except}
}

func toUsers(ids ...string) hubs.Target {
	return hubs.Target{Kind: hubs.TargetUsers, IDs: ids}
}
