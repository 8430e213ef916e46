package hubs

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// gateHub has methods that stay until they are let go.
type gateHub struct {
	Hub
	log  *eventLog
	gate chan string // a token for each method to let go
}

func newGateHub() (*eventLog, chan string, func() *gateHub) {
	log, gate := newEventLog(), make(chan string)
	return log, gate, func() *gateHub { return &gateHub{log: log, gate: gate} }
}

func (h *gateHub) Wait(tag string) string {
	h.log.add("start " + tag)
	<-h.gate
	return tag
}

func (h *gateHub) WaitCtx(ctx context.Context, tag string) (string, error) {
	h.log.add("start " + tag)
	<-ctx.Done()
	h.log.add("stop " + tag + ": " + context.Cause(ctx).Error())
	return "", ctx.Err()
}

func (h *gateHub) Note(tag string) { h.log.add("note " + tag) }

func (h *gateHub) Echo(s string) string { return s }

func (h *gateHub) Ask(ctx context.Context, tag string) (string, error) {
	h.log.add("ask " + tag)
	return Invoke[string](ctx, h.Clients().Caller(), "Answer", tag)
}

func (h *gateHub) Stream(tag string) iter.Seq[string] {
	h.log.add("stream " + tag)
	return func(yield func(string) bool) { yield(tag) }
}

func (h *gateHub) Upload(tag string, items iter.Seq[string]) string {
	h.log.add("upload " + tag)
	for item := range items {
		tag += item
	}
	return tag
}

func (h *gateHub) OnDisconnected(context.Context, error) error {
	h.log.add("disconnected")
	return nil
}

func result(id, json string) string {
	return `{"type":3,"invocationId":"` + id + `","result":` + json + `}`
}

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestCallsOfAClientRunOneAfterTheOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, gate, hub := newGateHub()
		rt, _ := serve(t, hub, Config{})
		c := dial(t, rt, "a")
		c.send(invocation("1", "Wait", `"a"`), invocation("2", "Wait", `"b"`), invocation("3", "Note", `"c"`))
		synctest.Wait()
		equal(t, "before the first ends", log.all(), "start a")
		gate <- ""
		c.want(result("1", `"a"`))
		synctest.Wait()
		equal(t, "before the second ends", log.all(), "start a", "start b")
		gate <- ""
		c.want(result("2", `"b"`), result("3", "null"))
		c.hangUp()
	})
}

func TestParallelCallsBeginInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, gate, hub := newGateHub()
		rt, _ := serve(t, hub, Config{MaximumParallelInvocationsPerClient: 3})
		c := dial(t, rt, "a")
		for i := range 4 {
			c.call(fmt.Sprint(i), "Wait", fmt.Sprintf("%q", fmt.Sprint(i)))
			synctest.Wait()
		}
		equal(t, "started", log.all(), "start 0", "start 1", "start 2")
		for range 4 {
			gate <- ""
		}
		synctest.Wait()
		equal(t, "in the end", log.all(), "start 0", "start 1", "start 2", "start 3")
		c.hangUp()
	})
}

func TestLivenessBehindARunningCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, gate, hub := newGateHub()
		rt, _ := serve(t, hub, Config{})
		c := dial(t, rt, "a")
		c.call("1", "Wait", `"a"`)
		// Nothing of this needs a permit, so all of it goes on.
		c.send(`{"type":4,"invocationId":"2","target":"Stream","arguments":["s"]}`,
			`{"type":1,"invocationId":"3","target":"Upload","arguments":["u"],"streamIds":["x"]}`,
			`{"type":2,"invocationId":"x","item":"1"}`, `{"type":3,"invocationId":"x"}`,
			invocation("4", "Nope", ``))
		synctest.Wait()
		equal(t, "log", log.all(), "start a", "stream s", "upload u")
		got := []string{c.next(), c.next(), c.next(), c.next()}
		for _, want := range []string{
			`{"type":2,"invocationId":"2","item":"s"}`, `{"type":3,"invocationId":"2"}`, result("3", `"u1"`),
			completion("4", "Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist."),
		} {
			if !strings.Contains(strings.Join(got, "\n"), want) {
				t.Errorf("answers: got %v, want also %s", got, want)
			}
		}
		gate <- ""
		c.want(result("1", `"a"`))
		c.hangUp()
	})
}

func TestStreamsWaitForTheCallsBeforeThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, gate, hub := newGateHub()
		rt, _ := serve(t, hub, Config{})
		c := dial(t, rt, "a")
		received := make(chan struct{})
		go func() { // ends when the second call has begun
			defer close(received)
			c.send(invocation("1", "Wait", `"a"`), invocation("2", "Note", `"b"`),
				`{"type":4,"invocationId":"3","target":"Stream","arguments":["s"]}`, invocation("4", "Note", `"c"`))
		}()
		synctest.Wait()
		equal(t, "while the first runs", log.all(), "start a")
		gate <- ""
		<-received
		synctest.Wait()
		equal(t, "in the end", log.all(), "start a", "note b", "stream s", "note c")
		c.hangUp()
	})
}

func TestReceiveBlocksWhenTooMuchIsPending(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		text string
		most int
	}{
		{name: "calls", text: "x", most: maxPendingCalls},
		{name: "bytes", text: strings.Repeat("x", 8000), most: maxPendingBytes/8000 + 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, gate, hub := newGateHub()
				rt, _ := serve(t, hub, Config{})
				c := dial(t, rt, "a")
				c.call("w", "Wait", `"a"`)
				synctest.Wait() // it has begun
				sent, done := 0, make(chan struct{})
				go func() { // ends when all is sent
					defer close(done)
					for range test.most + 5 {
						c.call("", "Note", `"`+test.text+`"`)
						sent++
					}
				}()
				synctest.Wait()
				if sent != test.most {
					t.Errorf("calls taken: got %d, want %d", sent, test.most)
				}
				gate <- ""
				<-done
				c.want(result("w", `"a"`))
				c.hangUp()
			})
		})
	}
}

func TestReceiveUnblocksWhenTheTransportEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, gate, hub := newGateHub()
		rt, _ := serve(t, hub, Config{})
		c := dial(t, rt, "a")
		done := make(chan struct{})
		go func() { // ends with the transport
			defer close(done)
			c.send(invocation("1", "Wait", `"a"`), invocation("2", "Note", `"b"`),
				`{"type":4,"invocationId":"3","target":"Stream","arguments":["s"]}`)
		}()
		synctest.Wait()
		c.Abort(context.Canceled)
		<-done
		ended := make(chan struct{})
		go func() { // ends when the connection has
			defer close(ended)
			c.conn.Ended(nil)
		}()
		synctest.Wait()
		equal(t, "while the first call runs", log.all(), "start a")
		gate <- ""
		<-ended
		equal(t, "in the end", log.all(), "start a", "note b", "disconnected")
	})
}

func TestCallsThatNeverBeginAreDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, gate, hub := newGateHub()
		rt, _ := serve(t, hub, Config{})
		c := dial(t, rt, "a")
		c.send(invocation("1", "Wait", `"a"`), invocation("2", "Note", `"b"`))
		synctest.Wait()
		start := time.Now()
		c.hangUp()
		if took := time.Since(start); took != drainTimeout {
			t.Errorf("the end took %v, want %v", took, drainTimeout)
		}
		gate <- ""
		synctest.Wait()
		equal(t, "log", log.all(), "start a", "disconnected")
	})
}

func TestCloseComesAfterTheCallsBeforeIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, gate, hub := newGateHub()
		rt, _ := serve(t, hub, Config{})
		c := dial(t, rt, "a")
		done := make(chan struct{})
		go func() { // ends when the calls have begun
			defer close(done)
			c.send(invocation("1", "Wait", `"a"`), invocation("", "Note", `"b"`), `{"type":7}`, invocation("", "Note", `"never"`))
		}()
		synctest.Wait()
		gate <- ""
		<-done
		c.want(result("1", `"a"`), `{"type":7}`, "")
		equal(t, "log", log.all(), "start a", "note b", "disconnected")
		c.hangUp()
	})
}

func TestCancelOfPlainCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, _, hub := newGateHub()
		rt, _ := serve(t, hub, Config{})
		c := dial(t, rt, "a")
		c.send(invocation("1", "WaitCtx", `"a"`), invocation("2", "WaitCtx", `"b"`))
		synctest.Wait()
		// That of the call that waits is not lost, other than by ids nobody has.
		c.send(`{"type":5,"invocationId":"2"}`, `{"type":5,"invocationId":"3"}`)
		synctest.Wait()
		equal(t, "log", log.all(), "start a")
		c.send(`{"type":5,"invocationId":"1"}`)
		c.want(failed("1", "WaitCtx", ""), failed("2", "WaitCtx", ""))
		equal(t, "log", log.all(), "start a", "stop a: "+ErrCallCanceled.Error(), "start b", "stop b: "+ErrCallCanceled.Error())
		c.call("4", "WaitCtx", `"c"`) // ended by the connection
		synctest.Wait()
		c.hangUp()
		synctest.Wait()
		if got := log.all(); !strings.Contains(strings.Join(got, ";"), "stop c: "+ErrConnectionClosed.Error()) {
			t.Errorf("log: got %v, want the third call stopped by the connection's end", got)
		}
	})
}

func TestPlainCallWithAnIDInUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, _, hub := newGateHub()
		rt, _ := serve(t, hub, Config{MaximumParallelInvocationsPerClient: 2})
		c := dial(t, rt, "a")
		c.call("1", "WaitCtx", `"a"`)
		synctest.Wait()
		c.call("1", "WaitCtx", `"b"`)
		c.want(completion("1", "Invocation ID '1' is already in use."))
		c.call("1", "Echo", `"no ctx, so nobody minds"`)
		c.want(result("1", `"no ctx, so nobody minds"`))
		c.send(`{"type":5,"invocationId":"1"}`) // the first can be canceled still
		c.want(failed("1", "WaitCtx", ""))
		c.hangUp()
	})
}
