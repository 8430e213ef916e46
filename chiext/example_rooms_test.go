package chiext_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/chiext"
	"github.com/hubwire/signalr/hubs"
)

// RoomHub knows by its route which room a client is in.
type RoomHub struct{ hubs.Hub }

// OnConnected lets a client hear what is said in its room.
func (h *RoomHub) OnConnected(ctx context.Context) error {
	c := h.Context()
	return h.Groups().Add(ctx, c.ConnectionID(), chiext.URLParam(c, "room"))
}

// Say tells everybody in the caller's room something.
func (h *RoomHub) Say(ctx context.Context, text string) error {
	return h.Clients().Group(chiext.URLParam(h.Context(), "room")).Send(ctx, "Said", text)
}

func ExampleMapHub() {
	sr := signalr.New()
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Recoverer)
	r.Route("/rooms/{room}", func(r chi.Router) {
		chiext.MapHub(sr, r, "/chat", func() *RoomHub { return &RoomHub{} })
	})

	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/rooms/blue/chat/negotiate?negotiateVersion=1", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))

	// The connection that was negotiated is never used: the server drops it.
	_ = sr.Shutdown(context.Background())
	// Output: 200 application/json
}
