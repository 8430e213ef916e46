package hubs_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/hubtest"
)

// VoteHub asks clients for their opinion.
type VoteHub struct {
	hubs.Hub
}

// Ask waits for the answer of one client, but not for ever: an answer has no
// time limit of its own.
func (h *VoteHub) Ask(ctx context.Context, connectionID, question string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	yes, err := hubs.Invoke[bool](ctx, h.Clients().Client(connectionID), "Vote", question)
	switch {
	case errors.Is(err, hubs.ErrNoConnection):
		return false, hubs.Errorf("%s has left", connectionID)
	case errors.Is(err, hubs.ErrInvocationCanceled):
		return false, hubs.Errorf("%s takes too long", connectionID)
	}
	return yes, err
}

func ExampleInvoke() {
	hub := new(VoteHub)
	recorder, err := hubtest.Start(hub) // in place of a server and its clients
	if err != nil {
		fmt.Println(err)
		return
	}
	defer recorder.Close()
	recorder.Answer("Vote", func(context.Context, hubtest.Sent) (any, error) { return true, nil })

	fmt.Println(hub.Ask(context.Background(), "bob", "tea?"))
	for _, sent := range recorder.Sent() {
		fmt.Println(sent)
	}
	// Output:
	// true <nil>
	// Client("bob").Vote("tea?")
}
