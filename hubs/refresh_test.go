package hubs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hubwire/signalr/auth"
)

// renewedHub says what it is told of new credentials, and does what a test
// wants.
type renewedHub struct {
	Hub

	log     *eventLog
	onEvent func(ctx context.Context, h *renewedHub) error // nil: nothing
	enter   chan struct{}                                  // OnConnected waits for it, unless nil
	hold    chan struct{}                                  // Hold waits for it
}

func (h *renewedHub) OnConnected(context.Context) error {
	if h.enter != nil {
		h.log.add("connecting")
		<-h.enter
	}
	return nil
}

func (h *renewedHub) Hold(ctx context.Context) string {
	h.log.add("hold")
	select {
	case <-h.hold:
	case <-ctx.Done():
	}
	return h.Context().User().Name()
}

func (h *renewedHub) Who() string { return h.Context().User().Name() }

func (h *renewedHub) OnAuthenticationRefreshed(ctx context.Context) error {
	h.log.add("refreshed to " + h.Context().User().Name())
	if h.onEvent != nil {
		return h.onEvent(ctx, h)
	}
	return nil
}

// named is the user of all these tests under another name.
func named(name string) *auth.Principal {
	return auth.NewPrincipal(auth.Identity{ID: "ann", Name: name})
}

func by(name string) func(*testConn) { return func(c *testConn) { c.user = named(name) } }

// renew is what a transport does when its user has shown new credentials.
func (c *testClient) renew(name string) {
	if !c.conn.AcceptsUser(named(name), c.request) {
		c.t.Errorf("%s was not accepted", name)
	}
	c.user = named(name)
	c.conn.UserRefreshed()
}

func TestRefreshedWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	log, hold := newEventLog(), make(chan struct{})
	filtered := Filter{Invoke: func(ctx context.Context, inv *InvocationContext, next InvokeFunc) (any, error) {
		log.add("filter " + inv.Method)
		return next(ctx, inv)
	}}
	rt, _ := serve(t, func() *renewedHub { return &renewedHub{log: log, hold: hold} }, Config{Filters: []Filter{filtered}})
	c := dial(t, rt, "c", by("old"))
	c.call("1", "Hold", "")
	log.wait(2)
	c.renew("new")
	c.renew("newer")
	c.call("2", "Who", "")
	close(hold)
	c.want(`{"type":3,"invocationId":"1","result":"old"}`, `{"type":3,"invocationId":"2","result":"newer"}`)
	want := []string{"filter Hold", "hold", "refreshed to newer", "filter Who"}
	if got := log.all(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRefreshedWhileConnecting(t *testing.T) {
	t.Parallel()
	log, enter := newEventLog(), make(chan struct{})
	rt, _ := serve(t, func() *renewedHub { return &renewedHub{log: log, enter: enter} }, Config{})
	c := dial(t, rt, "c", by("old"))
	log.wait(1)
	c.renew("new")
	close(enter)
	if got := log.wait(2); got[1] != "refreshed to new" {
		t.Errorf("got %q, want the event behind OnConnected", got)
	}
}

func TestErrorsOfRefreshedAreOnlyLogged(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(context.Context, *renewedHub) error{
		"an error": func(context.Context, *renewedHub) error { return errors.New("no") },
		"a panic":  func(context.Context, *renewedHub) error { panic("no") },
		"a question to the client": func(ctx context.Context, h *renewedHub) error {
			err := h.Clients().Caller().Invoke(ctx, nil, "Answer")
			if !errors.Is(err, ErrResultsNotAllowed) {
				h.log.add(fmt.Sprint("got ", err))
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newEventLog()
			rt, _ := serve(t, func() *renewedHub { return &renewedHub{log: log, onEvent: fail} }, Config{})
			c := dial(t, rt, "c", by("old"))
			for i := range 2 {
				c.renew(fmt.Sprint("new", i))
				c.call("1", "Who", "")
				c.want(fmt.Sprintf(`{"type":3,"invocationId":"1","result":"new%d"}`, i))
			}
			if got := log.all(); !slices.Equal(got, []string{"refreshed to new0", "refreshed to new1"}) {
				t.Errorf("got %q, want to be told each time", got)
			}
		})
	}
}

func TestOnAuthenticationRefreshedIsNotCallable(t *testing.T) {
	t.Parallel()
	rt, _ := serve(t, func() *renewedHub { return &renewedHub{log: newEventLog()} }, Config{})
	c := dial(t, rt, "c")
	c.call("1", "OnAuthenticationRefreshed", "")
	if got := c.next(); !strings.Contains(got, "Failed to invoke") {
		t.Errorf("got %s, want no such method", got)
	}
	if _, _, err := NewRuntime(func() *oddRefreshHub { return &oddRefreshHub{} }, Config{}); err == nil ||
		!strings.Contains(err.Error(), "OnAuthenticationRefreshed") {
		t.Errorf("got %v, want an error that names the method", err)
	}
}

type oddRefreshHub struct{ Hub }

func (h *oddRefreshHub) OnAuthenticationRefreshed() {}

// The authorization of one method costs the calls of others nothing.
func TestUnguardedCallsPayNothingForPolicies(t *testing.T) { //nolint:paralleltest // AllocsPerRun refuses
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	deny := func(context.Context, *InvocationContext) error { return errors.New("no") }
	calls := func(cfg Config) float64 {
		rt, _ := serve(t, func() *benchHub { return &benchHub{} }, cfg)
		s := newSink()
		s.expect(1)
		c := rt.Connect(s)
		c.Receive([]byte("{\"protocol\":\"json\",\"version\":1}\x1e"))
		<-s.done
		c.wait(func() bool { return c.phase == open })
		p := []byte(invocation("1", "Echo", text64) + "\x1e")
		return testing.AllocsPerRun(2000, func() {
			s.expect(1)
			c.Receive(p)
			<-s.done
		})
	}
	without := calls(Config{})
	with := calls(Config{MethodPolicies: map[string][]Policy{"Quiet": {deny}, "Count": {deny}}})
	if with > without {
		t.Errorf("got %v allocations a call in a hub with policies, want the %v of one without", with, without)
	}
}
