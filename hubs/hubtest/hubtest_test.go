package hubtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/hubtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// board is a hub that uses everything a hub has.
type board struct {
	hubs.Hub
}

func (b *board) OnConnected(ctx context.Context) error {
	return b.Groups().Add(ctx, b.Context().ConnectionID(), "members")
}

func (b *board) Everywhere(ctx context.Context) error {
	c := b.Clients()
	return errors.Join(
		c.All().Send(ctx, "M", 1),
		c.AllExcept("a", "b").Send(ctx, "M"),
		c.Others().Send(ctx, "M", "x", []int{1}),
		c.Caller().Send(ctx, "M"),
		c.Client("a").Send(ctx, "M"),
		c.Clients("a", "b").Send(ctx, "M"),
		c.Group("g").Send(ctx, "M"),
		c.GroupExcept("g", "a").Send(ctx, "M"),
		c.OthersInGroup("g").Send(ctx, "M"),
		c.Groups("g", "h").Send(ctx, "M"),
		c.User("u").Send(ctx, "M"),
		c.Users("u", "v").Send(ctx, "M"),
	)
}

func (b *board) Unsendable(ctx context.Context) error {
	return b.Clients().All().Send(ctx, "M", make(chan int))
}

func texts(sent []hubtest.Sent) []string {
	var lines []string
	for _, s := range sent {
		lines = append(lines, s.String())
	}
	return lines
}

func TestRecordsEveryTarget(t *testing.T) {
	t.Parallel()
	hub := new(board)
	recorder := hubtest.New(t, hub)
	if err := hub.Everywhere(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`All.M(1)`, `AllExcept("a", "b").M()`, `AllExcept("caller").M("x", [1])`, `Client("caller").M()`, `Client("a").M()`,
		`Clients("a", "b").M()`, `Group("g").M()`, `GroupExcept("g", "a").M()`, `GroupExcept("g", "caller").M()`,
		`Groups("g", "h").M()`, `User("u").M()`, `Users("u", "v").M()`,
	}
	if got := texts(recorder.Sent()); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := len(recorder.Take()); n != len(want) {
		t.Errorf("got %d from Take, want %d", n, len(want))
	}
	if n := len(recorder.Take()); n != 0 {
		t.Errorf("got %d from the second Take, want none", n)
	}
}

func TestCallerAndEvents(t *testing.T) {
	t.Parallel()
	hub := new(board)
	request := httptest.NewRequest(http.MethodGet, "/board?color=red", http.NoBody)
	recorder := hubtest.New(t, hub,
		hubtest.WithConnectionID("c1"),
		hubtest.WithUser(auth.NewPrincipal(auth.Identity{ID: "7", Name: "Ann"})),
		hubtest.WithRequest(request))

	c := hub.Context()
	if got := fmt.Sprint(c.ConnectionID(), c.User().Name(), c.UserIdentifier(), c.Request().URL.Query().Get("color")); got != "c1Ann7red" {
		t.Errorf("got caller %s", got)
	}
	if got := recorder.Members("members"); len(got) != 0 {
		t.Errorf("OnConnected ran by itself: got members %v", got)
	}
	if err := hub.OnConnected(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := recorder.Members("members"); !slices.Equal(got, []string{"c1"}) {
		t.Errorf("got members %v, want c1", got)
	}
	if err := hub.Groups().Remove(t.Context(), "c1", "members"); err != nil {
		t.Fatal(err)
	}
	if got := recorder.Members("members"); len(got) != 0 {
		t.Errorf("got members %v, want none", got)
	}
}

func TestContextIsReal(t *testing.T) {
	t.Parallel()
	hub := new(board)
	ended, cancel := context.WithCancel(t.Context())
	cancel() // of the request, not of the connection
	hubtest.New(t, hub, hubtest.WithRequest(httptest.NewRequestWithContext(ended, http.MethodGet, "/board", http.NoBody)))
	hub.Context().Items().Store("key", 1)
	if n, ok := hubs.Item[int](hub.Context().Items(), "key"); !ok || n != 1 {
		t.Errorf("got item %v, %v, want 1", n, ok)
	}
	aborted := hub.Context().ConnectionAborted()
	if aborted.Err() != nil {
		t.Fatal("the connection has ended before Abort")
	}
	hub.Context().Abort()
	<-aborted.Done()
	if cause := context.Cause(aborted); !errors.Is(cause, hubs.ErrAborted) {
		t.Errorf("got cause %v, want ErrAborted", cause)
	}
}

func TestUnsendable(t *testing.T) {
	t.Parallel()
	hub := new(board)
	recorder := hubtest.New(t, hub)
	if err := hub.Unsendable(t.Context()); err == nil || !strings.Contains(err.Error(), `client method "M"`) {
		t.Errorf("got %v, want an error that names the client method", err)
	}
	if sent := recorder.Sent(); len(sent) != 0 {
		t.Errorf("got %v, want nothing sent", sent)
	}
}

func TestStartRefusesWhatMapHubRefuses(t *testing.T) {
	t.Parallel()
	type client struct{ Move func(x, y int) error }
	type hub struct{ hubs.Typed[client] }
	if _, err := hubtest.Start(new(hub)); err == nil || !strings.Contains(err.Error(), "client.Move") {
		t.Errorf("got %v, want an error that names the field", err)
	}
}

// player is the client of a game.
type player struct {
	Move func(ctx context.Context, x, y int) error
	Name func(ctx context.Context) (string, error) `signalr:"getName"`
}

type game struct{ hubs.Typed[player] }

func (g *game) Ask(ctx context.Context, id string) (string, error) {
	return g.Clients().Client(id).Name(ctx)
}

func TestTypedAnswers(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, tt := range []struct {
		name   string
		answer hubtest.AnswerFunc
		want   string
		check  func(error) bool
	}{
		{
			"a value", func(_ context.Context, asked hubtest.Sent) (any, error) { return "player " + asked.Target.IDs[0], nil },
			"player p1", func(err error) bool { return err == nil },
		},
		{
			"an error becomes the client's", func(context.Context, hubtest.Sent) (any, error) { return nil, broken },
			"", func(err error) bool { var e *hubs.Error; return errors.As(err, &e) && e.Text == "broken" },
		},
		{
			"nobody there", func(context.Context, hubtest.Sent) (any, error) { return nil, hubs.NoConnectionError("p1") },
			"", func(err error) bool { return errors.Is(err, hubs.ErrNoConnection) },
		},
		{
			"a value of another type", func(context.Context, hubtest.Sent) (any, error) { return 7, nil },
			"", func(err error) bool { return err != nil },
		},
		{"no answer", nil, "", func(err error) bool { return err != nil && strings.Contains(err.Error(), "Recorder.Answer") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			hub := new(game)
			recorder := hubtest.New(t, hub)
			if tt.answer != nil {
				recorder.Answer("getName", tt.answer)
			}
			got, err := hub.Ask(t.Context(), "p1")
			if got != tt.want || !tt.check(err) {
				t.Errorf("got %q, %v", got, err)
			}
			if sent := texts(recorder.Sent()); !slices.Equal(sent, []string{`Client("p1").getName()`}) || !recorder.Sent()[0].Asked {
				t.Errorf("got %v sent", sent)
			}
		})
	}
}

func TestCanceledAsking(t *testing.T) {
	t.Parallel()
	hub := new(game)
	recorder := hubtest.New(t, hub)
	ctx, cancel := context.WithCancel(t.Context())
	recorder.Answer("getName", func(ctx context.Context, _ hubtest.Sent) (any, error) {
		cancel()
		<-ctx.Done()
		return "late", nil
	})
	if _, err := hub.Ask(ctx, "p1"); !errors.Is(err, hubs.ErrInvocationCanceled) {
		t.Errorf("got %v, want ErrInvocationCanceled", err)
	}
}

func TestHubContext(t *testing.T) {
	t.Parallel()
	recorder := hubtest.New(t, new(game))
	if err := recorder.HubContext().Clients().All().Move(t.Context(), 1, 2); err != nil {
		t.Fatal(err)
	}
	if got := texts(recorder.Sent()); !slices.Equal(got, []string{"All.Move(1, 2)"}) {
		t.Errorf("got %v", got)
	}
}
