package hubs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	closeBase    = `{"type":7,"error":"Connection closed with an error."`
	closeError   = closeBase + `,"allowReconnect":true}`
	closePlain   = `{"type":7}`
	closeReturns = `{"type":7,"allowReconnect":true}`
)

func newEventHub(log *eventLog) func() *eventHub {
	return func() *eventHub { return &eventHub{log: log} }
}

// TestEndings is the table of hub-runtime.md, section 20.
func TestEndings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		cfg      Config
		end      func(c *testClient)
		want     string // the Close; empty: none
		detailed string // of the Close with detailed errors; empty: as want
		hub      string // what OnDisconnected gets
		cause    error
	}{
		{
			name: "the client sent Close", end: func(c *testClient) { c.send(`{"type":7}`) },
			want: closePlain, hub: "nil", cause: ErrConnectionClosed,
		},
		{
			name: "the client sent Close with an error", end: func(c *testClient) { c.send(`{"type":7,"error":"mine"}`) },
			want: closePlain, hub: "mine",
		},
		{
			name: "the client is gone", end: func(c *testClient) { c.conn.Ended(nil) },
			want: closeReturns, hub: "nil", cause: ErrConnectionClosed,
		},
		{
			name: "the client is gone within a frame", end: func(c *testClient) {
				c.conn.Receive([]byte(`{"type":6`))
				c.conn.Ended(nil)
			},
			want: closeError, detailed: "InvalidDataException: Connection terminated while reading a message.",
			hub: "Connection terminated while reading a message.", cause: ErrIncompleteMessage,
		},
		{
			name: "the transport failed", end: func(c *testClient) { c.conn.Ended(errors.New("bad UTF-8")) },
			hub: "bad UTF-8",
		},
		{
			name: "Abort", end: func(c *testClient) { c.call("1", "Abort", "") },
			want: closePlain, hub: "nil", cause: ErrAborted,
		},
		{
			name: "the host closes it", end: func(c *testClient) { c.conn.Close() },
			want: closeReturns, hub: "nil", cause: ErrCloseRequested,
		},
		{
			name: "malformed message", end: func(c *testClient) { c.send(`[1]`) },
			want: closeError, detailed: "InvalidDataException: Unexpected JSON Token Type 'Array'. Expected a JSON Object.",
			hub: "Unexpected JSON Token Type 'Array'. Expected a JSON Object.",
		},
		{
			name: "message over the limit", cfg: Config{MaximumReceiveMessageSize: 64},
			end:  func(c *testClient) { c.conn.Receive([]byte(strings.Repeat("x", 65))) },
			want: closeError,
			detailed: "InvalidDataException: The maximum message size of 64B was exceeded. " +
				"The message size can be configured in AddHubOptions.",
			hub:   "The maximum message size of 64B was exceeded. The message size can be configured in AddHubOptions.",
			cause: ErrMessageTooBig,
		},
		{
			name: "server shutdown", end: func(c *testClient) {
				if err := c.rt.Shutdown(context.Background()); err != nil {
					c.t.Error(err)
				}
			},
			want: closeReturns, hub: "nil", cause: ErrServerShutdown,
		},
	}
	for _, test := range tests {
		for _, detailed := range []bool{false, true} {
			name := test.name
			if detailed {
				name += ", detailed errors"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				log := newEventLog()
				cfg := test.cfg
				cfg.EnableDetailedErrors = detailed
				rt, _ := serve(t, newEventHub(log), cfg)
				c := dial(t, rt, "a")
				log.wait(1)
				test.end(c)
				want := test.want
				if detailed && test.detailed != "" {
					want = strings.Replace(want, `error."`, `error. `+test.detailed+`"`, 1)
				}
				if want != "" {
					c.want(want)
				}
				c.want("")
				c.conn.Receive([]byte("late")) // dropped
				c.conn.Ended(nil)
				events := log.all()
				equal(t, "OnDisconnected", events[len(events)-1:], "disconnected a: "+test.hub)
				if cause := context.Cause(c.conn.Context()); test.cause != nil && !errors.Is(cause, test.cause) {
					t.Errorf("cause: got %v, want %v", cause, test.cause)
				}
			})
		}
	}
}

func TestOnConnectedThatFails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		fail     func() error
		detailed string
	}{
		{name: "error", fail: func() error { return errors.New("no") }, detailed: " errorString: no"},
		{name: "hub error", fail: func() error { return Errorf("no") }, detailed: " HubException: no"},
		{name: "panic", fail: func() error { panic("boom") }, detailed: " panicError: panic in OnConnected: boom"},
	} {
		for _, detailed := range []bool{false, true} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				log := newEventLog()
				rt, _ := serve(t, func() *eventHub {
					return &eventHub{log: log, onConnected: func(h *eventHub, ctx context.Context) error {
						if err := h.Clients().Caller().Send(ctx, "Welcome"); err != nil {
							t.Error(err)
						}
						return test.fail()
					}}
				}, Config{EnableDetailedErrors: detailed})
				c := dial(t, rt, "a")
				detail := ""
				if detailed || test.name == "hub error" {
					detail = test.detailed
				}
				c.want(`{"type":1,"target":"Welcome","arguments":[]}`, `{"type":7,"error":"Connection closed with an error.`+detail+`"}`, "")
				c.hangUp()
				equal(t, "log", log.all(), "connected a")
			})
		}
	}
}

func TestHubThatCannotBeMadeOnConnect(t *testing.T) {
	t.Parallel()
	for name, newHub := range map[string]func() *plainHub{
		"nil": func() *plainHub { return nil }, "panic": func() *plainHub { panic("no") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt, _ := serve(t, newHub, Config{})
			c := dial(t, rt, "a")
			c.want(closeBase+"}", "")
			c.hangUp()
		})
	}
}

func TestAbortInOnConnected(t *testing.T) {
	t.Parallel()
	log := newEventLog()
	rt, _ := serve(t, func() *eventHub {
		return &eventHub{log: log, onConnected: func(h *eventHub, ctx context.Context) error {
			h.Context().Abort()
			_ = h.Clients().Caller().Send(ctx, "Dropped")
			log.add("aborted")
			return nil
		}}
	}, Config{})
	c := dial(t, rt, "a")
	c.want(closePlain, "")
	c.hangUp()
	equal(t, "log", log.all(), "connected a", "aborted", "disconnected a: nil")
}

func TestClientGoneWhileOnConnectedRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := newEventLog()
		rt, _ := serve(t, func() *eventHub {
			return &eventHub{log: log, onConnected: func(h *eventHub, ctx context.Context) error {
				<-ctx.Done()
				log.add("ctx ended")
				return nil
			}}
		}, Config{})
		c := dial(t, rt, "a")
		synctest.Wait()
		c.hangUp()
		synctest.Wait()
		equal(t, "log", log.all(), "connected a", "ctx ended", "disconnected a: nil")
	})
}

func TestCallsWaitForOnConnected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, gate := newEventLog(), make(chan bool)
		rt, _ := serve(t, func() *eventHub {
			return &eventHub{log: log, onConnected: func(h *eventHub, ctx context.Context) error {
				_ = h.Clients().All().Send(ctx, "Hello") // it is reached already
				<-gate
				return nil
			}}
		}, Config{})
		c := dial(t, rt, "a")
		done := make(chan struct{})
		go func() { // ends when OnConnected has
			defer close(done)
			c.call("1", "Echo", `"a"`)
		}()
		c.want(`{"type":1,"target":"Hello","arguments":[]}`)
		synctest.Wait()
		c.conn.mu.Lock()
		waiting := c.conn.pending.len() + c.conn.permits
		c.conn.mu.Unlock()
		if waiting > 0 {
			t.Error("a call was taken before OnConnected had returned")
		}
		gate <- true
		<-done
		c.want(result("1", `"a"`))
		c.hangUp()
	})
}

func TestAbortDropsWhatIsSentLater(t *testing.T) {
	t.Parallel()
	log := newEventLog()
	rt, hub := serve(t, newEventHub(log), Config{})
	c := dial(t, rt, "a")
	c.send(invocation("1", "Abort", ""), invocation("2", "Echo", `"no answer"`), invocation("", "Note", `"ran all the same"`))
	c.want(closePlain, "")
	c.hangUp()
	if err := hub.Clients().All().Send(t.Context(), "Nobody"); err != nil {
		t.Errorf("Send to an aborted connection: got %v, want nil", err)
	}
	equal(t, "log", log.wait(4)[:4], "connected a", "aborted", "ran all the same", "disconnected a: nil")
	if got, want := c.all(), "{}\x1e"+closePlain+"\x1e"; got != want {
		t.Errorf("the client got %q, want %q", got, want)
	}
}

func TestOnDisconnectedThatFails(t *testing.T) {
	t.Parallel()
	for name, filter := range map[string]func() error{
		"error": func() error { return errors.New("no") },
		"panic": func() error { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newEventLog()
			rt, hub := serve(t, newEventHub(log), Config{Filters: []Filter{{
				Disconnected: func(_ context.Context, _ *Context, _ error, _ func(context.Context, error) error) error {
					return filter()
				},
			}}})
			c := dial(t, rt, "a")
			c.send(closePlain)
			c.want(closePlain, "")
			c.hangUp()
			if err := hub.Clients().Client("a").Send(t.Context(), "Nobody"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, gate, hub := newGateHub()
		rt, _ := serve(t, hub, Config{})
		a, b := dial(t, rt, "a"), dial(t, rt, "b")
		fresh := connect(t, rt, "c") // no handshake yet
		a.call("1", "Wait", `"a"`)
		b.call("1", "WaitCtx", `"b"`)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := rt.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown while a call ignores its ctx: got %v, want DeadlineExceeded", err)
		}
		a.want(closeReturns, "")
		b.want(closeReturns, "")
		fresh.want("")
		gate <- ""
		if err := rt.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown again: got %v, want nil", err)
		}
		if got := strings.Join(log.all(), ";"); !strings.Contains(got, "stop b: "+ErrServerShutdown.Error()) {
			t.Errorf("log: got %v, want the cause ErrServerShutdown", got)
		}
		late := connect(t, rt, "d")
		late.send(`{"protocol":"json","version":1}`)
		late.want("")
		for _, c := range []*testClient{a, b, fresh, late} {
			c.hangUp()
		}
	})
}

func TestLifetimeManagerThatRefuses(t *testing.T) {
	t.Parallel()
	log := newEventLog()
	rt, _ := serve(t, newEventHub(log), Config{LifetimeManager: func(env Env) LifetimeManager {
		return &refusingLifetime{LifetimeManager: NewMemoryLifetime(env), log: log}
	}})
	c := dial(t, rt, "a")
	c.want(closeBase+"}", "")
	c.hangUp()
	equal(t, "log", log.all(), "Connect", "Disconnect")
}

type refusingLifetime struct {
	LifetimeManager
	log *eventLog
}

func (r *refusingLifetime) Connect(context.Context, *Connection) error {
	r.log.add("Connect")
	return errors.New("full")
}

func (r *refusingLifetime) Disconnect(ctx context.Context, c *Connection) {
	r.log.add("Disconnect")
	r.LifetimeManager.Disconnect(ctx, c)
}

func TestKeepAlive(t *testing.T) {
	t.Parallel()
	const ping = `{"type":6}`
	for _, test := range []struct {
		name   string
		change func(*testConn)
		want   int
	}{
		{name: "at its pace", change: func(*testConn) {}, want: 3},
		{name: "not for long polling", change: func(c *testConn) { c.inherent = true }, want: 0},
		{name: "not when nothing is read", change: func(c *testConn) { c.limit = 1 }, want: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rt, _ := serve(t, newPlainHub, Config{KeepAliveInterval: 2 * time.Second})
				c := dial(t, rt, "a", test.change)
				defer c.tick()()
				time.Sleep(9500 * time.Millisecond) // strictly more than 2 s: at 3, 6 and 9 s
				if got := strings.Count(c.all(), ping); got != test.want {
					t.Errorf("pings in 9.5 s: got %d, want %d", got, test.want)
				}
				c.hangUp()
			})
		})
	}
}

func TestClientTimeout(t *testing.T) {
	t.Parallel()
	ping := func(c *testClient) { c.send(`{"type":6}`) }
	tests := []struct {
		name string
		do   func(c *testClient, gate chan string)
		want time.Duration // 0: never
	}{
		{name: "never pinged", do: func(c *testClient, _ chan string) { c.call("", "Note", `"x"`) }},
		{name: "pinged", do: func(c *testClient, _ chan string) { ping(c) }, want: 5 * time.Second},
		{
			name: "any frame counts", want: 7 * time.Second,
			do: func(c *testClient, _ chan string) {
				ping(c)
				time.Sleep(1900 * time.Millisecond)
				c.send(`{"type":8,"sequenceId":1}`)
			},
		},
		{
			name: "parts of a frame do not", want: 5 * time.Second,
			do: func(c *testClient, _ chan string) {
				ping(c)
				time.Sleep(1900 * time.Millisecond)
				c.conn.Receive([]byte(`{"type"`))
			},
		},
		{
			name: "a running call does not", want: 5 * time.Second,
			do: func(c *testClient, _ chan string) {
				ping(c)
				c.call("", "WaitCtx", `"x"`)
			},
		},
		{
			name: "time for which Receive blocks does not", want: 13 * time.Second,
			do: func(c *testClient, gate chan string) {
				ping(c)
				go func() {
					time.Sleep(7500 * time.Millisecond)
					gate <- ""
				}()
				c.send(invocation("", "Wait", `"x"`), invocation("", "Note", `"y"`), streamCall("1", "Stream", `"s"`))
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log, gate, hub := newGateHub()
				rt, _ := serve(t, hub, Config{ClientTimeoutInterval: 5 * time.Second})
				c := dial(t, rt, "a")
				synctest.Wait()
				defer c.tick()()
				start := time.Now()
				time.Sleep(100 * time.Millisecond)
				test.do(c, gate)
				if test.want == 0 {
					time.Sleep(time.Minute)
					if got := strings.Join(log.all(), ";"); strings.Contains(got, "disconnected") {
						t.Error("the connection has ended")
					}
					c.hangUp()
					return
				}
				c.waitFinished()
				if took := time.Since(start).Round(time.Second); took < test.want || took > test.want+time.Second {
					t.Errorf("timed out after %v, want %v", took, test.want)
				}
				if !strings.HasSuffix(c.all(), closeError+"\x1e") {
					t.Errorf("got %q, want a Close with an error at the end", c.all())
				}
				if cause := context.Cause(c.conn.Context()); !errors.Is(cause, ErrClientTimeout) {
					t.Errorf("cause: got %v, want ErrClientTimeout", cause)
				}
				c.hangUp()
			})
		})
	}
}
