package auth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hubwire/signalr/internal/wireclient"
)

const changed = "The user associated with this connection changed."

// Who knows a connection token, and is somebody else, gets nowhere with it.
func TestAnotherUsersConnection(t *testing.T) {
	t.Parallel()
	a := newApp(t, hmacConfig())
	bob := token(t, "bob")
	for _, transport := range wireclient.Transports() {
		c := dial(t, a.hub, wireclient.Options{Transport: transport, Token: token(t, "ann")})
		want := map[string]answer{
			"send":    {status: 403, body: changed},
			"refresh": {status: 403, body: `{"error":"user_changed"}`},
			// One transport for a connection, and one request where that has one:
			"WebSocket of a negotiated connection": {status: 400, body: "Cannot change transports mid-connection"},
			"event stream":                         {status: 400, body: "Cannot change transports mid-connection"},
			"poll":                                 {status: 400, body: "Cannot change transports mid-connection"},
			"delete":                               {status: 400, body: "Cannot terminate this connection using the DELETE endpoint."},
		}
		switch transport {
		case wireclient.WebSockets:
			want["send"] = answer{status: 405, body: "POST requests are not allowed for WebSocket connections."}
			want["WebSocket of a negotiated connection"] = answer{status: 409} // a reconnect
		case wireclient.ServerSentEvents:
			want["event stream"] = answer{status: 409}
		case wireclient.LongPolling:
			want["poll"] = answer{status: 403, body: changed}
			want["delete"] = answer{status: 403, body: changed}
		}
		for _, request := range requests(c) {
			want, known := want[request.name]
			if !known {
				continue
			}
			url, header := request.with(a.hub, bob, request.inQuery)
			if got := send(t, request.method, url, header); got.status != want.status || got.body != want.body {
				t.Errorf("%s, %s by another user: got %d %q, want %d %q", transport, request.name, got.status, got.body, want.status, want.body)
			}
		}
		if got := invoke(t, c, "WhoAmI"); got != "ann" {
			t.Errorf("%s: got %q after the attack, want the connection as it was", transport, got)
		}
	}
}

func TestThePublicIDIsNoToken(t *testing.T) {
	t.Parallel()
	a := newApp(t, hmacConfig())
	ann := token(t, "ann")
	for _, transport := range wireclient.Transports() {
		c := dial(t, a.hub, wireclient.Options{Transport: transport, Token: ann})
		for _, request := range requests(c) {
			if !strings.Contains(request.rest, c.Here()) {
				continue
			}
			request.rest = strings.ReplaceAll(request.rest, c.Here(), "?id="+c.ID)
			url, header := request.with(a.hub, ann, request.inQuery)
			if got := send(t, request.method, url, header); got.status != http.StatusNotFound {
				t.Errorf("%s, %s: got %d for the public id, want 404", transport, request.name, got.status)
			}
		}
	}
}
