package lifetimetest

import (
	"math"

	"github.com/hubwire/signalr/hubs"
)

var targetCases = []testCase{
	{"all reaches every connection of every node", func(f *fixture) {
		a, b, c := f.connect(0), f.connect(1, messagePack), f.connect(1)
		f.send(0, toAll(), "Hello", "world", 7)
		for _, c := range []*client{a, b, c} {
			c.expect("Hello", "world", 7)
		}
	}},
	{"a connection that has left is reached no more", func(f *fixture) {
		a, b := f.connect(0), f.connect(1)
		b.Close()
		f.send(1, toAll(), "Hello")
		f.send(1, toConnections(b.ID()), "Hello")
		a.expect("Hello")
		f.expectNothing(1, toAll(), a)
	}},
	{"all except leaves out those named and ignores unknown ids", func(f *fixture) {
		a, b, c := f.connect(0), f.connect(1), f.connect(0)
		f.send(0, toAll(b.ID()), "Hello")
		f.send(0, toAll("nobody", c.ID(), b.ID(), b.ID()), "Again")
		a.expect("Hello")
		a.expect("Again")
		c.expect("Hello")
		f.expectNothing(0, toAll(), a, b, c)
	}},
	{"all but the only connection is nobody", func(f *fixture) {
		a := f.connect(0)
		f.send(0, toAll(a.ID()), "Hello")
		f.expectNothing(0, toAll(), a)
	}},
	{"a connection is reached from its own node and from others", func(f *fixture) {
		a, b := f.connect(0), f.connect(1)
		f.send(0, toConnections(a.ID()), "Hello", "own")
		a.expect("Hello", "own")
		f.send(1, toConnections(a.ID()), "Hello", "other")
		a.expect("Hello", "other")
		f.expectNothing(0, toAll(), b)
	}},
	{"an unknown connection is no error", func(f *fixture) {
		f.send(0, toConnections("nobody"), "Hello")
		f.send(0, toConnections(""), "Hello")
	}},
	{"connections are reached once each, however often they are named", func(f *fixture) {
		a, b, c := f.connect(0), f.connect(1), f.connect(0)
		to := toConnections(a.ID(), "nobody", b.ID(), a.ID(), "", b.ID())
		f.send(0, to, "Hello")
		a.expect("Hello")
		b.expect("Hello")
		f.expectNothing(0, to, a, b)
		f.expectNothing(0, toAll(), c)
	}},
	{"ids are compared exactly", func(f *fixture) {
		a := f.connect(0, withID("Abc"))
		f.send(1, toConnections("abc"), "Hello")
		f.send(1, toConnections("Abc "), "Hello")
		f.expectNothing(1, toAll(), a)
	}},
	{"a target without names is nobody", func(f *fixture) {
		a := f.connect(0)
		for _, kind := range []hubs.TargetKind{hubs.TargetConnections, hubs.TargetGroups, hubs.TargetUsers} {
			f.send(0, hubs.Target{Kind: kind}, "Hello")
		}
		f.expectNothing(0, toAll(), a)
	}},
	{"arguments of any kind arrive in both protocols", func(f *fixture) {
		a, b := f.connect(0), f.connect(1, messagePack)
		args := []any{"text é", 1 << 40, -1.5, true, []byte{0, 1, 255}, []string{"x", ""}, map[string]int{"k": 1}}
		f.send(1, toAll(), "Kinds", args...)
		a.expect("Kinds", args...)
		b.expect("Kinds", args...)
		f.send(1, toAll(), "None")
		a.expect("None")
		b.expect("None")
	}},
	{"an argument that cannot be encoded fails the send and nobody gets it", func(f *fixture) {
		a, b := f.connect(0), f.connect(1, messagePack)
		f.join(0, a.ID(), "room")
		for _, to := range []hubs.Target{toAll(), toConnections(a.ID()), toGroups("room")} {
			if err := f.node(0).Send(f.ctx, to, "Broken", []any{make(chan int)}); err == nil {
				f.Errorf("send a channel to %v: got no error", to)
			}
		}
		f.expectNothing(0, toGroups("room"), a)
		f.expectNothing(0, toAll(), a, b)
	}},
	{"an argument that one of the protocols cannot encode reaches nobody", func(f *fixture) {
		a, b := f.connect(0, messagePack), f.connect(1)
		if err := f.node(0).Send(f.ctx, toAll(), "Broken", []any{math.NaN()}); err == nil {
			f.Error("send a number that JSON does not have: got no error")
		}
		f.expectNothing(0, toAll(), a, b)
	}},
}
