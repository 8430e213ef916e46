package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/internal/wireclient"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// visitor is a browser.
type visitor struct {
	t    *testing.T
	url  string
	http *http.Client
}

func newVisitor(t *testing.T, url string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{t, url, &http.Client{Jar: jar, Transport: transport}}
}

func (v *visitor) send(method, path, form string) (status int, body string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, strings.NewReader(form))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", v.url)
	answer, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func (v *visitor) login(name string) {
	v.t.Helper()
	if status, body := v.send("POST", "/login", url.Values{"name": {name}, "password": {name}}.Encode()); status != 204 {
		v.t.Fatalf("got %d %s for a login", status, body)
	}
}

// dial connects with the cookie, or with a token if there is one.
func (v *visitor) dial(transport, token string) (*wireclient.Client, error) {
	ctx, cancel := context.WithTimeout(v.t.Context(), 20*time.Second)
	defer cancel()
	o := wireclient.Options{Transport: transport, Token: token, Header: http.Header{"Origin": {v.url}}}
	if token == "" {
		o.Jar = v.http.Jar
	}
	c, err := wireclient.Dial(ctx, v.url+"/board", o)
	if err == nil {
		v.t.Cleanup(c.Close)
	}
	return c, err
}

func call(t *testing.T, c *wireclient.Client, method string, args ...any) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	raw, err := c.Invoke(ctx, method, args...)
	if err != nil {
		return err.Error()
	}
	var text string
	_ = json.Unmarshal(raw, &text) // null is ""
	return text
}

func TestBoard(t *testing.T) {
	t.Parallel()
	sr := signalr.New()
	server := httptest.NewServer(routes(sr))
	defer server.Close()
	defer func() {
		if err := sr.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	ann, bob := newVisitor(t, server.URL), newVisitor(t, server.URL)
	if _, err := bob.dial(wireclient.LongPolling, ""); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("got %v before the login, want 401", err)
	}
	if status, _ := bob.send("POST", "/login", "name=bob&password=ann"); status != 401 {
		t.Errorf("got %d for a wrong password, want 401", status)
	}
	ann.login("ann")
	bob.login("bob")
	_, token := bob.send("POST", "/token", "")

	var open []*wireclient.Client
	for _, transport := range wireclient.Transports() {
		for way, token := range map[string]string{"cookie": "", "access_token": token} {
			c, err := bob.dial(transport, token)
			if err != nil {
				t.Fatalf("%s by %s: %v", transport, way, err)
			}
			open = append(open, c)
			if got, want := call(t, c, "WhoAmI"), "bob over "+transport; got != want {
				t.Errorf("by %s: got %q, want %q", way, got, want)
			}
			if got, want := call(t, c, "Clear"), "Failed to invoke 'Clear' because user is unauthorized"; got != want {
				t.Errorf("%s by %s: got %q, want %q", transport, way, got, want)
			}
		}
	}
	moderator, err := ann.dial(wireclient.WebSockets, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := call(t, moderator, "Clear"); got != "" {
		t.Errorf("got %q from the moderator's Clear", got)
	}

	if status, _ := bob.send("POST", "/logout", ""); status != 204 {
		t.Errorf("got %d for a sign-out, want 204", status)
	}
	for _, c := range open {
		select {
		case <-c.Done:
		case <-time.After(20 * time.Second):
			t.Fatal("a connection goes on after the sign-out")
		}
	}
	if _, err := bob.dial(wireclient.LongPolling, token); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("got %v for the token after the sign-out, want 401", err)
	}
	if got := call(t, moderator, "WhoAmI"); got != "ann over WebSockets" {
		t.Errorf("got %q, want ann's connection to go on", got)
	}
}
