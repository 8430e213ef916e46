package hubs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
)

// logging is a filter that notes what goes through it.
func logging(log *eventLog, name string) Filter {
	return Filter{
		Invoke: func(ctx context.Context, inv *InvocationContext, next InvokeFunc) (any, error) {
			log.add(fmt.Sprint(name, " in ", inv.Method, inv.Arguments))
			result, err := next(ctx, inv)
			log.add(fmt.Sprint(name, " out ", result, " ", err))
			return result, err
		},
		Connected: func(ctx context.Context, c *Context, next func(context.Context) error) error {
			log.add(name + " connected " + c.ConnectionID())
			return next(ctx)
		},
		Disconnected: func(ctx context.Context, c *Context, err error, next func(context.Context, error) error) error {
			log.add(fmt.Sprint(name, " disconnected ", err))
			return next(ctx, errors.New("changed by "+name))
		},
	}
}

func TestFilterOrder(t *testing.T) {
	t.Parallel()
	log := newEventLog()
	rt, _ := serve(t, newEventHub(log), Config{Filters: []Filter{logging(log, "f"), {}, logging(log, "g")}})
	c := dial(t, rt, "a")
	c.call("1", "Echo", `"x"`)
	c.want(result("1", `"x"`))
	c.call("2", "Nope", ``) // filters see nothing of it
	c.call("3", "Echo", `1`)
	c.next()
	c.next()
	c.send(`{"type":7,"error":"bye"}`)
	c.want(closePlain, "")
	c.hangUp()
	equal(t, "log", log.all(),
		"f connected a", "g connected a", "connected a",
		"f in Echo[x]", "g in Echo[x]", "g out x <nil>", "f out x <nil>",
		"f disconnected bye", "g disconnected changed by f", "disconnected a: changed by g")
}

func TestFiltersChangeCalls(t *testing.T) {
	t.Parallel()
	with := func(f func(ctx context.Context, inv *InvocationContext, next InvokeFunc) (any, error)) []Filter {
		return []Filter{{Invoke: f}}
	}
	tests := []struct {
		name, method, args string
		filters            []Filter
		want               string
	}{
		{
			name: "arguments", method: "Add", args: "1,2", want: result("1", "12"),
			filters: with(func(ctx context.Context, inv *InvocationContext, next InvokeFunc) (any, error) {
				inv.Arguments[0] = 10
				return next(ctx, inv)
			}),
		},
		{
			name: "arguments to nil", method: "Optional", args: `"x"`, want: result("1", "null"),
			filters: with(func(ctx context.Context, inv *InvocationContext, next InvokeFunc) (any, error) {
				inv.Arguments[0] = nil
				return next(ctx, inv)
			}),
		},
		{
			name: "arguments of another type", method: "Add", args: "1,2", want: failed("1", "Add", ""),
			filters: with(func(ctx context.Context, inv *InvocationContext, next InvokeFunc) (any, error) {
				inv.Arguments[0] = "x"
				return next(ctx, inv)
			}),
		},
		{
			name: "fewer arguments", method: "Add", args: "1,2", want: failed("1", "Add", ""),
			filters: with(func(ctx context.Context, inv *InvocationContext, next InvokeFunc) (any, error) {
				inv.Arguments = nil
				return next(ctx, inv)
			}),
		},
		{
			name: "result", method: "Echo", args: `"a"`, want: result("1", `{"x":1,"y":2}`),
			filters: with(func(ctx context.Context, inv *InvocationContext, next InvokeFunc) (any, error) {
				_, err := next(ctx, inv)
				return point{1, 2}, err
			}),
		},
		{
			name: "no call at all", method: "Fails", args: `"a"`, want: result("1", "7"),
			filters: with(func(context.Context, *InvocationContext, InvokeFunc) (any, error) { return 7, nil }),
		},
		{
			name: "error", method: "Echo", args: `"a"`, want: failed("1", "Echo", " HubException: no"),
			filters: with(func(context.Context, *InvocationContext, InvokeFunc) (any, error) { return nil, Errorf("no") }),
		},
		{
			name: "panic", method: "Echo", args: `"a"`, want: failed("1", "Echo", ""),
			filters: with(func(context.Context, *InvocationContext, InvokeFunc) (any, error) { panic("boom") }),
		},
		{
			name: "ctx", method: "Value", args: ``, want: result("1", `"from the filter"`),
			filters: with(func(ctx context.Context, inv *InvocationContext, next InvokeFunc) (any, error) {
				return next(context.WithValue(ctx, filterKey{}, "from the filter"), inv)
			}),
		},
		{
			name: "the hub is there", method: "Echo", args: `"a"`, want: result("1", `"a"`),
			filters: with(func(ctx context.Context, inv *InvocationContext, next InvokeFunc) (any, error) {
				if inv.Hub.(*filteredHub).Context() != inv.Context {
					return nil, Errorf("another hub")
				}
				return next(ctx, inv)
			}),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rt, _ := serve(t, func() *filteredHub { return new(filteredHub) }, Config{Filters: test.filters})
			c := dial(t, rt, "a")
			c.call("1", test.method, test.args)
			c.want(test.want)
			c.hangUp()
		})
	}
}

type filterKey struct{}

type filteredHub struct {
	callHub // a base hub: its methods are callable too
}

func (h *filteredHub) Value(ctx context.Context) string {
	v, _ := ctx.Value(filterKey{}).(string)
	return v
}

func TestFiltersAndStreams(t *testing.T) {
	t.Parallel()
	log := newEventLog()
	rt, _ := serve(t, func() *feedHub { return &feedHub{log: log} }, Config{Filters: []Filter{{
		Invoke: func(ctx context.Context, inv *InvocationContext, next InvokeFunc) (any, error) {
			result, err := next(ctx, inv)
			log.add("stream returned")
			switch s := result.(type) {
			case iter.Seq[int]: // doubled
				return iter.Seq[int](func(yield func(int) bool) {
					for i := range s {
						if !yield(2 * i) {
							return
						}
					}
				}), err
			case iter.Seq[point]: // another type
				return withErr(upTo(1, func(int) string { return "changed" }), nil), err
			case <-chan int:
				return "no stream", err
			}
			return result, err
		},
	}}})
	c := dial(t, rt, "a")
	c.send(streamCall("1", "Seq", "3"))
	c.want(item("1", "0"), item("1", "2"), item("1", "4"), streamEnd("1"))
	c.send(streamCall("1", "SeqP", "3"))
	c.want(item("1", `"changed"`), streamEnd("1"))
	c.send(streamCall("1", "Chan", "3"))
	if got, want := c.next(), "not a ChannelReader"; !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	c.hangUp()
}
