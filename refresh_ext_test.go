package signalr_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/internal/wireclient"
)

// renewHub tells who its caller is, by what calls see and by what they are
// told.
type renewHub struct {
	hubs.Hub

	running chan struct{} // a value for each call of Hold that runs
	release chan struct{} // a value lets one go on
}

func (h *renewHub) ID() string { return h.Context().ConnectionID() }

func (h *renewHub) Roles() string { return roles(h.Context().User()) }

func (h *renewHub) RequestRoles() string {
	return roles(auth.FromContext(h.Context().Request().Context()))
}

func (h *renewHub) User() string { return h.Context().UserIdentifier() }

func (h *renewHub) Admin() string { return "admin" }

// Hold tells whose call it is before and after it was held up.
func (h *renewHub) Hold(ctx context.Context) (string, error) {
	before := roles(h.Context().User())
	h.running <- struct{}{}
	select {
	case <-h.release:
	case <-ctx.Done():
	}
	return before + " " + roles(h.Context().User()), nil
}

func (h *renewHub) OnAuthenticationRefreshed(ctx context.Context) error {
	return h.Clients().Caller().Send(ctx, "Refreshed", roles(h.Context().User()))
}

func roles(p *auth.Principal) string {
	var all []string
	for _, claim := range p.Claims() {
		if claim.Type == auth.ClaimRole {
			all = append(all, claim.Value)
		}
	}
	return strings.Join(all, "+")
}

// renewal is a hub whose credentials can be renewed, with its server.
type renewal struct {
	url              string
	running, release chan struct{}
}

func newRenewal(t *testing.T, options ...signalr.HubOption) *renewal {
	t.Helper()
	f := &renewal{running: make(chan struct{}, 1), release: make(chan struct{}, 1)}
	sr := signalr.New()
	mux := http.NewServeMux()
	options = append([]signalr.HubOption{
		signalr.EnableAuthenticationRefresh(true), signalr.AuthorizeMethod((*renewHub).Admin, auth.Role("admin")),
	}, options...)
	signalr.MapHub(sr, mux, "/hub", func() *renewHub { return &renewHub{running: f.running, release: f.release} }, options...)
	f.url = listen(t, sr, auth.Adapt(headerUser)(mux)) + "/hub"
	return f
}

func refresh(t *testing.T, c *wireclient.Client, h http.Header) (int, string) {
	t.Helper()
	status, header, body := do(t, c, http.MethodPost, "/refresh"+c.Here(), showing(h))
	if got := header.Get("Content-Type"); got != "application/json" || header.Get("Content-Length") == "" {
		t.Errorf("got Content-Type %q, Content-Length %q", got, header.Get("Content-Length"))
	}
	return status, body
}

// The table of transports.md, 8.6.
func TestRefreshAnswers(t *testing.T) {
	t.Parallel()
	refuseGuests := signalr.OnAuthenticationRefresh(func(r signalr.AuthenticationRefresh) bool { return !r.User.HasRole("guest") })
	f := newRenewal(t, refuseGuests)
	off := newRenewal(t, signalr.EnableAuthenticationRefresh(false))
	hour := time.Now().Add(time.Hour)
	c := dial(t, f.url, wireclient.Options{Transport: wireclient.ServerSentEvents, Header: until(as("ann"), hour)})
	unnegotiated := dial(t, f.url, wireclient.Options{SkipNegotiation: true, Header: as("ann")})
	disabled := dial(t, off.url, wireclient.Options{Header: as("ann")})

	tests := []struct {
		name   string
		c      *wireclient.Client
		query  string
		header http.Header
		status int
		body   string // regular expression
	}{
		{"not enabled", disabled, disabled.Here(), as("ann"), 404, `{"error":"refresh_disabled"}`},
		{"no id", c, "", as("ann"), 400, `{"error":"missing_connection_token"}`},
		{"an empty id", c, "?id=", as("ann"), 400, `{"error":"missing_connection_token"}`},
		{"an unknown id", c, "?id=unknown", as("ann"), 404, `{"error":"connection_not_found"}`},
		{"the public id", c, "?id=" + c.ID, as("ann"), 404, `{"error":"connection_not_found"}`},
		{
			"a connection without negotiation", unnegotiated, "?id=" + invoke(t, unnegotiated, "ID"), as("ann"), 400,
			`{"error":"unsupported_negotiate_version"}`,
		},
		{"bad credentials", c, c.Here(), as("forged"), 401, `{"error":"invalid_token"}`},
		{"none", c, c.Here(), http.Header{}, 403, `{"error":"user_changed"}`},
		{"another user's", c, c.Here(), as("bob"), 403, `{"error":"user_changed"}`},
		{"refused by the program", c, c.Here(), as("ann", "guest"), 403, `{"error":"permission_change_rejected"}`},
		{"good ones", c, c.Here(), until(as("ann"), hour.Add(time.Minute)), 200, `{"tokenLifetimeSeconds":36[45]\d}`},
		{"older ones", c, c.Here(), until(as("ann", "old"), hour.Add(-time.Minute)), 200, `{"tokenLifetimeSeconds":35[34]\d}`},
		{"expired ones", c, c.Here(), until(as("ann", "old"), hour.Add(-2*time.Hour)), 200, `{}`},
		{"without an expiry", c, c.Here(), as("ann", "new"), 200, `{}`},
	}
	for _, test := range tests {
		status, header, body := do(t, test.c, http.MethodPost, "/refresh"+test.query, showing(test.header))
		if status != test.status || !regexp.MustCompile("^"+test.body+"$").MatchString(body) {
			t.Errorf("%s: got %d %s, want %d %s", test.name, status, body, test.status, test.body)
		}
		if header.Get("Content-Type") != "application/json" || header.Get("Content-Length") == "" {
			t.Errorf("%s: got %v, want application/json with a Content-Length", test.name, header)
		}
	}
	if got := invoke(t, c, "Roles"); got != "new" {
		t.Errorf("got roles %q after all this, want new", got)
	}
	if status, header, _ := do(t, c, http.MethodGet, "/refresh"+c.Here(), showing(as("ann"))); status != 405 || header.Get("Content-Type") != "text/plain" {
		t.Errorf("GET: got %d %v, want 405 of text/plain", status, header)
	}
}

func TestRefreshOnEveryTransport(t *testing.T) {
	t.Parallel()
	f := newRenewal(t)
	for _, transport := range wireclient.Transports() {
		c := dial(t, f.url, wireclient.Options{Transport: transport, Header: as("ann", "member")})
		if got := invoke(t, c, "Admin"); got != "error: Failed to invoke 'Admin' because user is unauthorized" {
			t.Errorf("%s: got %q before", transport, got)
		}
		held := make(chan string, 1)
		go func() { held <- invoke(t, c, "Hold") }() // ends when it is released
		<-f.running
		c.SetHeader(as("ann", "member", "admin")) // also for polls
		if status, body := refresh(t, c, as("ann", "member", "admin")); status != 200 || body != "{}" {
			t.Fatalf("%s: got %d %s", transport, status, body)
		}
		f.release <- struct{}{}
		if got := <-held; got != "member member" {
			t.Errorf("%s: the running call saw roles %q, want those it began with", transport, got)
		}
		if m := next(t, c); m.Target != "Refreshed" || string(m.Arguments[0]) != `"member+admin"` {
			t.Errorf("%s: got %+v, want OnAuthenticationRefreshed with the new roles", transport, m)
		}
		for method, want := range map[string]string{
			"Roles": "member+admin", "RequestRoles": "member+admin", "User": "ann", "Admin": "admin",
		} {
			if got := invoke(t, c, method); got != want {
				t.Errorf("%s: %s: got %q, want %q", transport, method, got, want)
			}
		}
	}
}

func TestAPollMayShowNewCredentials(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	f := newRenewal(t, signalr.OnAuthenticationRefresh(func(r signalr.AuthenticationRefresh) bool {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, roles(r.Previous)+" to "+roles(r.User))
		return !r.User.HasRole("banned")
	}))
	c := dial(t, f.url, wireclient.Options{Transport: wireclient.LongPolling, Header: as("ann", "member")})
	c.SetHeader(as("ann", "admin"))
	if got := invoke(t, c, "User"); got != "ann" { // the poll that brings the answer is the last of the old ones
		t.Errorf("got %q, want ann", got)
	}
	if m := next(t, c); m.Target != "Refreshed" || string(m.Arguments[0]) != `"admin"` {
		t.Errorf("got %+v, want OnAuthenticationRefreshed with the new role", m)
	}
	status, _, body := do(t, c, http.MethodGet, c.Here(), showing(as("ann", "banned")))
	if status != 403 || body != `{"error":"permission_change_rejected"}` {
		t.Errorf("got %d %q, want 403", status, body)
	}
	<-c.Done // its own poll has come to an end
	mu.Lock()
	defer mu.Unlock()
	if want := "member to admin, admin to banned"; strings.Join(asked, ", ") != want {
		t.Errorf("got %q, want the program to be asked about %q", asked, want)
	}
}

func TestTheUserIdentifierNeverChanges(t *testing.T) {
	t.Parallel()
	byRole := signalr.UserIDProvider(func(user *auth.Principal, _ *http.Request) (string, bool) { return roles(user), true })
	f := newRenewal(t, byRole)
	c := dial(t, f.url, wireclient.Options{Transport: wireclient.ServerSentEvents, Header: as("ann", "red")})
	if status, body := refresh(t, c, as("ann", "blue")); status != 403 || body != `{"error":"user_changed"}` {
		t.Errorf("got %d %s, want 403 user_changed", status, body)
	}
	if got := invoke(t, c, "Roles"); got != "red" {
		t.Errorf("got roles %q, want what they were", got)
	}
}

func TestNegotiateTellsTheLifetime(t *testing.T) {
	t.Parallel()
	f := newRenewal(t)
	off := newRenewal(t, signalr.EnableAuthenticationRefresh(false))
	const connection = `^{"negotiateVersion":1,"connectionId":"[\w-]{22}","connectionToken":"[\w-]{22}"`
	in := func(d time.Duration) http.Header { return until(as("ann"), time.Now().Add(d)) }
	tests := []struct {
		name   string
		url    string
		header http.Header
		want   string
	}{
		{"known", f.url, in(90*time.Second + 500*time.Millisecond), connection + `,"tokenLifetimeSeconds":90,"availableTransports":`},
		{"beyond 32 bits", f.url, in(200 * 365 * 24 * time.Hour), connection + `,"tokenLifetimeSeconds":2147483647,"availableTransports":`},
		{"over", f.url, in(-time.Second), connection + `,"availableTransports":`},
		{"less than a second", f.url, in(900 * time.Millisecond), connection + `,"availableTransports":`},
		{"unknown", f.url, as("ann"), connection + `,"availableTransports":`},
		{"anonymous", f.url, http.Header{}, connection + `,"availableTransports":`},
		{"refresh is off", off.url, in(time.Hour), connection + `,"availableTransports":`},
	}
	for _, test := range tests {
		c := dial(t, test.url, wireclient.Options{})
		_, _, body := do(t, c, http.MethodPost, "/negotiate?negotiateVersion=1", showing(test.header))
		if !regexp.MustCompile(test.want).MatchString(body) {
			t.Errorf("%s: got %s, want %s", test.name, body, test.want)
		}
	}
}
