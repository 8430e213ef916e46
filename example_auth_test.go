package signalr_test

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/chiext"
	"github.com/hubwire/signalr/hubs"
)

type RoomHub struct{ hubs.Hub }

func (h *RoomHub) WhoAmI(ctx context.Context) (string, error) {
	c := h.Context()
	room := chiext.URLParam(c, "room")           // on every transport, for the connection's whole life
	tenant := c.Request().Header.Get("X-Tenant") // GetHttpContext
	return c.User().Name() + "@" + room + "/" + tenant, nil
}

func (h *RoomHub) Ban(ctx context.Context, user string) error { return nil }

func Example_auth() {
	sr := signalr.New()
	newRoomHub := func() *RoomHub { return &RoomHub{} }
	secret := []byte("at least thirty-two bytes of secret")

	r := chi.NewRouter()
	r.Use(auth.JWT(auth.Config{Secret: secret, Audience: "chat"})) // or any middleware of yours, one adapter line
	chiext.MapHub(sr, r, "/rooms/{room}/chat", newRoomHub,
		signalr.RequireAuthorization(auth.Role("member")),
		signalr.AuthorizeMethod((*RoomHub).Ban, auth.Role("moderator")))

	_ = http.Server{Handler: r}
	// Output:
}
