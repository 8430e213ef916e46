package hubtest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/internal/testclient"
)

// Option is an option of [New] and [Start].
type Option func(*settings)

type settings struct {
	client testclient.Options
	config hubs.Config
}

// WithUser sets the principal of the caller. Default: the anonymous user.
func WithUser(user *auth.Principal) Option {
	return func(s *settings) { s.client.User = user }
}

// WithConnectionID sets the caller's connection id. Default: "caller".
func WithConnectionID(id string) Option {
	return func(s *settings) { s.client.ID = id }
}

// WithRequest sets the request that opened the caller's connection. Default: a
// GET of "/" without headers.
func WithRequest(r *http.Request) Option {
	return func(s *settings) { s.client.Request = r }
}

// WithConfig sets how the hub runs, for what a hub can see of that: the
// UserIDProvider, and the Services without which its methods could not be
// bound. LifetimeManager and Filters are not used.
func WithConfig(cfg hubs.Config) Option {
	return func(s *settings) { s.config = cfg }
}

// New makes a hub value a caller's until the test ends, and fails the test if
// the hub could not be registered. hub is a pointer to a struct that embeds
// hubs.Hub or hubs.Typed. K is the type of the clients as seen from outside of
// the hub; the compiler infers it.
func New[H hubs.Instance[K], K any](tb testing.TB, hub H, options ...Option) *Recorder[K] {
	tb.Helper()
	r, err := Start(hub, options...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := r.Close(); err != nil {
			tb.Errorf("hubtest: %v", err)
		}
	})
	return r
}

// closePatience is how long Close waits; nothing but a bug makes it wait.
const closePatience = 10 * time.Second

// Start is [New] for code that has no test at hand. Close has to be called.
func Start[H hubs.Instance[K], K any](hub H, options ...Option) (*Recorder[K], error) {
	set := settings{client: testclient.Options{ID: "caller"}}
	for _, o := range options {
		o(&set)
	}
	r := &Recorder[K]{records: newRecords()}
	cfg := set.config
	cfg.LifetimeManager = r.manage
	cfg.Filters = []hubs.Filter{noEvents}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	typ := reflect.TypeFor[H]().Elem()
	// The runtime makes hubs of its own for its events and runs nothing on
	// them: the test's hub is left to the test.
	runtime, hubContext, err := hubs.NewRuntime(func() H { return reflect.New(typ).Interface().(H) }, cfg)
	if err != nil {
		return nil, fmt.Errorf("hubtest: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), closePatience)
	defer cancel()
	client, err := testclient.Dial(ctx, runtime, set.client)
	if err != nil {
		return nil, fmt.Errorf("hubtest: connect: %w", err)
	}
	hubs.Attach(hub, client.Connection())
	r.hubContext = hubContext
	r.close = func() error {
		client.Close()
		ctx, cancel := context.WithTimeout(context.Background(), closePatience)
		defer cancel()
		return runtime.Shutdown(ctx)
	}
	return r, nil
}

// noEvents keeps OnConnected and OnDisconnected for the test to call.
var noEvents = hubs.Filter{
	Connected: func(context.Context, *hubs.Context, func(context.Context) error) error { return nil },
	Disconnected: func(context.Context, *hubs.Context, error, func(context.Context, error) error) error {
		return nil
	},
}
