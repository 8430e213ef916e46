package hubs_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/hubtest"
	"github.com/hubwire/signalr/hubs/internal/testclient"
	"github.com/hubwire/signalr/hubs/protocol"
)

type viewer struct {
	Show func(ctx context.Context, page int) error        `signalr:"show"`
	Age  func(ctx context.Context) (*int, error)          `signalr:"getAge"`
	Name func(ctx context.Context, n int) (string, error) `signalr:"getName"`
}

type typedHub struct{ hubs.Typed[viewer] }

// AskCaller waits for an answer of the client that calls.
func (h *typedHub) AskCaller(ctx context.Context) (string, error) {
	return h.Clients().Caller().Name(ctx, 7)
}

// AskEverybody asks a target that cannot answer.
func (h *typedHub) AskEverybody(ctx context.Context) (string, error) {
	if _, err := h.Clients().All().Name(ctx, 7); !errors.Is(err, hubs.ErrSingleClientOnly) {
		return "", err
	}
	return "refused", nil
}

func TestTypedTargets(t *testing.T) {
	t.Parallel()
	hub := new(typedHub)
	recorder := hubtest.New(t, hub)
	inside, outside := hub.Clients(), recorder.HubContext().Clients()
	for _, tt := range []struct {
		to   viewer
		want string
	}{
		{inside.All(), `All.show(1)`},
		{inside.AllExcept("a"), `AllExcept("a").show(1)`},
		{inside.Caller(), `Client("caller").show(1)`},
		{inside.Others(), `AllExcept("caller").show(1)`},
		{inside.OthersInGroup("g"), `GroupExcept("g", "caller").show(1)`},
		{inside.Client("a"), `Client("a").show(1)`},
		{inside.Clients("a", "b"), `Clients("a", "b").show(1)`},
		{inside.Group("g"), `Group("g").show(1)`},
		{inside.GroupExcept("g", "a"), `GroupExcept("g", "a").show(1)`},
		{inside.Groups("g", "h"), `Groups("g", "h").show(1)`},
		{inside.User("u"), `User("u").show(1)`},
		{inside.Users("u", "v"), `Users("u", "v").show(1)`},
		{outside.All(), `All.show(1)`},
		{outside.Client("a"), `Client("a").show(1)`},
		{outside.Users("u"), `User("u").show(1)`},
	} {
		if err := tt.to.Show(t.Context(), 1); err != nil {
			t.Errorf("%s: %v", tt.want, err)
		}
		if sent := recorder.Take(); len(sent) != 1 || sent[0].String() != tt.want {
			t.Errorf("got %v, want %s", sent, tt.want)
		}
	}
	if err := inside.Groups("g", "").Show(t.Context(), 1); !errors.Is(err, hubs.ErrEmptyGroup) {
		t.Errorf("an empty name among groups: got %v, want ErrEmptyGroup", err)
	}
}

// TestTypedResult lets a real client answer while its call runs.
func TestTypedResult(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		method string
		answer func(c *testclient.Client, id string) error // nil: not asked
		want   string
	}{
		{"the result of the caller", "AskCaller", func(c *testclient.Client, id string) error { return c.Answer(id, "ann") }, `"ann"`},
		{"an error of the caller", "AskCaller", func(c *testclient.Client, id string) error {
			c.AnswerError(id, "no name")
			return nil
		}, "HubException: no name"},
		{"everybody is not asked", "AskEverybody", nil, `"refused"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			runtime, _, err := hubs.NewRuntime(func() *typedHub { return new(typedHub) }, hubs.Config{})
			if err != nil {
				t.Fatal(err)
			}
			client, err := testclient.Dial(t.Context(), runtime, testclient.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			call, err := protocol.JSON{}.AppendInvocation(nil, "1", tt.method, nil)
			if err != nil {
				t.Fatal(err)
			}
			client.Receive(call)
			m, err := client.Next(t.Context())
			if err == nil && tt.answer != nil {
				if string(m.Target) != "getName" || string(m.Arguments[0]) != "7" {
					t.Errorf("got a call of %s(%s), want getName(7)", m.Target, m.Arguments)
				}
				if err = tt.answer(client, m.InvocationID); err == nil {
					m, err = client.Next(t.Context())
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := string(m.Result) + m.Error; m.InvocationID != "1" || !strings.HasSuffix(got, tt.want) {
				t.Errorf("got completion of %s with %s, want of 1 with %s", m.InvocationID, got, tt.want)
			}
		})
	}
}

func TestTypedNullResult(t *testing.T) {
	t.Parallel()
	hub := new(typedHub)
	recorder := hubtest.New(t, hub, hubtest.WithUser(auth.NewPrincipal(auth.Identity{ID: "u"})))
	recorder.Answer("getAge", func(context.Context, hubtest.Sent) (any, error) { return nil, nil })
	if age, err := hub.Clients().Caller().Age(t.Context()); age != nil || err != nil {
		t.Errorf("got %v, %v, want a nil pointer", age, err)
	}
}

func TestTypedIsCheckedWhenRegistered(t *testing.T) {
	t.Parallel()
	type client struct {
		Good func(ctx context.Context) error
		Bad  func(text string) error
	}
	type hub struct{ hubs.Typed[client] }
	_, _, err := hubs.NewRuntime(func() *hub { return new(hub) }, hubs.Config{})
	if err == nil || !strings.Contains(err.Error(), "hubs_test.client.Bad: must take a context.Context first") {
		t.Errorf("got %v, want an error that names the field and the mend", err)
	}
}

// TestTypedAllIsKept checks that the client of everybody is made once.
func TestTypedAllIsKept(t *testing.T) { //nolint:paralleltest // AllocsPerRun refuses
	recorder := hubtest.New(t, new(typedHub))
	clients := recorder.HubContext().Clients()
	if n := testing.AllocsPerRun(10, func() { _ = clients.All() }); n != 0 {
		t.Errorf("got %v allocations for All, want none", n)
	}
}
