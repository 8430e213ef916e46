package signalr_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/protocol"
	"github.com/hubwire/signalr/transports"
)

// docs/from-aspnetcore.md sets ASP.NET Core's way beside each of these lines.

type Database struct{}

func (*Database) GetUserName(string) string { return "gopher" }

type DocsHub struct {
	hubs.Hub

	db  *Database
	log *slog.Logger
}

func (h *DocsHub) SendMessage(ctx context.Context, user, message string) error {
	return h.Clients().All().Send(ctx, "ReceiveMessage", user, message)
}

func (h *DocsHub) SendMessageToCaller(ctx context.Context, user, message string) error {
	return h.Clients().Caller().Send(ctx, "ReceiveMessage", user, message)
}

func (h *DocsHub) SendMessageToGroup(ctx context.Context, user, message string) error {
	return h.Clients().Group("SignalR Users").Send(ctx, "ReceiveMessage", user, message)
}

func (h *DocsHub) SendPrivate(ctx context.Context, user, message string) error {
	return h.Clients().User(user).Send(ctx, "ReceiveMessage", message)
}

func (h *DocsHub) SendToOthers(ctx context.Context, message string) error {
	return h.Clients().Others().Send(ctx, "ReceiveMessage", message)
}

func (h *DocsHub) SendToOthersInGroup(ctx context.Context, group, message string) error {
	return h.Clients().OthersInGroup(group).Send(ctx, "ReceiveMessage", message)
}

func (h *DocsHub) SendToAllBut(ctx context.Context, id, message string) error {
	return h.Clients().AllExcept(id).Send(ctx, "ReceiveMessage", message)
}

func (h *DocsHub) JoinGroup(ctx context.Context, group string) error {
	return h.Groups().Add(ctx, h.Context().ConnectionID(), group)
}

func (h *DocsHub) LeaveGroup(ctx context.Context, group string) error {
	return h.Groups().Remove(ctx, h.Context().ConnectionID(), group)
}

func (h *DocsHub) WaitForMessage(ctx context.Context, connectionID string) (string, error) {
	return hubs.Invoke[string](ctx, h.Clients().Client(connectionID), "GetMessage")
}

func (h *DocsHub) OnConnected(ctx context.Context) error {
	return h.Groups().Add(ctx, h.Context().ConnectionID(), "SignalR Users")
}

func (h *DocsHub) OnDisconnected(ctx context.Context, err error) error { return nil }

func (h *DocsHub) ThrowException() error {
	return hubs.Errorf("this error will be sent to the client")
}

func (h *DocsHub) UserName(id string, db *Database) string { return db.GetUserName(id) }

func (h *DocsHub) Remember(value string) {
	c := h.Context()
	c.Items().Store("value", value)
	_ = c.User().Name()
	_ = c.UserIdentifier()
	_ = c.Request().Header.Get("User-Agent")
	_ = c.ConnectionAborted()
	if value == "" {
		c.Abort()
	}
}

func (h *DocsHub) Counter(ctx context.Context, count int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < count && ctx.Err() == nil && yield(i); i++ {
		}
	}
}

func (h *DocsHub) CounterChannel(ctx context.Context, count int) <-chan int {
	items := make(chan int)
	go func() { // ends with the stream: ctx does
		defer close(items)
		for i := range count {
			select {
			case items <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	return items
}

func (h *DocsHub) UploadStream(items iter.Seq2[string, error]) error {
	for item, err := range items {
		if err != nil {
			return err
		}
		h.log.Info("item", slog.Int("length", len(item)))
	}
	return nil
}

func Example_fromASPNETCore() {
	db, log, mux := &Database{}, slog.Default(), http.NewServeMux()

	sr := signalr.New(
		signalr.EnableDetailedErrors(true),
		signalr.KeepAliveInterval(15*time.Second),
		signalr.ClientTimeoutInterval(30*time.Second),
		signalr.MaximumReceiveMessageSize(64<<10),
		signalr.Protocols(protocol.NewJSON(protocol.ExactNames()), protocol.NewMessagePack()),
		signalr.Service(db),
		signalr.AddFilter(hubs.Filter{Invoke: func(ctx context.Context, inv *hubs.InvocationContext, next hubs.InvokeFunc) (any, error) {
			log.Info("calling", slog.String("method", inv.Method))
			return next(ctx, inv)
		}}),
	)
	docs := signalr.MapHub(sr, mux, "/docs", func() *DocsHub { return &DocsHub{db: db, log: log} },
		signalr.Transports(transports.WebSockets|transports.LongPolling),
		signalr.HubMethodName((*DocsHub).SendPrivate, "SendMessageToUser"),
		signalr.AuthorizeMethod((*DocsHub).ThrowException, auth.Role("admin")),
	)

	ctx := context.Background()
	err := docs.Clients().All().Send(ctx, "Notify", "home page loaded")
	fmt.Println(err)
	// Output: <nil>
}
