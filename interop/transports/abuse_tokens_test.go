package transports_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// token returns what the contract's hubs take for a user's credentials, or not,
// as secret and lifetime say.
func token(t *testing.T, user, secret string, lifetime time.Duration) string {
	t.Helper()
	claims := jwt.MapClaims{
		"iss": "SignalRTestServer", "aud": "SignalRTests", "sub": user, "exp": time.Now().Add(lifetime).Unix(),
	}
	method, key := jwt.SigningMethod(jwt.SigningMethodHS256), any([]byte(secret))
	if secret == "" {
		method, key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType
	}
	signed, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return "Authorization: Bearer " + signed
}

const goodSecret = "signalr-conformance-server-test-secret-0001"

// requests is one of each kind that a client sends.
var requests = []struct {
	name, method string
	lines        []string
}{
	{"poll", http.MethodGet, nil},
	{"event stream", http.MethodGet, []string{"Accept: text/event-stream"}},
	{"WebSocket", http.MethodGet, []string{
		"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
	}},
	{"POST", http.MethodPost, nil},
	{"DELETE", http.MethodDelete, nil},
}

// TestBadCredentials are refused on every transport and in every kind of
// request, and leave the connection alone.
func TestBadCredentials(t *testing.T) {
	t.Parallel()
	s := contractSite(t, nil)
	good := token(t, "ann", goodSecret, time.Hour)
	target := s.negotiate("/authorizedhub", good)
	s.polls(target, good)
	for name, line := range map[string]string{
		"forged":  token(t, "ann", "some-other-secret-that-is-long-enough-0001", time.Hour),
		"none":    token(t, "ann", "", time.Hour),
		"expired": token(t, "ann", goodSecret, -time.Minute),
		"garbage": "Authorization: Bearer e30.e30.e30",
		"missing": "X: y",
	} {
		check(t, s.do(http.MethodPost, "/authorizedhub/negotiate?negotiateVersion=1", "", line), http.StatusUnauthorized, "")
		for _, r := range requests {
			a := s.do(r.method, target, "", append([]string{line}, r.lines...)...)
			if a.status != http.StatusUnauthorized || a.body != "" {
				t.Errorf("%s, %s: got %d %q, want an empty 401", name, r.name, a.status, a.body)
			}
		}
	}
	check(t, s.do(http.MethodPost, target, handshake, good), http.StatusOK, "")
	check(t, s.do(http.MethodGet, target, "", good), http.StatusOK, "{}"+rs)
}

// TestForeignTokens has a connection answer to its own user only, whatever the
// transport and the request.
func TestForeignTokens(t *testing.T) {
	t.Parallel()
	s := contractSite(t, nil)
	ann, bob := token(t, "ann", goodSecret, time.Hour), token(t, "bob", goodSecret, time.Hour)
	polled, streamed := s.negotiate("/authorizedhub", ann), s.negotiate("/authorizedhub", ann)
	s.polls(polled, ann)
	s.events(streamed, ann)
	const changed = "The user associated with this connection changed."
	for _, tt := range []struct {
		target, method, body, want string
		status                     int
		lines                      []string
	}{
		{polled, http.MethodGet, "", changed, http.StatusForbidden, nil},
		{polled, http.MethodPost, handshake, changed, http.StatusForbidden, nil},
		{polled, http.MethodDelete, "", changed, http.StatusForbidden, nil},
		{streamed, http.MethodPost, handshake, changed, http.StatusForbidden, nil},
		{streamed, http.MethodGet, "", "", http.StatusConflict, []string{"Accept: text/event-stream"}},
		{streamed, http.MethodGet, "", "Cannot change transports mid-connection", http.StatusBadRequest, requests[2].lines},
	} {
		check(t, s.do(tt.method, tt.target, tt.body, append(tt.lines, bob)...), tt.status, tt.want)
	}
	for _, target := range []string{polled, streamed} {
		check(t, s.do(http.MethodPost, target, handshake, ann), http.StatusOK, "")
	}
	check(t, s.do(http.MethodGet, polled, "", ann), http.StatusOK, "{}"+rs)
}

// TestThePublicIDIsNoToken has the id that everybody may know open nothing.
func TestThePublicIDIsNoToken(t *testing.T) {
	t.Parallel()
	s := contractSite(t, nil)
	id, token := s.negotiateNames("/testhub")
	forged := []byte(token)
	forged[0] ^= 1
	for _, guess := range []string{id, string(forged), token[1:], token + token} {
		for _, r := range requests {
			a := s.do(r.method, "/testhub?id="+guess, "", r.lines...)
			if a.status != http.StatusNotFound || a.body != "No Connection with that ID" {
				t.Errorf("%s: got %d %q, want 404", r.name, a.status, a.body)
			}
		}
	}
	s.polls("/testhub?id=" + token)
}
