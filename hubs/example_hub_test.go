package hubs_test

import (
	"context"
	"fmt"

	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/hubtest"
)

// ChatHub is a hub: its exported methods are what clients may call.
type ChatHub struct {
	hubs.Hub
}

// Enter brings the caller into a room, and tells those who are there.
func (h *ChatHub) Enter(ctx context.Context, room string) error {
	if room == "" {
		return hubs.Errorf("which room?") // the client gets this text
	}
	if err := h.Groups().Add(ctx, h.Context().ConnectionID(), room); err != nil {
		return err // the client learns only that it did not work
	}
	return h.Clients().OthersInGroup(room).Send(ctx, "Entered", h.Context().User().Name())
}

// Visits counts the calls of a connection. Hub values live for one call, items
// as long as the connection.
func (h *ChatHub) Visits() int {
	n := h.Context().Items().Update("visits", func(old any) any {
		visits, _ := old.(int)
		return visits + 1
	})
	return n.(int)
}

func ExampleHub() {
	hub := new(ChatHub)
	ada := auth.NewPrincipal(auth.Identity{ID: "1", Name: "Ada"})
	recorder, err := hubtest.Start(hub, hubtest.WithUser(ada)) // in place of a server
	if err != nil {
		fmt.Println(err)
		return
	}
	defer recorder.Close()

	fmt.Println(hub.Enter(context.Background(), ""))
	fmt.Println(hub.Enter(context.Background(), "library"))
	for _, sent := range recorder.Sent() {
		fmt.Println(sent)
	}
	// Output:
	// which room?
	// <nil>
	// GroupExcept("library", "caller").Entered("Ada")
}

func ExampleItems() {
	hub := new(ChatHub)
	recorder, err := hubtest.Start(hub)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer recorder.Close()

	fmt.Println(hub.Visits(), hub.Visits())
	// Output: 1 2
}
