package auth_test

import (
	"context"
	"fmt"

	"github.com/hubwire/signalr/auth"
)

// A policy is a function, and policies are put together by functions.
func ExamplePolicy() {
	ownRoom := func(_ context.Context, res auth.Resource) error {
		if len(res.Arguments) > 0 && res.Arguments[0] == res.Principal.Claim("room") {
			return nil
		}
		return auth.ErrForbidden
	}
	maySpeak := auth.All(
		auth.Any(auth.Role("moderator"), ownRoom),
		auth.Not(auth.Role("muted")),
	)

	ann := auth.NewPrincipal(auth.Identity{ID: "ann", Claims: []auth.Claim{{Type: "room", Value: "lobby"}}})
	for _, room := range []any{"lobby", "attic"} {
		err := auth.Check(context.Background(), auth.Resource{
			Principal: ann, Hub: "ChatHub", Method: "Speak", Arguments: []any{room},
		}, maySpeak)
		fmt.Println(room, err)
	}
	// Output:
	// lobby <nil>
	// attic auth: forbidden
}
