package hubs

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testConn is a transport in memory. It keeps what the runtime queues, as
// frames, for the test to read; with a limit it has room for so many frames.
type testConn struct {
	id        string
	user      *auth.Principal
	request   *http.Request
	transport string
	textOnly  bool // no binary messages
	inherent  bool

	ctx    context.Context //nolint:containedctx // it is the connection
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	change   *sync.Cond // on every change
	binary   bool
	limit    int      // frames there is room for, 0: any number
	queued   [][]byte // not yet taken by the test
	unsent   int      // how many of them nobody has flushed or woken
	flushes  int
	wakes    int
	finished bool
	record   []byte // everything ever queued
}

func newTestConn(id string) *testConn {
	c := &testConn{id: id, transport: "WebSockets", request: httptest.NewRequest(http.MethodGet, "/chat?room=blue", nil)}
	c.request = c.request.WithContext(context.WithoutCancel(c.request.Context()))
	c.change = sync.NewCond(&c.mu)
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	return c
}

func (c *testConn) ID() string               { return c.id }
func (c *testConn) User() *auth.Principal    { return c.user }
func (c *testConn) AuthExpiry() time.Time    { return c.user.Expiry() }
func (c *testConn) Request() *http.Request   { return c.request }
func (c *testConn) Transport() string        { return c.transport }
func (c *testConn) SupportsBinary() bool     { return !c.textOnly }
func (c *testConn) InherentKeepAlive() bool  { return c.inherent }
func (c *testConn) Context() context.Context { return c.ctx }

func (c *testConn) SetBinary() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.binary = true
}

func (c *testConn) TryQueue(p []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil || c.finished {
		return true
	}
	if c.limit > 0 && len(c.queued) >= c.limit {
		return false
	}
	c.queued = append(c.queued, bytes.Clone(p))
	c.record = append(c.record, p...)
	c.unsent++
	c.change.Broadcast()
	return true
}

func (c *testConn) Queue(ctx context.Context, p []byte) error {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.change.Broadcast()
	})
	defer stop()
	for !c.TryQueue(p) {
		c.mu.Lock()
		for c.limit > 0 && len(c.queued) >= c.limit && ctx.Err() == nil && c.ctx.Err() == nil {
			c.change.Wait()
		}
		c.mu.Unlock()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

func (c *testConn) Wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wakes++
	c.unsent = 0
	c.change.Broadcast()
}

func (c *testConn) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushes++
	c.unsent = 0
	c.change.Broadcast()
}

func (c *testConn) Finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		panic("Finish was called twice")
	}
	c.finished = true
	c.unsent = 0
	c.change.Broadcast()
}

func (c *testConn) Abort(cause error) {
	c.cancel(cause)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.change.Broadcast()
}

// next takes the next frame that has been sent, without its separator, and
// waits for it. At the end of the connection it returns "".
func (c *testConn) next() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	late := false
	defer time.AfterFunc(10*time.Second, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		late = true
		c.change.Broadcast()
	}).Stop()
	for len(c.queued) == 0 || c.unsent == len(c.queued) {
		switch {
		case c.finished && len(c.queued) == 0:
			return ""
		case late:
			return "(nothing came)"
		}
		c.change.Wait()
	}
	frame := c.queued[0]
	c.queued = c.queued[1:]
	c.change.Broadcast()
	return strings.TrimSuffix(string(frame), "\x1e")
}

// waitFinished waits until the hub side is through.
func (c *testConn) waitFinished() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.finished {
		c.change.Wait()
	}
}

// all returns everything that was ever queued.
func (c *testConn) all() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.record)
}

// testClient is a client of a runtime, on a testConn.
type testClient struct {
	*testConn
	t    testing.TB
	conn *Connection
	rt   *Runtime
}

// serve binds a hub for a test. When the test ends, so do its connections.
func serve[H Instance[K], K any](t testing.TB, newHub func() H, cfg Config) (*Runtime, *HubContext[K]) {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	rt, hub, err := NewRuntime(newHub, cfg)
	if err != nil {
		t.Fatalf("NewRuntime: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := rt.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
	return rt, hub
}

// open starts a connection that has sent nothing yet.
func connect(t testing.TB, rt *Runtime, id string, change ...func(*testConn)) *testClient {
	transport := newTestConn(id)
	for _, f := range change {
		f(transport)
	}
	return &testClient{testConn: transport, t: t, conn: rt.Connect(transport), rt: rt}
}

// dial starts a connection that speaks JSON and has passed its handshake.
func dial(t testing.TB, rt *Runtime, id string, change ...func(*testConn)) *testClient {
	t.Helper()
	c := connect(t, rt, id, change...)
	c.send(`{"protocol":"json","version":1}`)
	c.want(`{}`)
	return c
}

// send brings JSON messages to the runtime, all in one Receive.
func (c *testClient) send(messages ...string) {
	c.conn.Receive([]byte(strings.Join(messages, "\x1e") + "\x1e"))
}

// call sends an invocation; args is JSON, without brackets.
func (c *testClient) call(id, target, args string) {
	c.send(invocation(id, target, args))
}

func invocation(id, target, args string) string {
	if id != "" {
		id = `,"invocationId":"` + id + `"`
	}
	return `{"type":1` + id + `,"target":"` + target + `","arguments":[` + args + `]}`
}

// want takes the next frames and compares them.
func (c *testClient) want(frames ...string) {
	c.t.Helper()
	for _, want := range frames {
		if got := c.next(); got != want {
			c.t.Fatalf("client %s got %s, want %s", c.id, got, want)
		}
	}
}

// hangUp is what a transport does when its client has gone.
func (c *testClient) hangUp() {
	c.Abort(errors.New("gone"))
	c.conn.Ended(nil)
}

var _ protocol.Protocol = protocol.NewJSON()

// tick calls Tick every second until it is told to stop.
func (c *testClient) tick() (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case now := <-ticker.C:
				c.conn.Tick(now)
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		running.Wait()
	}
}

// eventLog is what happened, in order.
type eventLog struct {
	mu     sync.Mutex
	change *sync.Cond
	events []string
}

func newEventLog() *eventLog {
	l := new(eventLog)
	l.change = sync.NewCond(&l.mu)
	return l
}

func (l *eventLog) add(event string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, event)
	l.change.Broadcast()
}

func (l *eventLog) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.events...)
}

// wait waits until n things have happened and returns them.
func (l *eventLog) wait(n int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.events) < n {
		l.change.Wait()
	}
	return append([]string(nil), l.events...)
}
