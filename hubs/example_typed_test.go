package hubs_test

import (
	"context"
	"fmt"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/hubtest"
)

// QuizClient is what the hub may call on its clients. A misspelt method or a
// wrong argument does not compile.
type QuizClient struct {
	Score  func(ctx context.Context, name string, points int) error
	Answer func(ctx context.Context, question string) (int, error) `signalr:"answer"` // a client result
}

type QuizHub struct {
	hubs.Typed[QuizClient]
}

// Ask asks one player and tells the room.
func (h *QuizHub) Ask(ctx context.Context, player, room string) error {
	answer, err := h.Clients().Client(player).Answer(ctx, "6 times 7?")
	if err != nil {
		return err
	}
	if answer != 42 {
		return hubs.Errorf("%d is not the answer", answer)
	}
	return h.Clients().Group(room).Score(ctx, player, 1)
}

func ExampleTyped() {
	hub := &QuizHub{}
	recorder, err := hubtest.Start(hub) // in place of a server
	if err != nil {
		fmt.Println(err)
		return
	}
	defer recorder.Close()
	recorder.Answer("answer", func(context.Context, hubtest.Sent) (any, error) { return 42, nil })

	if err := hub.Ask(context.Background(), "ann", "room 1"); err != nil {
		fmt.Println(err)
	}
	for _, sent := range recorder.Sent() {
		fmt.Println(sent)
	}
	// Output:
	// Client("ann").answer("6 times 7?")
	// Group("room 1").Score("ann", 1)
}
