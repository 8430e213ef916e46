package hubs

import (
	"testing"
	"testing/synctest"
	"time"
)

func (w *workers) waiting() int {
	n := 0
	for i := range w.shards {
		w.shards[i].mu.Lock()
		n += len(w.shards[i].idle)
		w.shards[i].mu.Unlock()
	}
	return n
}

func TestWorkersAreReusedAndLetGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, gate, hub := newGateHub()
		rt, _ := serve(t, hub, Config{MaximumParallelInvocationsPerClient: 3})
		c, other := dial(t, rt, "a"), dial(t, rt, "b")
		c.send(invocation("", "Wait", `"a"`), invocation("", "Wait", `"b"`), invocation("", "Wait", `"c"`))
		synctest.Wait()
		if n := rt.workers.waiting(); n != 0 {
			t.Errorf("workers that wait while three calls run: got %d, want 0", n)
		}
		for range 3 {
			gate <- ""
		}
		synctest.Wait()
		if n := rt.workers.waiting(); n != 3 {
			t.Errorf("after three calls: got %d, want 3", n)
		}
		other.call("1", "Echo", `"x"`) // of another connection
		other.want(result("1", `"x"`))
		synctest.Wait()
		if n := rt.workers.waiting(); n != 3 {
			t.Errorf("after one more call: got %d, want 3", n)
		}
		stop := c.tick()
		time.Sleep(3500 * time.Millisecond)
		stop()
		if n := rt.workers.waiting(); n != 0 {
			t.Errorf("after three idle seconds: got %d, want 0", n)
		}
		c.call("1", "Echo", `"x"`)
		c.want(result("1", `"x"`))
		c.hangUp()
		synctest.Wait()
		if n := rt.workers.waiting(); n != 1 {
			t.Errorf("while there is a connection: got %d, want 1", n)
		}
		other.hangUp()
		if n := rt.workers.waiting(); n != 0 {
			t.Errorf("without connections: got %d, want 0", n)
		}
	})
}

func TestNoMoreWorkersWaitThanAllowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, gate, hub := newGateHub()
		rt, _ := serve(t, hub, Config{MaximumParallelInvocationsPerClient: 2 * maxIdleWorkers})
		c := dial(t, rt, "a")
		for range 2 * maxIdleWorkers {
			c.call("", "Wait", `"a"`)
		}
		synctest.Wait()
		close(gate)
		synctest.Wait()
		if n := rt.workers.waiting(); n != maxIdleWorkers {
			t.Errorf("got %d, want %d", n, maxIdleWorkers)
		}
		c.hangUp()
	})
}
