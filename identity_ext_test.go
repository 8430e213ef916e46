package signalr_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/internal/wireclient"
)

// endHub notes why its connections ended.
type endHub struct {
	hubs.Hub

	causes chan error
}

func (h *endHub) ID() string { return h.Context().ConnectionID() }

func (h *endHub) OnDisconnected(_ context.Context, err error) error {
	h.causes <- errors.Join(err, context.Cause(h.Context().ConnectionAborted()))
	return nil
}

func newEnd(t *testing.T, options ...signalr.HubOption) (url string, hub *hubs.HubContext[*hubs.Clients], causes chan error) {
	t.Helper()
	causes = make(chan error, 16)
	sr, mux := signalr.New(), http.NewServeMux()
	hub = signalr.MapHub(sr, mux, "/hub", func() *endHub { return &endHub{causes: causes} }, options...)
	return listen(t, sr, auth.Adapt(headerUser)(mux)) + "/hub", hub, causes
}

// ended checks how a connection ends: with a Close message, then its transport.
func ended(t *testing.T, c *wireclient.Client, allowReconnect bool) {
	t.Helper()
	m := next(t, c)
	if m.Type != 7 || m.Error != "" || m.AllowReconnect != allowReconnect {
		t.Errorf("got %+v, want a Close message without an error, allowReconnect %v", m, allowReconnect)
	}
	select {
	case <-c.Done:
	case <-time.After(patience):
		t.Error("the transport goes on after the Close message")
	}
}

func TestExpiredCredentialsEndTheConnection(t *testing.T) {
	t.Parallel()
	for _, transport := range wireclient.Transports() {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			url, _, causes := newEnd(t, signalr.CloseOnAuthenticationExpiration(true))
			forGood, _, _ := newEnd(t)
			expiry := time.Now().Add(300 * time.Millisecond)
			stays := dial(t, forGood, wireclient.Options{Transport: transport, Header: until(as("ann"), expiry)})
			endless := dial(t, url, wireclient.Options{Transport: transport, Header: as("ann")})
			c := dial(t, url, wireclient.Options{Transport: transport, Header: until(as("ann"), expiry)})
			ended(t, c, true)
			if late := time.Since(expiry); late < 0 || late > 2*time.Second {
				t.Errorf("ended %v after the expiry, want up to 2 s", late)
			}
			if cause := <-causes; !errors.Is(cause, hubs.ErrAuthenticationExpired) {
				t.Errorf("got cause %v, want ErrAuthenticationExpired", cause)
			}
			for name, c := range map[string]*wireclient.Client{"credentials without an end": endless, "by default": stays} {
				if got := invoke(t, c, "ID"); got != c.ID {
					t.Errorf("%s: got %q from a connection that should go on", name, got)
				}
			}
		})
	}
}

func TestRefreshPutsTheEndOff(t *testing.T) {
	t.Parallel()
	url, _, _ := newEnd(t, signalr.CloseOnAuthenticationExpiration(true), signalr.EnableAuthenticationRefresh(true))
	expiry := time.Now().Add(1500 * time.Millisecond)
	soon := dial(t, url, wireclient.Options{Transport: wireclient.WebSockets, Header: until(as("ann"), expiry)})
	var refreshed []*wireclient.Client
	for _, transport := range wireclient.Transports() {
		c := dial(t, url, wireclient.Options{Transport: transport, Header: until(as("ann"), expiry)})
		later := until(as("ann"), expiry.Add(time.Hour))
		c.SetHeader(later)
		if status, body := refresh(t, c, later); status != 200 {
			t.Fatalf("%s: got %d %s", transport, status, body)
		}
		refreshed = append(refreshed, c)
	}
	ended(t, soon, true)
	for i, c := range refreshed {
		if got := invoke(t, c, "ID"); got != c.ID {
			t.Errorf("%s: got %q, want the connection to go on", wireclient.Transports()[i], got)
		}
	}
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	url, hub, causes := newEnd(t)
	for _, transport := range wireclient.Transports() {
		ann1 := dial(t, url, wireclient.Options{Transport: transport, Header: as("ann")})
		ann2 := dial(t, url, wireclient.Options{Transport: transport, Header: as("ann")})
		ann3 := dial(t, url, wireclient.Options{Transport: transport, Header: as("ann")})
		bob := dial(t, url, wireclient.Options{Transport: transport, Header: as("bob")})
		nobody := dial(t, url, wireclient.Options{Transport: transport})

		if err := hub.Disconnect(t.Context(), ann1.ID); err != nil {
			t.Error(err)
		}
		ended(t, ann1, false)
		if got := invoke(t, ann2, "ID"); got != ann2.ID {
			t.Errorf("%s: got %q, want the user's other connection to go on", transport, got)
		}
		if err := errors.Join(hub.DisconnectUser(t.Context(), "ann"), hub.DisconnectUser(t.Context(), ""), hub.Disconnect(t.Context(), "unknown")); err != nil {
			t.Error(err)
		}
		ended(t, ann2, false)
		ended(t, ann3, false)
		for range 3 {
			if cause := <-causes; !errors.Is(cause, hubs.ErrDisconnectRequested) {
				t.Errorf("%s: got cause %v, want ErrDisconnectRequested", transport, cause)
			}
		}
		for _, c := range []*wireclient.Client{bob, nobody} {
			if got := invoke(t, c, "ID"); got != c.ID {
				t.Errorf("%s: got %q, want others to go on", transport, got)
			}
			c.Close()
			if cause := <-causes; errors.Is(cause, hubs.ErrDisconnectRequested) {
				t.Errorf("%s: a client that left of itself ended by %v", transport, cause)
			}
		}
	}
}

// fleet is a lifetime manager that reaches other nodes.
type fleet struct {
	hubs.LifetimeManager

	mu   sync.Mutex
	told []hubs.Target // guarded by mu
}

var errNodesUnreachable = errors.New("nodes unreachable")

func (f *fleet) DisconnectOthers(_ context.Context, to hubs.Target) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, to)
	return errNodesUnreachable
}

func TestDisconnectTellsTheBackplane(t *testing.T) {
	t.Parallel()
	nodes := &fleet{}
	_, hub, _ := newEnd(t, signalr.LifetimeManager(func(env hubs.Env) hubs.LifetimeManager {
		nodes.LifetimeManager = hubs.NewMemoryLifetime(env)
		return nodes
	}))
	for _, err := range []error{hub.Disconnect(t.Context(), "c1"), hub.DisconnectUser(t.Context(), "ann")} {
		if !errors.Is(err, errNodesUnreachable) {
			t.Errorf("got %v, want the manager's error", err)
		}
	}
	nodes.mu.Lock()
	defer nodes.mu.Unlock()
	if len(nodes.told) != 2 || nodes.told[0].Kind != hubs.TargetConnections || nodes.told[1].Kind != hubs.TargetUsers ||
		!slices.Equal(nodes.told[0].IDs, []string{"c1"}) || !slices.Equal(nodes.told[1].IDs, []string{"ann"}) {
		t.Errorf("got %+v, want the connection, then the user", nodes.told)
	}
}
