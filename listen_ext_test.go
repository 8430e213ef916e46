package signalr_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/internal/wireclient"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen serves handler on a real listener; at the end of the test it shuts sr
// down, which has to be quick.
func listen(t *testing.T, sr *signalr.Server, handler http.Handler) (url string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := sr.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		server.Close()
	})
	return server.URL
}

// patience bounds what a test waits for that has to come.
const patience = 20 * time.Second

func dial(t *testing.T, url string, o wireclient.Options) *wireclient.Client {
	t.Helper()
	c, err := tryDial(t, url, o)
	if err != nil {
		t.Fatalf("%s: %v", o.Transport, err)
	}
	return c
}

func tryDial(t *testing.T, url string, o wireclient.Options) (*wireclient.Client, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := wireclient.Dial(ctx, url, o)
	if err == nil {
		t.Cleanup(c.Close)
	}
	return c, err
}

// invoke returns the result of a hub method, as JSON text or, if it is a
// string, as that.
func invoke(t *testing.T, c *wireclient.Client, method string, arguments ...any) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	raw, err := c.Invoke(ctx, method, arguments...)
	if err != nil {
		return "error: " + err.Error()
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return string(raw)
	}
	return text
}

// do sends a request for the hub as the client would and returns the answer.
func do(t *testing.T, c *wireclient.Client, method, rest string, change func(*http.Request)) (status int, header http.Header, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	status, header, body, err := c.Do(ctx, method, rest, "", change)
	if err != nil {
		t.Fatal(err)
	}
	return status, header, body
}

// next returns the next message that is no answer.
func next(t *testing.T, c *wireclient.Client) wireclient.Message {
	t.Helper()
	select {
	case m := <-c.Messages:
		return m
	case <-time.After(patience):
		t.Fatal("the server sent nothing")
		return wireclient.Message{}
	}
}

// refusedWith returns what a server answered to a client that it refused.
func refusedWith(err error) (status int, contentType, body string) {
	refused, ok := errors.AsType[*wireclient.RefusedError](err)
	if !ok {
		return 0, "", ""
	}
	return refused.Status, strings.Join(refused.Header["Content-Type"], ","), refused.Body
}

var errBadCredentials = errors.New("bad credentials")

// headerUser finds who is calling in the headers that the test sends: X-User,
// X-Role and X-Expiry. It knows them as a session would.
func headerUser(r *http.Request) (*auth.Principal, error) {
	switch user := r.Header.Get("X-User"); user {
	case "":
		return nil, nil // nobody, and nothing wrong
	case "forged":
		return nil, errBadCredentials
	default:
		expiry, _ := time.Parse(time.RFC3339Nano, r.Header.Get("X-Expiry"))
		return auth.NewPrincipal(auth.Identity{ID: user, Roles: r.Header.Values("X-Role"), Expiry: expiry}), nil
	}
}

// as are the headers of a user, with roles.
func as(user string, roles ...string) http.Header {
	return http.Header{"X-User": {user}, "X-Role": roles}
}

// until adds an expiry.
func until(h http.Header, expiry time.Time) http.Header {
	h = h.Clone()
	h.Set("X-Expiry", expiry.Format(time.RFC3339Nano))
	return h
}

// showing makes a request show other headers.
func showing(h http.Header) func(*http.Request) {
	return func(r *http.Request) { r.Header = h.Clone() }
}
