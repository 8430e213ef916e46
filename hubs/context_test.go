package hubs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hubwire/signalr/auth"
)

func TestLifespan(t *testing.T) {
	t.Parallel()
	type key struct{}
	base := context.WithValue(context.Background(), key{}, "value")
	stop := errors.New("stop")

	for name, prepare := range map[string]func(l *lifespan) context.Context{
		"nobody has looked":  func(l *lifespan) context.Context { return l },
		"Done was asked for": func(l *lifespan) context.Context { l.Done(); return l },
		"a child": func(l *lifespan) context.Context {
			child, cancel := context.WithCancel(l)
			t.Cleanup(cancel)
			return child
		},
		"a lifespan within": func(l *lifespan) context.Context { return &lifespan{parent: l} },
		"a lifespan within, asked": func(l *lifespan) context.Context {
			inner := &lifespan{parent: l}
			inner.Done()
			return inner
		},
		"a child of a lifespan within": func(l *lifespan) context.Context {
			child, cancel := context.WithCancel(&lifespan{parent: l})
			t.Cleanup(cancel)
			return child
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &lifespan{parent: base}
			ctx := prepare(l)
			if ctx.Err() != nil || context.Cause(ctx) != nil || ctx.Value(key{}) != "value" {
				t.Errorf("before the end: got %v, %v, %v, want nil, nil, value", ctx.Err(), context.Cause(ctx), ctx.Value(key{}))
			}
			if _, ok := ctx.Deadline(); ok {
				t.Error("it has a deadline")
			}
			l.end(stop)
			l.end(errors.New("too late"))
			<-ctx.Done()
			if ctx.Err() != context.Canceled || context.Cause(ctx) != stop || ctx.Value(key{}) != "value" { //nolint:errorlint // exactly these
				t.Errorf("after the end: got %v, %v, %v, want Canceled, stop, value", ctx.Err(), context.Cause(ctx), ctx.Value(key{}))
			}
			if l.why() != stop { //nolint:errorlint // exactly this
				t.Errorf("why: got %v, want stop", l.why())
			}
		})
	}
}

func TestLifespanRace(t *testing.T) {
	t.Parallel()
	for range 100 {
		l := &lifespan{parent: context.Background()}
		inner := &lifespan{parent: l}
		var wg sync.WaitGroup
		wg.Go(func() { l.end(errors.New("stop")) })
		wg.Go(func() { <-inner.Done() })
		wg.Go(func() {
			for inner.Err() == nil {
				inner.Value("x")
			}
		})
		wg.Wait()
		if context.Cause(inner) == nil {
			t.Fatal("no cause")
		}
	}
}

func TestLifespanAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun refuses
	l := &lifespan{parent: context.Background()}
	inner := &lifespan{parent: l}
	if got := testing.AllocsPerRun(100, func() {
		if inner.Err() == nil {
			inner.end(ErrCallEnded)
		}
	}); got > 0 {
		t.Errorf("a ctx that nobody waits for: got %v allocations, want none", got)
	}
}

func TestItems(t *testing.T) {
	t.Parallel()
	type key int
	items := new(Items)
	if v, ok := items.Load(key(1)); v != nil || ok {
		t.Errorf("empty: got %v, %t", v, ok)
	}
	items.Store(key(1), "a")
	if v, loaded := items.LoadOrStore(key(1), "b"); v != "a" || !loaded {
		t.Errorf("LoadOrStore: got %v, %t, want a, true", v, loaded)
	}
	if v, loaded := items.LoadOrStore(key(2), "b"); v != "b" || loaded {
		t.Errorf("LoadOrStore: got %v, %t, want b, false", v, loaded)
	}
	if v, ok := Item[string](items, key(1)); v != "a" || !ok {
		t.Errorf("Item: got %v, %t, want a, true", v, ok)
	}
	if v, ok := Item[int](items, key(1)); v != 0 || ok {
		t.Errorf("Item of another type: got %v, %t, want 0, false", v, ok)
	}
	seen := 0
	items.Range(func(k, v any) bool {
		seen++
		items.Delete(k)
		return seen < 2
	})
	if _, ok := items.Load(key(1)); seen != 2 || ok {
		t.Errorf("Range and Delete: saw %d, want 2 and then nothing", seen)
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			items.Update(key(3), func(old any) any {
				n, _ := old.(int)
				return n + 1
			})
		})
	}
	wg.Wait()
	if n, _ := Item[int](items, key(3)); n != 10 {
		t.Errorf("Update: got %d, want 10", n)
	}
}

// facts is what a hub can learn of its connection.
type factsHub struct {
	Hub
}

func (h *factsHub) Facts(ctx context.Context) []string {
	c := h.Context()
	user, ok := c.UserIdentifierOK()
	return []string{
		c.ConnectionID(), c.UserIdentifier(), user, fmt.Sprint(ok), c.User().Name(), c.Request().URL.Query().Get("room"),
		c.Protocol(), c.Hub(), c.Features().Transport(), fmt.Sprint(c.Features().SupportsBinary(), c.Features().InherentKeepAlive()),
		fmt.Sprint(ctx.Value(factsKey{}), c.ConnectionAborted().Value(factsKey{}), c.ConnectionAborted().Err()),
	}
}

func (h *factsHub) Count() int {
	n := h.Context().Items().Update("n", func(old any) any {
		n, _ := old.(int)
		return n + 1
	})
	return n.(int)
}

type factsKey struct{}

func TestContext(t *testing.T) {
	t.Parallel()
	rt, _ := serve(t, func() *factsHub { return new(factsHub) }, Config{Name: "facts"})
	c := dial(t, rt, "a", func(c *testConn) {
		c.user = auth.NewPrincipal(auth.Identity{ID: "u1", Name: "Ada"})
		c.request = c.request.WithContext(context.WithValue(c.request.Context(), factsKey{}, "v"))
	})
	c.call("1", "Facts", "")
	c.want(result("1", `["a","u1","u1","true","Ada","blue","json","facts","WebSockets","true false","vv<nil>"]`))
	c.call("1", "Count", "")
	c.call("2", "Count", "")
	c.want(result("1", "1"), result("2", "2"))
	c.hangUp()
}

// talkHub sends to every target there is.
type talkHub struct {
	Hub
}

func (h *talkHub) Join(ctx context.Context, id, group string) error {
	return h.Groups().Add(ctx, id, group)
}

func (h *talkHub) Leave(ctx context.Context, id, group string) error {
	return h.Groups().Remove(ctx, id, group)
}

func (h *talkHub) Talk(ctx context.Context) error {
	c := h.Clients()
	return errors.Join(
		c.All().Send(ctx, "all"), c.AllExcept("b").Send(ctx, "allExcept"), c.Others().Send(ctx, "others"),
		c.Caller().Send(ctx, "caller"), c.Client("b").Send(ctx, "client"), c.Clients("b", "b", "x").Send(ctx, "clients"),
		c.Group("g").Send(ctx, "group"), c.GroupExcept("g", "b").Send(ctx, "groupExcept"), c.OthersInGroup("g").Send(ctx, "othersInGroup"),
		c.Groups("g", "h").Send(ctx, "groups"), c.User("u").Send(ctx, "user"), c.Users("u", "v", "u").Send(ctx, "users"),
		c.Group("G").Send(ctx, "nobody"), c.Groups().Send(ctx, "nobody"), c.Users("").Send(ctx, "nobody"),
	)
}

func (h *talkHub) EmptyGroup(ctx context.Context) error {
	err := h.Clients().Groups("g", "").Send(ctx, "nobody")
	if !errors.Is(err, ErrEmptyGroup) {
		return Errorf("got %v", err)
	}
	return h.Clients().Group("").Send(ctx, "nobody")
}

func (h *talkHub) Unwritable(ctx context.Context) error {
	return h.Clients().All().Send(ctx, "nobody", func() {})
}

func TestTargets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt, hub := serve(t, func() *talkHub { return new(talkHub) }, Config{
			UserIDProvider: func(user *auth.Principal, _ *http.Request) (string, bool) { return user.ID(), user != nil },
		})
		as := func(id string) func(*testConn) {
			return func(c *testConn) { c.user = auth.NewPrincipal(auth.Identity{ID: id}) }
		}
		a, b, c := dial(t, rt, "a", as("u")), dial(t, rt, "b", as("v")), dial(t, rt, "c")
		for i, id := range []string{"a", "b", "b", "nobody"} {
			group := "g"
			if i == 2 {
				group = "h"
			}
			a.call("1", "Join", fmt.Sprintf(`%q,%q`, id, group))
			a.want(result("1", "null"))
		}
		a.call("1", "Talk", "")
		for client, want := range map[*testClient][]string{
			a: {"all", "allExcept", "caller", "group", "groupExcept", "groups", "user", "users"},
			b: {"all", "others", "client", "clients", "group", "othersInGroup", "groups", "groups", "users"},
			c: {"all", "allExcept", "others"},
		} {
			for _, method := range want {
				client.want(`{"type":1,"target":"` + method + `","arguments":[]}`)
			}
		}
		a.want(result("1", "null"))
		a.call("1", "Leave", `"a","g"`)
		a.want(result("1", "null"))
		a.call("1", "EmptyGroup", "")
		a.want(result("1", "null"))
		a.call("1", "Unwritable", "")
		a.want(failed("1", "Unwritable", "")) // and nobody noticed
		if err := hub.Groups().Add(t.Context(), "c", "k"); err != nil {
			t.Error(err)
		}
		if err := hub.Clients().Group("k").Send(t.Context(), "fromOutside", 1); err != nil {
			t.Error(err)
		}
		c.want(`{"type":1,"target":"fromOutside","arguments":[1]}`)
		if err := hub.Groups().Remove(t.Context(), "c", "k"); err != nil {
			t.Error(err)
		}
		if err := hub.Clients().Group("k").Send(t.Context(), "nobody"); err != nil {
			t.Error(err)
		}
		for _, client := range []*testClient{a, b, c} {
			client.hangUp()
			client.want("")
		}
	})
}

func TestErrors(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	for _, test := range []struct {
		name string
		err  error
		text string
		is   []error
	}{
		{"Errorf", Errorf("order %d", 7), "order 7", nil},
		{"Errorf with a cause", Errorf("order %d: %w", 7, cause), "order 7: cause", []error{cause}},
		{"Errorf with two causes", Errorf("%w, %w", cause, ErrAborted), "cause, hubs: the hub aborted the connection", []error{cause, ErrAborted}},
		{"canceled", CanceledError(cause), "Invocation canceled by the server.", []error{ErrInvocationCanceled, cause}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var hub *Error
			if !errors.As(test.err, &hub) || hub.Text != test.text || test.err.Error() != test.text {
				t.Errorf("got %v, want an Error with the text %s", test.err, test.text)
			}
			for _, is := range test.is {
				if !errors.Is(test.err, is) {
					t.Errorf("got %v, want it to be %v", test.err, is)
				}
			}
		})
	}
	for err, is := range map[error]error{NoConnectionError("a"): ErrNoConnection, DisconnectedError("a"): ErrDisconnected} {
		if !errors.Is(err, is) {
			t.Errorf("got %v, want it to be %v", err, is)
		}
	}
}
