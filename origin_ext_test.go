package signalr_test

import (
	"net/http"
	"testing"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/internal/wireclient"
)

// cookieUser finds who is calling in a cookie, as sessions do: a browser sends
// it whichever site makes it.
func cookieUser(r *http.Request) (*auth.Principal, error) {
	cookie, err := r.Cookie("session")
	if err != nil {
		return nil, nil //nolint:nilerr // nobody, and nothing wrong
	}
	return auth.NewPrincipal(auth.Identity{ID: cookie.Value, Scheme: "Session"}), nil
}

func TestCookiesAndForeignOrigins(t *testing.T) {
	t.Parallel()
	const foreign, listed = "https://evil.example", "https://app.example"
	sr := signalr.New()
	mux := http.NewServeMux()
	signalr.MapHub(sr, mux, "/named", newEmptyHub, signalr.AllowedOrigins(listed))
	signalr.MapHub(sr, mux, "/all", newEmptyHub, signalr.AllowedOrigins("*"))
	url := listen(t, sr, auth.Adapt(cookieUser)(mux))

	tests := []struct {
		name, path, origin, cookie string
		refused                    []string // transports; of the others the client connects
	}{
		{"a foreign page with the cookie", "/named", foreign, "session=ann", wireclient.Transports()},
		{"without a cookie", "/named", foreign, "", []string{wireclient.WebSockets}},
		{"a listed page with the cookie", "/named", listed, "session=ann", nil},
		{"in another case", "/named", "HTTPS://App.Example", "session=ann", nil},
		{"the own page", "/named", url, "session=ann", nil},
		{"no browser", "/named", "", "session=ann", nil},
		{"a page without an origin", "/named", "null", "session=ann", wireclient.Transports()},
		{"all origins do not mean all cookies", "/all", foreign, "session=ann", wireclient.Transports()},
		{"all origins without a cookie", "/all", foreign, "", nil},
	}
	for _, test := range tests {
		header := http.Header{}
		if test.origin != "" {
			header.Set("Origin", test.origin)
		}
		if test.cookie != "" {
			header.Set("Cookie", test.cookie)
		}
		for _, transport := range wireclient.Transports() {
			want := 0
			for _, refused := range test.refused {
				if refused == transport {
					want = http.StatusForbidden
				}
			}
			_, err := tryDial(t, url+test.path, wireclient.Options{Transport: transport, Header: header, SkipNegotiation: transport == wireclient.WebSockets})
			status, contentType, body := refusedWith(err)
			if status != want || err != nil && status == 0 || contentType+body != "" {
				t.Errorf("%s, %s: got %v, want status %d, empty and without Content-Type", test.name, transport, err, want)
			}
		}
	}
}

// Each request counts by itself: a connection that was opened from the own page
// is no door for others.
func TestForeignOriginsAreRefusedOnEveryRequest(t *testing.T) {
	t.Parallel()
	sr := signalr.New()
	mux := http.NewServeMux()
	signalr.MapHub(sr, mux, "/hub", newEmptyHub, signalr.EnableAuthenticationRefresh(true))
	url := listen(t, sr, auth.Adapt(cookieUser)(mux)) + "/hub"
	c := dial(t, url, wireclient.Options{Transport: wireclient.LongPolling, Header: http.Header{"Cookie": {"session=ann"}}})
	foreign := showing(http.Header{"Cookie": {"session=ann"}, "Origin": {"https://evil.example"}})
	for _, request := range []struct{ method, rest string }{
		{"POST", "/negotiate?negotiateVersion=1"},
		{"GET", c.Here()},
		{"POST", c.Here()},
		{"DELETE", c.Here()},
		{"POST", "/refresh" + c.Here()},
	} {
		status, header, body := do(t, c, request.method, request.rest, foreign)
		if status != http.StatusForbidden || body != "" || header["Content-Type"] != nil {
			t.Errorf("%s %s: got %d %v %q, want an empty 403", request.method, request.rest, status, header, body)
		}
	}
}
