package auth_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/internal/wireclient"
	"github.com/hubwire/signalr/interop/conformance/contract"
)

// serve listens until the end of the test.
func serve(t *testing.T, sr *signalr.Server, handler http.Handler) (url string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if err := sr.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		server.Close()
	})
	return server.URL
}

func serveContract(t *testing.T) (url string) {
	t.Helper()
	s := contract.New(slog.New(slog.DiscardHandler), func() {})
	return serve(t, s.SignalR, s.Handler)
}

// generate asks the server for a token, as the contract has it.
func generate(t *testing.T, url, user, query string) string {
	t.Helper()
	got := send(t, http.MethodGet, url+"/generateJwtToken/"+user+"?"+query, nil)
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "text/plain" {
		t.Fatalf("got %d %v for a token", got.status, got.header)
	}
	return got.body
}

// contractToken makes one as a client of the contract may.
func contractToken(t *testing.T, change func(jwt.MapClaims)) string {
	t.Helper()
	const public = "signalr-conformance-server-test-secret-0001"
	return sign(t, jwt.SigningMethodHS256, []byte(public), "ann", func(claims jwt.MapClaims) {
		claims["iss"], claims["aud"] = "SignalRTestServer", "SignalRTests"
		if change != nil {
			change(claims)
		}
	})
}

var guardedHubs = []string{"/authorizedhub", "/authexpire", "/authrefresh"}

func TestContractTokens(t *testing.T) {
	t.Parallel()
	url := serveContract(t)
	tests := []struct {
		name  string
		token string
		good  bool
	}{
		{"as it should be", contractToken(t, nil), true},
		{"one of several audiences", contractToken(t, func(c jwt.MapClaims) { c["aud"] = []string{"Others", "SignalRTests"} }), true},
		{"valid since a moment ago", contractToken(t, func(c jwt.MapClaims) { c["nbf"] = time.Now().Add(-2 * time.Second).Unix() }), true},
		{"from the server", generate(t, url, "ann", ""), true},
		{"no token", "", false},
		{"another audience", contractToken(t, func(c jwt.MapClaims) { c["aud"] = "Others" }), false},
		{"no audience", contractToken(t, func(c jwt.MapClaims) { delete(c, "aud") }), false},
		{"another issuer", contractToken(t, func(c jwt.MapClaims) { c["iss"] = "Others" }), false},
		{"no expiry", contractToken(t, func(c jwt.MapClaims) { delete(c, "exp") }), false},
		{"expired, without leeway", contractToken(t, func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Second).Unix() }), false},
		{"not valid yet", contractToken(t, func(c jwt.MapClaims) { c["nbf"] = time.Now().Add(time.Minute).Unix() }), false},
		{"expired, from the server", generate(t, url, "ann", "seconds=-1"), false},
		{"another algorithm", strings.Join(append([]string{"eyJhbGciOiJub25lIn0"}, strings.Split(contractToken(t, nil), ".")[1:]...), "."), false},
	}
	for _, test := range tests {
		for _, path := range guardedHubs {
			for _, transport := range wireclient.Transports() {
				for _, skip := range []bool{false, true} {
					if skip && transport != wireclient.WebSockets {
						continue
					}
					c, err := tryDial(t, url+path, wireclient.Options{Transport: transport, Token: test.token, SkipNegotiation: skip})
					refused, _ := err.(*wireclient.RefusedError) //nolint:errorlint // as it is returned
					switch {
					case test.good && err != nil, !test.good && (refused == nil || refused.Status != 401 || refused.Body != ""):
						t.Errorf("%s, %s, %s: got %v, want it accepted: %v", test.name, path, transport, err, test.good)
					case test.good:
						if got := invoke(t, c, "GetUserIdentifier"); got != "ann" {
							t.Errorf("%s, %s, %s: got user %q, want ann", test.name, path, transport, got)
						}
						c.Close()
					}
				}
			}
		}
	}
}

// Without a valid token every request of a guarded hub is answered 401, and of
// the others none.
func TestContractRefusals(t *testing.T) {
	t.Parallel()
	url := serveContract(t)
	for _, path := range guardedHubs {
		c := dial(t, url+path, wireclient.Options{Transport: wireclient.LongPolling, Token: contractToken(t, nil)})
		for _, request := range requests(c) {
			got := send(t, request.method, url+path+request.rest, request.header)
			if got.status != http.StatusUnauthorized || got.body != "" || got.header["Content-Type"] != nil {
				t.Errorf("%s, %s: got %d %q, want an empty 401", path, request.name, got.status, got.body)
			}
		}
		// The header wins over the query value.
		requestURL := addQuery(url+path+"/negotiate?negotiateVersion=1", "access_token="+contractToken(t, nil))
		if got := send(t, http.MethodPost, requestURL, http.Header{"Authorization": {"Bearer broken"}}); got.status != 401 {
			t.Errorf("%s: a bad header with a good query: got %d, want 401", path, got.status)
		}
		if got := send(t, http.MethodPost, requestURL, nil); got.status != 200 {
			t.Errorf("%s: negotiate with the token in the query: got %d, want 200", path, got.status)
		}
	}
	for _, transport := range wireclient.Transports() {
		c := dial(t, url+"/testhub", wireclient.Options{Transport: transport, Query: "user=carl"})
		if got := invoke(t, c, "GetUserIdentifier"); got != "carl" {
			t.Errorf("/testhub, %s: got user %q, want carl", transport, got)
		}
	}
}

func TestContractRoles(t *testing.T) {
	t.Parallel()
	url := serveContract(t)
	const unauthorized = "error: Failed to invoke 'AdminOnly' because user is unauthorized"
	tests := []struct{ name, token, want string }{
		{"no role", contractToken(t, nil), unauthorized},
		{"another role", contractToken(t, func(c jwt.MapClaims) { c["role"] = "user" }), unauthorized},
		{"the role", contractToken(t, func(c jwt.MapClaims) { c["role"] = "admin" }), "admin"},
		{"one of several", contractToken(t, func(c jwt.MapClaims) { c["role"] = []string{"user", "admin"} }), "admin"},
		{"from the server", generate(t, url, "ann", "role=user&role=admin"), "admin"},
	}
	for _, test := range tests {
		for _, transport := range wireclient.Transports() {
			c := dial(t, url+"/authorizedhub", wireclient.Options{Transport: transport, Token: test.token})
			if got := invoke(t, c, "AdminOnly"); got != test.want {
				t.Errorf("%s, %s: got %q, want %q", test.name, transport, got, test.want)
			}
			c.Close()
		}
	}
	anonymous := dial(t, url+"/testhub", wireclient.Options{})
	if got := invoke(t, anonymous, "AdminOnly"); got != unauthorized {
		t.Errorf("anonymous: got %q, want %q", got, unauthorized)
	}
}

// A connection of /authexpire ends with its token; one of /authrefresh too,
// unless it is renewed in time.
func TestContractExpiry(t *testing.T) {
	t.Parallel()
	url := serveContract(t)
	for _, transport := range wireclient.Transports() {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			expiry := time.Now().Add(2 * time.Second).Truncate(time.Second) // as a token can say it
			short := contractToken(t, func(c jwt.MapClaims) { c["exp"] = expiry.Unix() })
			renewed := dial(t, url+"/authrefresh", wireclient.Options{Transport: transport, Token: short})
			if renewed.Lifetime < 0 || renewed.Lifetime > 2 {
				t.Errorf("got tokenLifetimeSeconds %d, want up to 2", renewed.Lifetime)
			}
			c := dial(t, url+"/authexpire", wireclient.Options{Transport: transport, Token: short})
			long := contractToken(t, nil)
			renewed.SetToken(long)
			got := send(t, http.MethodPost, url+"/authrefresh/refresh"+renewed.Here(), http.Header{"Authorization": {"Bearer " + long}})
			if got.status != 200 || !regexp.MustCompile(`^{"tokenLifetimeSeconds":(3600|35\d\d)}$`).MatchString(got.body) {
				t.Errorf("refresh: got %d %s", got.status, got.body)
			}
			select {
			case m := <-c.Messages:
				if late := time.Since(expiry); late < 0 || late > 2*time.Second {
					t.Errorf("ended %v after the expiry, want up to 2 s", late)
				}
				if m.Type != 7 || m.Error != "" || !m.AllowReconnect {
					t.Errorf("got %+v, want a Close message that allows to reconnect", m)
				}
			case <-time.After(patience):
				t.Fatal("the connection goes on without a valid token")
			}
			<-c.Done
			if got := invoke(t, renewed, "GetUserIdentifier"); got != "ann" {
				t.Errorf("got %q from the renewed connection, want ann", got)
			}
		})
	}
}

func TestContractRedirects(t *testing.T) {
	t.Parallel()
	url := serveContract(t)
	var redirect struct{ URL, AccessToken string }
	got := send(t, http.MethodPost, url+"/redirect-auth/negotiate", nil)
	if err := json.Unmarshal([]byte(got.body), &redirect); err != nil || redirect.URL != url+"/authorizedhub" {
		t.Fatalf("got %s (%v), want %s/authorizedhub", got.body, err, url)
	}
	for _, transport := range wireclient.Transports() {
		c := dial(t, redirect.URL, wireclient.Options{Transport: transport, Token: redirect.AccessToken})
		if user := invoke(t, c, "GetUserIdentifier"); user != "redirected" {
			t.Errorf("%s: got user %q, want redirected", transport, user)
		}
	}
}

func TestContractCORS(t *testing.T) {
	t.Parallel()
	const allowed, other = "http://localhost:8090", "http://localhost:9999"
	url := serveContract(t)
	check := func(name string, got answer, origin string) {
		t.Helper()
		allow, credentials := got.header.Get("Access-Control-Allow-Origin"), got.header.Get("Access-Control-Allow-Credentials")
		if origin == allowed && (allow != allowed || credentials != "true") || origin == other && allow != "" {
			t.Errorf("%s from %s: got %d, Access-Control-Allow-Origin %q, Credentials %q", name, origin, got.status, allow, credentials)
		}
	}
	for path, good := range map[string]string{
		"/testhub": "", "/authorizedhub": contractToken(t, nil), "/authrefresh": contractToken(t, nil),
	} {
		c := dial(t, url+path, wireclient.Options{Transport: wireclient.LongPolling, Token: good})
		for _, origin := range []string{allowed, other} {
			for _, request := range requests(c) {
				if strings.HasPrefix(request.name, "WebSocket") || request.name == "poll" || request.name == "delete" {
					continue // what takes the connection or ends it comes below
				}
				requestURL, header := request.with(url+path, good, request.inQuery)
				header.Set("Origin", origin)
				check(path+" "+request.name, send(t, request.method, requestURL, header), origin)
				header.Del("Authorization")
				check(path+" "+request.name+" without a token", send(t, request.method, url+path+request.rest, header), origin)
			}
			for _, missing := range []string{"/nowhere", path + "/nowhere", path + "?id=unknown"} {
				check(missing, send(t, http.MethodGet, url+missing, http.Header{"Origin": {origin}}), origin)
			}
			for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
				got := send(t, http.MethodOptions, url+path, http.Header{
					"Origin": {origin}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {"authorization,x-whatever"},
				})
				check("preflight of "+method, got, origin)
				if origin == allowed && (!slices.Contains([]int{200, 204}, got.status) || got.header.Get("Access-Control-Allow-Methods") == "") {
					t.Errorf("preflight of %s for %s: got %d %v", method, path, got.status, got.header)
				}
			}
		}
		for _, transport := range wireclient.Transports() { // a whole conversation from a page
			page := dial(t, url+path, wireclient.Options{Transport: transport, Token: good, Header: http.Header{"Origin": {allowed}}})
			if got := invoke(t, page, "GetActiveTransportName"); got != transport {
				t.Errorf("%s from %s: got %q, want %s", path, allowed, got, transport)
			}
			page.Close()
		}
		_, err := tryDial(t, url+path, wireclient.Options{Token: good, Header: http.Header{"Origin": {other}}})
		if refused, ok := err.(*wireclient.RefusedError); !ok || refused.Status != http.StatusForbidden { //nolint:errorlint // as it is returned
			t.Errorf("%s: a WebSocket from %s: got %v, want 403", path, other, err)
		}
	}
}
