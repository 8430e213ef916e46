package signalr_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/go-chi/chi/v5"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/chiext"
	"github.com/hubwire/signalr/hubs"
)

type BoardHub struct{ hubs.Hub }

func (h *BoardHub) OnAuthenticationRefreshed(ctx context.Context) error {
	if h.Context().User().HasRole("member") {
		return nil
	}
	return h.Groups().Remove(ctx, h.Context().ConnectionID(), "members")
}

type userKey struct{}

type User struct{ ID, Name string }

func principalOf(u *User) *auth.Principal {
	return auth.NewPrincipal(auth.Identity{ID: u.ID, Name: u.Name})
}

// From a program with its own login to a hub that knows who is calling: two
// lines.
func Example_existingMiddleware() {
	sr := signalr.New()
	newChatHub := func() *RoomHub { return &RoomHub{} }
	yourAuth := func(next http.Handler) http.Handler { return next }

	r := chi.NewRouter()
	r.Use(yourAuth)                                                           // puts a *User into the request's context
	r.Use(auth.Adapt(auth.FromContextValue(userKey{}, principalOf)))          // added
	chiext.MapHub(sr, r, "/chat", newChatHub, signalr.RequireAuthorization()) // added

	fmt.Println(unknownCaller(r, "/chat/negotiate"))
	// Output: 401
}

// unknownCaller returns what somebody is answered who has not signed in.
func unknownCaller(handler http.Handler, path string) int {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
	return w.Code
}

// How long a connection knows who is calling.
func Example_identityLifetime() {
	sr := signalr.New()
	r := chi.NewRouter()
	newBoardHub := func() *BoardHub { return &BoardHub{} }

	board := chiext.MapHub(sr, r, "/board", newBoardHub, signalr.RequireAuthorization(),
		signalr.CloseOnAuthenticationExpiration(true), // ends within 2 s of the token
		signalr.EnableAuthenticationRefresh(true))     // or goes on with a new one, by POST /board/refresh

	r.Post("/logout", func(w http.ResponseWriter, r *http.Request) {
		user := auth.FromContext(r.Context()).ID()
		if err := board.DisconnectUser(r.Context(), user); err != nil { // every connection of theirs
			http.Error(w, "not everywhere", http.StatusInternalServerError)
		}
	})

	fmt.Println(unknownCaller(r, "/board/negotiate"), unknownCaller(r, "/board/refresh"))
	// Output: 401 401
}
