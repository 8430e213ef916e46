package hubs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// mixHub is the hub that TestAnyInterleaving plays with.
type mixHub struct {
	Hub
	log  *eventLog
	gate chan struct{}
}

func (h *mixHub) Echo(n int) int {
	h.log.add(fmt.Sprint("start ", n))
	return n
}

func (h *mixHub) Hold(n int) int {
	h.log.add(fmt.Sprint("start ", n))
	<-h.gate
	return n
}

func (h *mixHub) HoldCtx(ctx context.Context, n int) (int, error) {
	h.log.add(fmt.Sprint("start ", n))
	select {
	case <-h.gate:
		return n, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

func (h *mixHub) Ask(ctx context.Context, n int) (int, error) {
	h.log.add(fmt.Sprint("start ", n))
	return Invoke[int](ctx, h.Clients().Caller(), "Answer", n)
}

func (h *mixHub) Fail(n int) error {
	h.log.add(fmt.Sprint("start ", n))
	if n%2 == 0 {
		panic("boom")
	}
	return errors.New("no")
}

func (h *mixHub) Count(n int) iter.Seq[int] { return ints(n % 7) }

func (h *mixHub) Forever(ctx context.Context, _ int) iter.Seq[int] {
	return func(yield func(int) bool) {
		if yield(0) {
			<-ctx.Done()
		}
	}
}

func (h *mixHub) Sum(items iter.Seq2[int, error]) (int, error) {
	sum := 0
	for i, err := range items {
		if err != nil {
			return 0, err
		}
		sum += i
	}
	return sum, nil
}

func (h *mixHub) Abort() { h.Context().Abort() }

func (h *mixHub) OnDisconnected(context.Context, error) error {
	h.log.add("disconnected")
	return nil
}

// step is one thing that the client or the application does.
type step struct {
	do   string
	of   int // which of the things it could be done to
	cut  int // where the bytes are cut in two
	wait bool
}

func steps() *rapid.Generator[[]step] {
	one := rapid.Custom(func(t *rapid.T) step {
		return step{
			do: rapid.SampledFrom([]string{
				"Echo", "Echo", "Hold", "HoldCtx", "Ask", "Fail", "Count", "Forever", "upload", "item", "item", "bad item",
				"end upload", "fail upload", "cancel", "let go", "ping", "unknown method", "wrong argument",
			}).Draw(t, "do"),
			of:   rapid.IntRange(0, 50).Draw(t, "of"),
			cut:  rapid.IntRange(0, 40).Draw(t, "cut"),
			wait: rapid.Bool().Draw(t, "wait"),
		}
	})
	return rapid.SliceOfN(one, 1, 40)
}

// play is one run of TestAnyInterleaving.
type play struct {
	t    *testing.T
	c    *testClient
	log  *eventLog
	gate chan struct{}

	feed    chan []byte // bytes for the receive loop
	ids     []string    // of calls that want an answer
	streams []string    // of them, those that run until they are canceled
	uploads []string    // open ones

	mu     sync.Mutex
	frames []string // guarded by mu; all that the client got
}

// receive is the transport's reader.
func (p *play) receive(done *sync.WaitGroup) {
	defer done.Done()
	for b := range p.feed {
		p.c.conn.Receive(b)
	}
}

// read is the client: it answers what it is asked.
func (p *play) read(done *sync.WaitGroup) {
	defer done.Done()
	for frame := p.c.next(); frame != ""; frame = p.c.next() {
		p.mu.Lock()
		p.frames = append(p.frames, frame)
		p.mu.Unlock()
		var m struct {
			Type         int
			InvocationID string
			Arguments    []json.RawMessage
		}
		if err := json.Unmarshal([]byte(frame), &m); err != nil {
			p.t.Errorf("client got %q: %v", frame, err)
		}
		if m.Type == 1 {
			p.push(fmt.Sprintf(`{"type":3,"invocationId":%q,"result":%s}`, m.InvocationID, m.Arguments[0]), 0)
		}
	}
}

func (p *play) push(message string, cut int) {
	b := []byte(message + "\x1e")
	cut = min(cut, len(b))
	p.feed <- b[:cut]
	p.feed <- b[cut:]
}

// do plays one step; n is its number.
func (p *play) do(s step, n int) {
	id := fmt.Sprint(n)
	switch s.do {
	case "Echo", "Hold", "HoldCtx", "Ask", "Fail":
		p.ids = append(p.ids, id)
		p.push(invocation(id, s.do, id), s.cut)
	case "Count", "Forever":
		p.ids = append(p.ids, id)
		if s.do == "Forever" {
			p.streams = append(p.streams, id)
		}
		p.push(streamCall(id, s.do, id), s.cut)
	case "upload":
		p.ids, p.uploads = append(p.ids, id), append(p.uploads, "u"+id)
		p.push(uploadCall(id, "Sum", "", "u"+id), s.cut)
	case "item", "bad item", "end upload", "fail upload":
		if len(p.uploads) == 0 {
			return
		}
		up := p.uploads[s.of%len(p.uploads)]
		p.push(map[string]string{
			"item": item(up, "1"), "bad item": item(up, `"x"`), "end upload": uploadEnd(up), "fail upload": uploadFail(up, "no"),
		}[s.do], s.cut)
	case "cancel":
		if len(p.ids) > 0 {
			p.push(fmt.Sprintf(`{"type":5,"invocationId":%q}`, p.ids[s.of%len(p.ids)]), s.cut)
		}
	case "let go":
		select {
		case p.gate <- struct{}{}:
		default:
		}
	case "ping":
		p.push(`{"type":6}`, s.cut)
	case "unknown method":
		p.ids = append(p.ids, id)
		p.push(invocation(id, "Nope", ""), s.cut)
	case "wrong argument":
		p.ids = append(p.ids, id)
		p.push(invocation(id, "Echo", `"x"`), s.cut)
	}
	if s.wait {
		synctest.Wait()
	}
}

// settle brings all calls to their end.
func (p *play) settle() {
	close(p.gate)
	for _, up := range p.uploads {
		p.push(uploadEnd(up), 0)
	}
	for _, id := range p.streams {
		p.push(fmt.Sprintf(`{"type":5,"invocationId":%q}`, id), 0)
	}
	synctest.Wait()
}

// end ends the connection in one of several ways.
func (p *play) end(how string) {
	switch how {
	case "close":
		p.push(`{"type":7}`, 0)
	case "malformed":
		p.push(`nope`, 0)
	case "abort":
		p.push(invocation("", "Abort", ""), 0)
	case "shutdown":
		if err := p.c.rt.Shutdown(context.Background()); err != nil {
			p.t.Error(err)
		}
	case "gone":
		p.c.Abort(errors.New("gone"))
	}
}

// check looks at what the client got.
func (p *play) check(settled bool, parallel int) {
	answers := map[string]int{}
	var items []string
	for i, frame := range p.frames {
		switch {
		case strings.HasPrefix(frame, `{"type":3`):
			id := strings.Split(frame, `"`)[5]
			answers[id]++
		case strings.HasPrefix(frame, `{"type":2`):
			items = append(items, frame)
			if id := strings.Split(frame, `"`)[5]; answers[id] > 0 {
				p.t.Errorf("item after the completion of %s", id)
			}
		case strings.HasPrefix(frame, `{"type":7`) && i != len(p.frames)-1:
			p.t.Errorf("%s after the Close", p.frames[i+1:])
		}
	}
	for _, id := range p.ids {
		if n := answers[id]; n > 1 || n == 0 && settled {
			p.t.Errorf("call %s was answered %d times", id, n)
		}
	}
	perStream := map[string]int{}
	for _, frame := range items {
		id := strings.Split(frame, `"`)[5]
		if want := item(id, fmt.Sprint(perStream[id])); frame != want {
			p.t.Errorf("got item %s, want %s", frame, want)
		}
		perStream[id]++
	}
	var began []int
	for _, event := range p.log.all() {
		var n int
		if _, err := fmt.Sscanf(event, "start %d", &n); err == nil {
			began = append(began, n)
		}
	}
	if parallel == 1 && !slices.IsSorted(began) {
		p.t.Errorf("calls began in the order %v", began)
	}
	// A call that has begun may be a moment away from its first line still.
	events := p.log.all()
	last := slices.Index(events, "disconnected")
	if last < 0 || slices.Contains(events[last+1:], "disconnected") || len(events)-1-last > parallel {
		p.t.Errorf("log: got %v, want disconnected last and once", events)
	}
}

// TestAnyInterleaving plays random clients: whatever they do, each call is
// answered exactly once, in order where order is promised, and at the end
// nothing runs any more (the bubble would not return).
func TestAnyInterleaving(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		plan := steps().Draw(rt, "plan")
		parallel := rapid.SampledFrom([]int{1, 1, 3}).Draw(rt, "parallel")
		settled := rapid.Bool().Draw(rt, "settled")
		how := rapid.SampledFrom([]string{"close", "malformed", "abort", "shutdown", "gone"}).Draw(rt, "end")
		ok := t.Run("play", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { playOnce(t, plan, parallel, settled, how) })
		})
		if !ok {
			rt.Fatal("see above")
		}
	})
}

func playOnce(t *testing.T, plan []step, parallel int, settled bool, how string) {
	log, gate := newEventLog(), make(chan struct{})
	runtime, _ := serve(t, func() *mixHub { return &mixHub{log: log, gate: gate} },
		Config{MaximumParallelInvocationsPerClient: parallel, StreamBufferCapacity: 2})
	p := &play{t: t, c: dial(t, runtime, "a"), log: log, gate: gate, feed: make(chan []byte, 1000)}
	var receiver, reader sync.WaitGroup
	receiver.Add(1)
	reader.Add(1)
	go p.receive(&receiver) // ends when feed is closed
	go p.read(&reader)      // ends with the connection
	for n, s := range plan {
		p.do(s, n)
	}
	if settled {
		p.settle()
	} else {
		time.AfterFunc(time.Minute, func() { close(gate) })
	}
	p.end(how)
	synctest.Wait()
	// Whatever has blocked Receive, the transport is gone now.
	p.c.Abort(errors.New("gone"))
	synctest.Wait()
	close(p.feed)
	receiver.Wait()
	p.c.conn.Ended(nil)
	reader.Wait()
	if !settled {
		time.Sleep(2 * time.Minute) // the gate is open, what waited has ended
	}
	synctest.Wait()
	p.check(settled, parallel)
	if permits := runtime.permitsTaken(p.c.conn); permits != 0 {
		t.Errorf("permits taken in the end: %d", permits)
	}
	p.c.conn.mu.Lock()
	defer p.c.conn.mu.Unlock()
	if c := p.c.conn; c.phase != retired || len(c.active) > 0 || len(c.uploads) > 0 || c.streams != 0 || c.tasks != 0 {
		t.Errorf("left over: phase %d, %d active, %d uploads, %d streams, %d tasks", c.phase, len(c.active), len(c.uploads), c.streams, c.tasks)
	}
}
