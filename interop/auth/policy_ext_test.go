package auth_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/internal/wireclient"
)

func TestPoliciesOfMethods(t *testing.T) {
	t.Parallel()
	a := newApp(t, hmacConfig())
	for _, transport := range wireclient.Transports() {
		c := dial(t, a.hub, wireclient.Options{Transport: transport, Token: token(t, "ann")})
		before := a.asked.Load()
		for i, test := range []struct{ account, want string }{
			{"ann", "balance of ann"},
			{"bob", "error: Failed to invoke 'Balance' because user is unauthorized"},
			{"ann", "balance of ann"},
		} {
			if got := invoke(t, c, "Balance", test.account); got != test.want {
				t.Errorf("%s: got %q, want %q", transport, got, test.want)
			}
			if asked := a.asked.Load() - before; asked != int64(i+1) {
				t.Errorf("%s: the policy ran %d times for %d calls", transport, asked, i+1)
			}
		}
		if got, want := invoke(t, c, "Broken"), "error: Failed to invoke 'Broken' because user is unauthorized"; got != want {
			t.Errorf("%s: a policy that panics: got %q, want %q", transport, got, want)
		}
		if got := invoke(t, c, "WhoAmI"); got != "ann" {
			t.Errorf("%s: got %q, want the connection to go on", transport, got)
		}
	}
}

// What a hub's own policies refuse is refused on every request.
func TestPoliciesOfHubs(t *testing.T) {
	t.Parallel()
	sr, mux := signalr.New(), http.NewServeMux()
	newBank := func() *bank { return &bank{} }
	signalr.MapHub(sr, mux, "/members", newBank, signalr.RequireAuthorization(auth.Role("member")))
	signalr.MapHub(sr, mux, "/broken", newBank, signalr.RequireAuthorization(auth.Policy(nil)))
	url := serve(t, sr, auth.JWT(hmacConfig())(mux))
	for path, want := range map[string]int{"/members": 403, "/broken": 403} {
		for _, request := range requests(&wireclient.Client{ConnToken: "any"}) {
			requestURL, header := request.with(url+path, token(t, "ann"), request.inQuery)
			got := send(t, request.method, requestURL, header)
			if got.status != want || got.body != "" || got.header["Content-Type"] != nil {
				t.Errorf("%s, %s: got %d %q, want an empty %d", path, request.name, got.status, got.body, want)
			}
			if challenge := got.header.Get("WWW-Authenticate"); !strings.Contains(challenge, "insufficient_scope") {
				t.Errorf("%s, %s: got challenge %q, want insufficient_scope", path, request.name, challenge)
			}
			if got := send(t, request.method, url+path+request.rest, request.header); got.status != http.StatusUnauthorized {
				t.Errorf("%s, %s, anonymous: got %d, want 401", path, request.name, got.status)
			}
		}
	}
}

// An attacker that tries many accounts is asked about each of them once, and the
// answers do not mix.
func TestParallelCallsAreDecidedOneByOne(t *testing.T) {
	t.Parallel()
	a := newApp(t, hmacConfig())
	c := dial(t, a.hub, wireclient.Options{Token: token(t, "ann")})
	results := make(chan string, 40)
	for i := range 20 {
		go func() { results <- invoke(t, c, "Balance", fmt.Sprint("user", i)) }() // ends with its answer
		go func() { results <- invoke(t, c, "Balance", "ann") }()
	}
	allowed := 0
	for range 40 {
		if got := <-results; got == "balance of ann" {
			allowed++
		} else if !strings.HasSuffix(got, "because user is unauthorized") {
			t.Errorf("got %q, want a refusal", got)
		}
	}
	if asked := a.asked.Load(); allowed != 20 || asked != 40 {
		t.Errorf("got %d calls allowed and %d decisions, want 20 and 40", allowed, asked)
	}
}
