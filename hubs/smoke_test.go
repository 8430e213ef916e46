package hubs

import (
	"context"
	"testing"
)

type echoHub struct {
	Hub
}

func (h *echoHub) Echo(s string) string { return s }
func (h *echoHub) Add(ctx context.Context, a, b int) (int, error) { return a + b, nil }
func (h *echoHub) Nothing()            {}

func TestSmoke(t *testing.T) {
	t.Parallel()
	rt, _ := serve(t, func() *echoHub { return &echoHub{} }, Config{})
	c := dial(t, rt, "a")
	c.call("1", "echo", `"hi"`)
	c.want(`{"type":3,"invocationId":"1","result":"hi"}`)
	c.call("2", "Add", `1,2`)
	c.want(`{"type":3,"invocationId":"2","result":3}`)
	c.call("3", "Nothing", ``)
	c.want(`{"type":3,"invocationId":"3","result":null}`)
	c.send(`{"type":7}`)
	c.want(`{"type":7}`, "")
	c.conn.Ended(nil)
}
