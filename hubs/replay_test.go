package hubs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hubwire/signalr/hubs/protocol"
)

// statefulConn is a testConn whose client may come back.
type statefulConn struct {
	*testConn

	mu      sync.Mutex
	on      bool // guarded by mu
	dropped int  // guarded by mu
}

func (c *statefulConn) StatefulReconnect() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.on
}

func (c *statefulConn) DisableReconnect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.on = false
}

func (c *statefulConn) DropSocket() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped++
	return c.on
}

// replayHub does what the tests need.
type replayHub struct {
	Hub

	gone chan error
}

func (h *replayHub) Echo(s string) string { return s }

// Flood sends the caller so many messages of about 50 bytes.
func (h *replayHub) Flood(ctx context.Context, n int) error {
	for i := range n {
		if err := h.Clients().Caller().Send(ctx, "flood", i, "123456789"); err != nil {
			return err
		}
	}
	return nil
}

func (h *replayHub) OnDisconnected(_ context.Context, err error) error {
	h.gone <- err
	return nil
}

// resumable is a connection of version 2 to a replayHub.
func resumable(t *testing.T, cfg Config) (*testClient, *statefulConn, chan error) {
	t.Helper()
	gone := make(chan error, 1)
	rt, _ := serve(t, func() *replayHub { return &replayHub{gone: gone} }, cfg)
	transport := &statefulConn{testConn: newTestConn("a"), on: true}
	c := &testClient{testConn: transport.testConn, t: t, conn: rt.Connect(transport), rt: rt}
	c.send(`{"protocol":"json","version":2}`)
	c.want(`{}`)
	return c, transport, gone
}

func (c *testClient) comesBack() {
	c.conn.Disconnected()
	c.conn.Reconnected()
}

func echoed(id string) string { return `{"type":3,"invocationId":"` + id + `","result":"x"}` }

func TestReplay(t *testing.T) {
	t.Parallel()
	c, _, gone := resumable(t, Config{})
	for _, id := range []string{"1", "2", "3"} {
		c.call(id, "Echo", `"x"`)
		c.want(echoed(id))
	}
	c.send(`{"type":8,"sequenceId":1}`)
	c.comesBack()
	c.want(`{"type":9,"sequenceId":2}`, `{"type":8,"sequenceId":3}`, echoed("2"), echoed("3"))

	c.conn.Receive([]byte(`{"type":1,"invocationId":"4","tar`)) // and the socket breaks
	c.conn.Disconnected()
	c.send(invocation("lost", "Echo", `"x"`)) // what it still had is not counted
	c.conn.Reconnected()
	c.want(`{"type":9,"sequenceId":2}`, `{"type":8,"sequenceId":3}`, echoed("2"), echoed("3"))
	c.send(`{"type":9,"sequenceId":2}`, invocation("2", "Echo", `"x"`), invocation("3", "Echo", `"x"`),
		invocation("4", "Echo", `"x"`), `{"type":8,"sequenceId":99}`)
	c.want(echoed("4"))
	c.comesBack()
	c.want(`{"type":9,"sequenceId":4}`, `{"type":8,"sequenceId":4}`, echoed("4"))

	c.send(`{"type":9,"sequenceId":6}`)
	c.want(`{"type":7,"error":"Connection closed with an error.","allowReconnect":true}`)
	if err := <-gone; !errors.Is(err, ErrSequence) {
		t.Errorf("OnDisconnected got %v, want %v", err, ErrSequence)
	}
}

func TestVersion1SwitchesReconnectOff(t *testing.T) {
	t.Parallel()
	rt, _ := serve(t, func() *replayHub { return &replayHub{gone: make(chan error, 1)} }, Config{})
	transport := &statefulConn{testConn: newTestConn("a"), on: true}
	c := &testClient{testConn: transport.testConn, t: t, conn: rt.Connect(transport), rt: rt}
	c.send(`{"protocol":"json","version":1}`)
	c.want(`{}`)
	if transport.StatefulReconnect() {
		t.Error("got stateful reconnect with version 1, want it off")
	}
	c.call("1", "Echo", `"x"`)
	c.want(echoed("1"))
	if c.conn.replay != nil {
		t.Error("got a buffer with version 1, want none")
	}
}

func TestAFullBufferWaitsForAcknowledgements(t *testing.T) {
	t.Parallel()
	const messages = 300
	c, _, _ := resumable(t, Config{StatefulReconnectBufferSize: 1000})
	c.conn.Disconnected() // the client is away: nothing is lost meanwhile
	back := make(chan struct{})
	go func() { // ends at once; the test waits for what it sends
		defer close(back)
		c.conn.Reconnected()
	}()
	<-back
	c.want(`{"type":9,"sequenceId":1}`)
	c.call("f", "Flood", fmt.Sprint(messages))
	if got := c.next(); got != `{"type":8,"sequenceId":1}` && !strings.Contains(got, "flood") {
		t.Errorf("got %s, want a message", got)
	}
	for n := 1; n < messages; {
		got := c.next()
		if strings.Contains(got, "flood") {
			if want := fmt.Sprintf(`[%d,"123456789"]`, n); !strings.Contains(got, want) {
				t.Fatalf("got %s, want arguments %s", got, want)
			}
			n++
			c.send(fmt.Sprintf(`{"type":8,"sequenceId":%d}`, n))
		}
		if size := len(c.conn.replay.snapshot()); size > 1000 {
			t.Fatalf("got %d bytes kept, want no more than 1000", size)
		}
	}
	c.want(`{"type":3,"invocationId":"f","result":null}`)
}

// snapshot returns the bytes that are kept.
func (r *replay) snapshot() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.bytes
}

// The acknowledgement that makes room is behind more calls than may wait: .NET
// would read no further and hang.
func TestAcknowledgementsOvertakeCallsThatWait(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		calls int
	}{{"in the backlog", 600}, {"beyond the backlog", 3000}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			const messages = 600
			c, transport, _ := resumable(t, Config{StatefulReconnectBufferSize: 20_000})
			c.call("f", "Flood", fmt.Sprint(messages))
			calls := []string{`{"type":9,"sequenceId":2}`}
			for n := range test.calls {
				calls = append(calls, invocation(fmt.Sprint(n), "Echo", `"x"`))
			}
			c.send(calls[1:]...)
			last, seen := "", 0
			for got := 0; got < messages+1+test.calls; {
				switch frame := c.next(); {
				case strings.Contains(frame, `"type":8`):
				case strings.Contains(frame, `"type":9`):
					transport.mu.Lock()
					transport.dropped = 0
					transport.mu.Unlock()
				case frame == last:
				default:
					last = frame
					got++
					seen++
				}
				c.send(fmt.Sprintf(`{"type":8,"sequenceId":%d}`, seen))
				transport.mu.Lock()
				dropped := transport.dropped > 0
				transport.dropped = 0
				transport.mu.Unlock()
				if dropped {
					c.comesBack()
					c.send(calls...)
				}
			}
		})
	}
}

func TestAcksFollowTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := resumable(t, Config{})
		stop := c.tick()
		defer stop()
		c.call("1", "Echo", `"x"`)
		c.send(`{"type":5,"invocationId":"none"}`, `{"type":6}`, `{"type":3,"invocationId":"none"}`)
		c.want(echoed("1"))
		start := time.Now()
		c.want(`{"type":8,"sequenceId":3}`)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("the Ack took %v, want about a second", took)
		}
		time.Sleep(5 * time.Second)
		c.call("2", "Echo", `"x"`)
		c.want(echoed("2")) // and no further Ack in between
		c.Abort(nil)
		c.conn.Ended(nil)
	})
}

func TestTheClientTimeoutStandsStillWhileTheClientIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, gone := resumable(t, Config{ClientTimeoutInterval: 3 * time.Second})
		stop := c.tick()
		defer stop()
		c.send(`{"type":6}`)
		synctest.Wait()
		c.conn.Disconnected()
		time.Sleep(14 * time.Second)
		select {
		case err := <-gone:
			t.Fatalf("OnDisconnected got %v while the client was away, want it not to run", err)
		default:
		}
		c.conn.Reconnected()
		c.want(`{"type":9,"sequenceId":1}`)
		start := time.Now()
		if err := <-gone; !errors.Is(err, ErrClientTimeout) {
			t.Errorf("OnDisconnected got %v, want %v", err, ErrClientTimeout)
		}
		if took := time.Since(start); took < 2*time.Second || took > 6*time.Second {
			t.Errorf("the timeout took %v after the client came back, want about 3 s", took)
		}
	})
}

func TestAClientThatAcknowledgesNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, transport, gone := resumable(t, Config{StatefulReconnectBufferSize: 1000, ClientTimeoutInterval: 5 * time.Second})
		stop := c.tick()
		defer stop()
		c.call("f", "Flood", "100")
		if err := <-gone; !errors.Is(err, ErrNotAcknowledged) {
			t.Errorf("OnDisconnected got %v, want %v", err, ErrNotAcknowledged)
		}
		if transport.StatefulReconnect() {
			t.Error("got stateful reconnect after the end, want it off")
		}
		c.waitFinished()
		all := c.all()
		if n := strings.Count(all, "flood"); n < 15 || !strings.HasSuffix(all, `"allowReconnect":true}`+"\x1e") {
			t.Errorf("got %d messages and the end %q, want those there was room for and a Close", n, all[max(0, len(all)-60):])
		}
	})
}

func TestReplayLog(t *testing.T) {
	t.Parallel()
	l := newReplayLog(protocol.NewJSON().Split, 100_000)
	frame := []byte(strings.Repeat("x", 49) + "\x1e")
	for n := 0; l.room(len(frame)); n++ {
		l.add(frame)
	}
	if size := len(l.bytes); size > 100_000 || size < 95_000 || cap(l.bytes) > 102_048 {
		t.Errorf("got %d bytes in %d, want nearly 100,000 and at most 2 KiB more", size, cap(l.bytes))
	}
	l.sent = 100
	if !l.ack(1) || l.oldest != 2 || l.sent != 50 {
		t.Errorf("got oldest %d, sent %d after one was acknowledged, want 2 and 50", l.oldest, l.sent)
	}
	if l.ack(1) {
		t.Error("got a frame dropped twice")
	}
	l.ack(1 << 40)
	if l.bytes != nil || l.sent != 0 || l.oldest != l.last+1 || l.unsent() != nil {
		t.Errorf("got %d bytes, oldest %d of %d; want none and no memory", len(l.bytes), l.oldest, l.last)
	}
}
