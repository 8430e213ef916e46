package hubs

import (
	"context"
	"testing"
)

type readyHub struct {
	Hub

	began, end chan struct{}
}

func (h *readyHub) Wait(ctx context.Context) {
	close(h.began)
	select {
	case <-h.end:
	case <-ctx.Done():
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	began, end := make(chan struct{}), make(chan struct{})
	rt, _ := serve(t, func() *readyHub { return &readyHub{began: began, end: end} }, Config{})
	c := connect(t, rt, "a")
	const shake = `{"protocol":"json","version":1}` + "\x1e"
	call := invocation("1", "Wait", "") + "\x1e"
	check := func(when, p string, want bool) {
		t.Helper()
		if got := c.conn.Ready([]byte(p)); got != want {
			t.Errorf("%s: got %v, want %v", when, got, want)
		}
	}
	check("before the handshake", shake, false)
	c.send(shake[:len(shake)-1])
	c.want("{}")
	c.conn.wait(func() bool { return c.conn.phase == open })
	check("one message", call, true)
	check("a part of one", call[:5], true)
	check("two messages", call+call, false)
	check("a Close message", `{"type":7}`+"\x1e", false)
	c.conn.Receive([]byte(call))
	<-began
	check("a call runs", call, false)
	close(end)
	c.want(`{"type":3,"invocationId":"1","result":null}`)
	c.hangUp()
}
