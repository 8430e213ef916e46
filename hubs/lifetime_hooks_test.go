package hubs_test

import (
	"context"
	"errors"
	"testing"

	"github.com/hubwire/signalr/hubs"
)

// hookedLifetime is a lifetime manager with both of the optional methods.
type hookedLifetime struct {
	hubs.LifetimeManager
	env    hubs.Env
	ready  error
	closed int
}

func (h *hookedLifetime) Ready() error { return h.ready }

func (h *hookedLifetime) Close() error {
	h.closed++
	return nil
}

func TestLifetimeHooks(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	made := &hookedLifetime{ready: away}
	rt, _, err := hubs.NewRuntime(func() *quietHub { return &quietHub{} }, hubs.Config{
		SupportedProtocols: []string{"MessagePack", "json", "messagepack"},
		LifetimeManager: func(env hubs.Env) hubs.LifetimeManager {
			made.LifetimeManager, made.env = hubs.NewMemoryLifetime(env), env
			return made
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(made.env.Protocols) != 2 || made.env.Protocols[0].Name() != "messagepack" || made.env.Protocols[1].Name() != "json" {
		t.Errorf("got the protocols %v, want messagepack and json", made.env.Protocols)
	}
	if err := rt.Ready(); !errors.Is(err, away) {
		t.Errorf("Ready: got %v, want what the lifetime manager says", err)
	}
	for range 2 {
		if err := rt.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if made.closed != 1 {
		t.Errorf("closed %d times, want once", made.closed)
	}
}

// TestClientsOf sends without a hub.
func TestClientsOf(t *testing.T) {
	t.Parallel()
	sent := &recordingLifetime{}
	type client struct {
		Hello func(ctx context.Context, name string) error
	}
	typed, err := hubs.TypedClientsOf[client](sent)
	if err != nil {
		t.Fatal(err)
	}
	if err := typed.Group("room").Hello(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	if err := hubs.ClientsOf(sent).User("bob").Send(t.Context(), "Bye"); err != nil {
		t.Fatal(err)
	}
	if len(sent.methods) != 2 || sent.methods[0] != "Hello" || sent.methods[1] != "Bye" {
		t.Errorf("got %v, want Hello and Bye", sent.methods)
	}
	if _, err := hubs.TypedClientsOf[struct{ Hello int }](sent); err == nil {
		t.Error("got no error for a client type that is none")
	}
}

// recordingLifetime notes what it is asked to send.
type recordingLifetime struct {
	hubs.LifetimeManager
	methods []string
}

func (r *recordingLifetime) Send(_ context.Context, _ hubs.Target, method string, _ []any) error {
	r.methods = append(r.methods, method)
	return nil
}
