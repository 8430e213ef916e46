package auth_test

import (
	"fmt"
	"time"

	"github.com/hubwire/signalr/auth"
)

func ExampleNewPrincipal() {
	ann := auth.NewPrincipal(auth.Identity{
		Name:   "Ann",
		ID:     "17",
		Roles:  []string{"member"},
		Claims: []auth.Claim{{Type: "team", Value: "red"}},
		Expiry: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
		Scheme: "Session",
	})
	fmt.Println(ann, ann.ID(), ann.HasRole("member"), ann.Claim("team"))

	var anonymous *auth.Principal
	fmt.Println(anonymous, anonymous.IsAuthenticated(), anonymous.HasRole("member"))
	// Output:
	// Ann 17 true red
	// anonymous false false
}
