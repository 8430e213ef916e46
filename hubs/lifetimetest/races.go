package lifetimetest

import (
	"fmt"
	"sync"

	"github.com/hubwire/signalr/hubs/internal/testclient"
)

var raceCases = []testCase{
	{"a join that races with the disconnect is undone", func(f *fixture) {
		const id = "racing"
		for round := range 50 {
			c := f.connect(0, withID(id))
			var both sync.WaitGroup
			both.Go(func() { f.join(round, id, "room") })
			both.Go(c.Close)
			both.Wait()
		}
		// Whatever membership was left behind would now belong to this one.
		c := f.connect(0, withID(id))
		f.send(0, toGroups("room"), "Hello")
		f.expectNothing(0, toAll(), c)
	}},
	{"everything at once", func(f *fixture) {
		const workers, rounds = 8, 15
		stays := f.connect(0, withUser("ann"))
		f.join(0, stays.ID(), "room")

		// Connections one after the other: connect waits for one OnConnected.
		clients := make([][]*client, workers)
		for i := range clients {
			for range rounds {
				c := f.connect(i, withUser("ann"), func(o *testclient.Options) { o.Discard = true })
				clients[i] = append(clients[i], c)
			}
		}
		var working sync.WaitGroup
		for worker, own := range clients {
			working.Go(func() {
				for round, c := range own {
					room := fmt.Sprint("room", round%3)
					f.join(worker, c.ID(), room)
					f.join(worker+1, c.ID(), "room")
					f.send(worker, toGroups(room, "nobody"), "Noise")
					f.send(worker, toUsers("bob"), "Noise")
					f.send(worker, toAll(stays.ID()), "Noise")
					f.send(worker, toGroupExcept("room", stays.ID()), "Noise")
					if round%2 == 0 {
						f.leave(worker, c.ID(), room)
					}
					f.send(worker, toConnections(stays.ID()), "Worker", worker)
					c.Close()
				}
			})
		}
		for range workers * rounds {
			if m := stays.next(); string(m.Target) != "Worker" {
				f.Errorf("got a call of %s, want only those of Worker", m.Target)
			}
		}
		working.Wait()
		f.expectNothing(0, toGroups("room"), stays)
		f.expectNothing(1, toUsers("ann"), stays)
	}},
}
