package hubtest_test

import (
	"context"
	"fmt"

	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/hubtest"
)

// ChatHub is the hub under test.
type ChatHub struct {
	hubs.Hub
}

func (h *ChatHub) Join(ctx context.Context, room string) error {
	if err := h.Groups().Add(ctx, h.Context().ConnectionID(), room); err != nil {
		return err
	}
	return h.Clients().OthersInGroup(room).Send(ctx, "Joined", h.Context().User().Name())
}

// A test has a *testing.T to give to New, which then needs no Close.
func ExampleNew() {
	hub := &ChatHub{}
	ann := auth.NewPrincipal(auth.Identity{ID: "1", Name: "ann"})
	recorder, err := hubtest.Start(hub, hubtest.WithUser(ann))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer recorder.Close()

	if err := hub.Join(context.Background(), "lobby"); err != nil {
		fmt.Println(err)
	}
	for _, sent := range recorder.Sent() {
		fmt.Println(sent)
	}
	fmt.Println(recorder.Members("lobby"))
	// Output:
	// GroupExcept("lobby", "caller").Joined("ann")
	// [caller]
}

// ChessClient is the client of a typed hub.
type ChessClient struct {
	Moved    func(ctx context.Context, move string) error
	NextMove func(ctx context.Context) (string, error) `signalr:"nextMove"`
}

// ChessHub asks clients for results.
type ChessHub struct {
	hubs.Typed[ChessClient]
}

func (h *ChessHub) Turn(ctx context.Context, player string) error {
	move, err := h.Clients().Client(player).NextMove(ctx)
	if err != nil {
		return err
	}
	return h.Clients().All().Moved(ctx, move)
}

// The test answers for the clients.
func ExampleRecorder() {
	hub := &ChessHub{}
	recorder, err := hubtest.Start(hub)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer recorder.Close()

	recorder.Answer("nextMove", func(context.Context, hubtest.Sent) (any, error) { return "e4", nil })
	if err := hub.Turn(context.Background(), "white"); err != nil {
		fmt.Println(err)
	}
	for _, sent := range recorder.Sent() {
		fmt.Println(sent)
	}
	// Output:
	// Client("white").nextMove()
	// All.Moved("e4")
}
