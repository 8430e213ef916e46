package hubs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
)

// askHub asks clients.
type askHub struct {
	Hub
	log *eventLog
}

func (h *askHub) AskCaller(ctx context.Context, question string) (string, error) {
	return Invoke[string](ctx, h.Clients().Caller(), "Answer", question)
}

func (h *askHub) AskInt(ctx context.Context) (int, error) {
	return Invoke[int](ctx, h.Clients().Caller(), "AnswerInt")
}

func (h *askHub) AskPointer(ctx context.Context) (bool, error) {
	answer, err := Invoke[*string](ctx, h.Clients().Caller(), "Answer")
	return answer == nil, err
}

func (h *askHub) AskAndForget(ctx context.Context) error {
	return h.Clients().Caller().Invoke(ctx, nil, "Answer")
}

func (h *askHub) AskClient(ctx context.Context, id string) (string, error) {
	answer, err := Invoke[string](ctx, h.Clients().Client(id), "Answer")
	switch {
	case errors.Is(err, ErrNoConnection):
		h.log.add("no connection: " + err.Error())
	case errors.Is(err, ErrDisconnected):
		h.log.add("disconnected: " + err.Error())
	case errors.Is(err, ErrInvocationCanceled):
		h.log.add("canceled: " + err.Error())
	}
	return answer, err
}

func (h *askHub) AskThenWait(ctx context.Context) error {
	_, err := Invoke[string](ctx, h.Clients().Caller(), "Answer")
	h.log.add("answered")
	<-ctx.Done()
	return err
}

func (h *askHub) Note(s string) { h.log.add(s) }

func (h *askHub) OnDisconnected(ctx context.Context, _ error) error {
	_, err := Invoke[string](ctx, h.Clients().Caller(), "Answer")
	if !errors.Is(err, ErrDisconnected) && !errors.Is(err, ErrNoConnection) {
		h.log.add("OnDisconnected got an answer")
	}
	return nil
}

func serveAsks(t *testing.T) (*eventLog, *Runtime, *HubContext[*Clients]) {
	t.Helper()
	log := newEventLog()
	rt, hub := serve(t, func() *askHub { return &askHub{log: log} }, Config{})
	return log, rt, hub
}

func question(id, target, args string) string { return invocation(id, target, args) }

func TestClientResults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, args, target, answer, want string
	}{
		{name: "value", method: "AskCaller", args: `"q"`, target: "Answer", answer: `"result":"a"`, want: result("1", `"a"`)},
		{name: "int", method: "AskInt", target: "AnswerInt", answer: `"result":7`, want: result("1", `7`)},
		{name: "null for a reference", method: "AskPointer", target: "Answer", answer: `"result":null`, want: result("1", `true`)},
		{name: "nobody looks at it", method: "AskAndForget", target: "Answer", answer: `"result":[1,"x"]`, want: result("1", `null`)},
		{
			name: "error", method: "AskCaller", args: `"q"`, target: "Answer", answer: `"error":"no"`,
			want: failed("1", "AskCaller", " HubException: no"),
		},
		{
			name: "neither", method: "AskCaller", args: `"q"`, target: "Answer", answer: `"x":1`,
			want: failed("1", "AskCaller", " HubException: Exception of type 'Microsoft.AspNetCore.SignalR.HubException' was thrown."),
		},
		{
			name: "another type", method: "AskInt", target: "AnswerInt", answer: `"result":"7"`,
			want: " HubException: Error trying to deserialize result to Int32. ",
		},
		{
			name: "null for a number", method: "AskInt", target: "AnswerInt", answer: `"result":null`,
			want: " HubException: Error trying to deserialize result to Int32. ",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, rt, _ := serveAsks(t)
			c := dial(t, rt, "a")
			c.call("1", test.method, test.args)
			c.want(question("s1", test.target, test.args))
			c.send(`{"type":3,"invocationId":"s1",` + test.answer + `}`)
			if got := c.next(); !strings.Contains(got, test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
			c.send(`{"type":3,"invocationId":"s1","result":"again"}`) // nobody waits any more
			c.hangUp()
		})
	}
}

func TestAskingGivesThePermitBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, rt, _ := serveAsks(t)
		c := dial(t, rt, "a")
		c.send(invocation("1", "AskThenWait", ""), invocation("", "Note", `"overtakes"`))
		c.want(question("s1", "Answer", ""))
		synctest.Wait()
		equal(t, "log", log.all(), "overtakes")
		c.send(`{"type":3,"invocationId":"s1","result":"a"}`, invocation("", "Note", `"runs beside it"`), invocation("", "Note", `"in order"`))
		synctest.Wait()
		got := strings.Join(log.all(), ";")
		if !strings.Contains(got, "answered") || !strings.Contains(got, "runs beside it;in order") && !strings.Contains(got, "runs beside it;answered;in order") {
			t.Errorf("log: got %v", got)
		}
		c.send(`{"type":5,"invocationId":"1"}`)
		c.want(result("1", "null"))
		// The permit was given back once: again one call at a time.
		c.call("2", "AskThenWait", "")
		c.want(question("s2", "Answer", ""))
		c.hangUp()
		synctest.Wait()
		if permits := rt.permitsTaken(c.conn); permits != 0 {
			t.Errorf("permits taken in the end: got %d, want 0", permits)
		}
	})
}

func (r *Runtime) permitsTaken(c *Connection) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.permits
}

func TestAskingOtherConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, rt, _ := serveAsks(t)
		a, b := dial(t, rt, "a"), dial(t, rt, "b")
		a.call("1", "AskClient", `"nobody"`)
		a.want(failed("1", "AskClient", ""))
		a.call("2", "AskClient", `"b"`)
		b.want(question("s1", "Answer", ""))
		b.send(`{"type":3,"invocationId":"s1","result":"from b"}`)
		a.want(result("2", `"from b"`))
		a.call("3", "AskClient", `"b"`)
		b.want(question("s2", "Answer", ""))
		a.send(`{"type":5,"invocationId":"3"}`)
		a.want(failed("3", "AskClient", " HubException: Invocation canceled by the server."))
		b.send(`{"type":3,"invocationId":"s2","result":"late"}`)
		a.call("4", "AskClient", `"b"`)
		b.want(question("s3", "Answer", ""))
		b.hangUp()
		a.want(failed("4", "AskClient", ""))
		equal(t, "log", log.all(), "no connection: Connection 'nobody' does not exist.",
			"canceled: Invocation canceled by the server.", "disconnected: Connection 'b' disconnected.")
		a.hangUp()
	})
}

func TestForeignAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, rt, _ := serveAsks(t)
		a, b := dial(t, rt, "a"), dial(t, rt, "b")
		a.call("1", "AskCaller", `"q"`)
		a.want(question("s1", "Answer", `"q"`))
		b.send(`{"type":3,"invocationId":"s1","result":"mine"}`)
		b.want(`{"type":7,"error":"Connection closed with an error.","allowReconnect":true}`, "")
		if cause := context.Cause(b.conn.Context()); !errors.Is(cause, ErrForeignResult) {
			t.Errorf("cause: got %v, want ErrForeignResult", cause)
		}
		a.send(`{"type":3,"invocationId":"s1","result":"a"}`)
		a.want(result("1", `"a"`))
		a.hangUp()
	})
}

func TestAskingFromOutside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, rt, hub := serveAsks(t)
		c := dial(t, rt, "a")
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("stop")
		failed := make(chan error)
		go func() { // ends when it is canceled
			_, err := Invoke[string](ctx, hub.Clients().Client("a"), "Answer")
			failed <- err
		}()
		c.want(question("s1", "Answer", ""))
		cancel(stop)
		err := <-failed
		if hub := (*Error)(nil); !errors.Is(err, ErrInvocationCanceled) || !errors.Is(err, stop) || !errors.As(err, &hub) {
			t.Errorf("got %v, want ErrInvocationCanceled and the cause, as an Error", err)
		}
		c.hangUp()
		if _, err := Invoke[string](t.Context(), hub.Clients().Client("a"), "Answer"); !errors.Is(err, ErrNoConnection) {
			t.Errorf("after the end: got %v, want ErrNoConnection", err)
		}
	})
}

func TestAskingInOnConnected(t *testing.T) {
	t.Parallel()
	log := newEventLog()
	hub := func() *eventHub {
		return &eventHub{log: log, onConnected: func(h *eventHub, ctx context.Context) error {
			_, err := Invoke[string](ctx, h.Clients().Caller(), "Answer")
			if !errors.Is(err, ErrResultsNotAllowed) {
				t.Errorf("Caller: got %v, want ErrResultsNotAllowed", err)
			}
			_, err = Invoke[string](ctx, h.Clients().Client("b"), "Answer")
			return err
		}}
	}
	rt, _ := serve(t, hub, Config{EnableDetailedErrors: true})
	c := dial(t, rt, "a")
	c.want(`{"type":7,"error":"Connection closed with an error. InvalidOperationException: `+
		`Client results inside OnConnectedAsync Hub methods are not allowed."}`, "")
	c.hangUp()
}
