package lifetimetest

import (
	"strings"
	"sync"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/internal/testclient"
)

var orderCases = []testCase{
	{"what one sender sends to a target arrives in order, whoever else sends", func(f *fixture) {
		f.orderHolds(func(int, *client) hubs.Target { return toAll() })
	}},
	{"what one sender sends to many targets arrives in order", func(f *fixture) {
		f.orderHolds(func(seq int, receiver *client) hubs.Target {
			return []hubs.Target{toAll(), toGroups("room"), toUsers("ann"), toConnections(receiver.ID())}[seq%4]
		})
	}},
	{"a member misses nothing while others come and go", func(f *fixture) {
		stays := f.connect(0)
		f.join(0, stays.ID(), "room")
		moving := make([]*client, 20)
		for i := range moving {
			moving[i] = f.connect(i, func(o *testclient.Options) { o.Discard = true })
		}
		var coming sync.WaitGroup
		for i, c := range moving {
			coming.Go(func() {
				for range 20 {
					f.join(i, c.ID(), "room")
					f.leave(i, c.ID(), "room")
				}
			})
		}
		const messages = 200
		for seq := range messages {
			f.send(1, toGroups("room"), "Count", seq)
		}
		for seq := range messages {
			stays.expect("Count", seq)
		}
		coming.Wait()
	}},
	{"a receiver that takes nothing is cut off and costs the others nothing", func(f *fixture) {
		reads, stalled := f.connect(0), f.connect(0)
		stalled.Stall(true)
		text := strings.Repeat("x", 4<<10)
		const messages = 100
		for seq := range messages {
			f.send(1, toAll(), "Count", seq, text)
		}
		for seq := range messages {
			reads.expect("Count", seq, text)
		}
		select {
		case <-stalled.Done():
		case <-f.ctx.Done():
			f.Error("the stalled connection was not cut off")
		}
		f.expectNothing(0, toAll(), reads)
	}},
	{"a receiver that reads slowly misses nothing", func(f *fixture) {
		// Messages larger than its queue, so that each but the first has to wait.
		slow := f.connect(0, func(o *testclient.Options) { o.QueueLimit, o.StallLimit = 1<<10, patience })
		slow.Stall(true)
		text := strings.Repeat("x", 2<<10)
		var sending sync.WaitGroup
		sending.Go(func() {
			for seq := range 10 {
				f.send(1, toAll(), "Count", seq, text)
			}
		})
		for seq := range 10 {
			slow.Stall(false)
			slow.expect("Count", seq, text)
			slow.Stall(true)
		}
		slow.Stall(false)
		sending.Wait()
	}},
}

// orderHolds sends from several goroutines on every node, to the target that
// choose gives for a sender's message and one of the receivers, and checks
// that every receiver gets the messages of each sender in the order sent.
func (f *fixture) orderHolds(choose func(seq int, receiver *client) hubs.Target) {
	const senders, messages = 6, 200
	receivers := make([]*client, 4)
	for i := range receivers {
		receivers[i] = f.connect(i, withUser("ann"))
		f.join(i, receivers[i].ID(), "room")
	}
	var sending sync.WaitGroup
	for sender := range senders {
		sending.Go(func() {
			for seq := range messages {
				// Each receiver gets every message once, by one target or another.
				if to := choose(seq, receivers[0]); to.Kind != hubs.TargetConnections {
					f.send(sender, to, "Count", sender, seq)
					continue
				}
				for _, r := range receivers {
					f.send(sender, choose(seq, r), "Count", sender, seq)
				}
			}
		})
	}
	for _, r := range receivers {
		f.checkOrder(r, senders, messages, choose)
	}
	sending.Wait()
}

// checkOrder reads the messages of all senders.
func (f *fixture) checkOrder(r *client, senders, messages int, choose func(int, *client) hubs.Target) {
	type stream struct {
		sender int
		kind   hubs.TargetKind // of the target, if order is kept within one only
	}
	last := map[stream]int{}
	for range senders * messages {
		m := r.next()
		var sender, seq int
		f.must(r.protocol.Unmarshal(m.Arguments[0], &sender))
		f.must(r.protocol.Unmarshal(m.Arguments[1], &seq))
		s := stream{sender: sender}
		if f.cluster.OrderWithinTarget {
			s.kind = choose(seq, r).Kind
		}
		if before, some := last[s]; some && before >= seq {
			f.Fatalf("%s got message %d of sender %d behind message %d", r.ID(), seq, sender, before)
		}
		last[s] = seq
	}
}
