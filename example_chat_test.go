package signalr_test

import (
	"context"
	"net/http"
	"time"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/hubs"
)

// ChatClient is what a typed chat hub may call on its clients.
type ChatClient struct {
	ReceiveMessage func(ctx context.Context, user, message string) error
	GetMessage     func(ctx context.Context) (string, error) `signalr:"getMessage"` // a client result
}

type TypedChatHub struct{ hubs.Typed[ChatClient] }

func (h *TypedChatHub) SendMessage(ctx context.Context, user, message string) error {
	return h.Clients().All().ReceiveMessage(ctx, user, message)
}

func (h *TypedChatHub) Ask(ctx context.Context, connectionID string) (string, error) {
	return h.Clients().Client(connectionID).GetMessage(ctx)
}

func Example_typed() {
	sr := signalr.New()
	mux := http.NewServeMux()
	chat := signalr.MapHub(sr, mux, "/chat", func() *TypedChatHub { return &TypedChatHub{} })

	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = chat.Clients().Group("lobby").ReceiveMessage(ctx, "server", "hello") // from anywhere in the program
	// Output:
}
