package hubs

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs/protocol"
)

// Config is how a hub runs. The zero value of each field is its default. The
// names and defaults are those of ASP.NET Core's HubOptions.
type Config struct {
	// Name is the hub's name: in logs, and what keeps hubs apart on a
	// backplane. Default: the name of the hub's type.
	Name string

	// Logger gets what the runtime has to say. Default: slog.Default().
	Logger *slog.Logger

	// Protocols are the hub protocols there are. Default: JSON and MessagePack.
	Protocols []protocol.Protocol

	// SupportedProtocols are the names of those that clients of this hub may
	// use, in any case. Default: all of Protocols.
	SupportedProtocols []string

	// HandshakeTimeout is how long a client may take for its handshake.
	// Default: 15 s. Like all times here it is looked at about once a second.
	HandshakeTimeout time.Duration

	// KeepAliveInterval is how often the client is pinged. Default: 15 s. Half
	// of the client's own server timeout is a good value.
	KeepAliveInterval time.Duration

	// ClientTimeoutInterval is how long a client that has pinged once may stay
	// silent before it is taken for lost. Default: 30 s. Twice the client's ping
	// interval is a good value.
	ClientTimeoutInterval time.Duration

	// MaximumReceiveMessageSize is the limit for one message of a client, in
	// bytes, framing included. Default: 32768. Negative: no limit, which lets a
	// client make the server hold as much as it likes.
	MaximumReceiveMessageSize int

	// EnableDetailedErrors sends the text of every error to the client, not
	// only that of [Error]. Such texts may tell secrets.
	EnableDetailedErrors bool

	// StreamBufferCapacity is how many items of an upload stream are kept for a
	// hub method that does not read them yet; then nothing more is read from
	// the client. Default: 10.
	StreamBufferCapacity int

	// MaximumParallelInvocationsPerClient is how many calls of one client may
	// run at the same time; streams are not counted. Default: 1, which keeps the
	// calls of a client in order.
	MaximumParallelInvocationsPerClient int

	// MaximumStreamsPerClient is how many streaming calls, and calls with
	// upload streams, of one client may run at the same time. Further ones are
	// refused. ASP.NET Core has no such limit. Default: 1000. Negative: no limit.
	MaximumStreamsPerClient int

	// DisableImplicitFromServicesParameters takes parameters from Services only
	// where they say so, by [Injected] or [Keyed].
	DisableImplicitFromServicesParameters bool

	// UserIDProvider tells what a user's connections are addressed by; ok is
	// false for a user who cannot be. It is asked once for each connection,
	// during the handshake. Default: the principal's ID, unless empty.
	UserIDProvider func(user *auth.Principal, r *http.Request) (id string, ok bool)

	// LifetimeManager makes what brings messages to connections. Default:
	// [NewMemoryLifetime].
	LifetimeManager func(Env) LifetimeManager

	// StatefulReconnectBufferSize is how many bytes are kept for a client that
	// has not acknowledged them, where the transport has granted stateful
	// reconnect. Then senders wait. Default: 100,000.
	StatefulReconnectBufferSize int

	// CloseOnAuthenticationExpiration ends a connection within two seconds after
	// the user's credentials have ended; its client may reconnect with new ones.
	// Default: a connection that is open stays so, though polls and posts with
	// old credentials fail.
	CloseOnAuthenticationExpiration bool

	// Filters run around the hub's calls, the first outermost.
	Filters []Filter

	// Services fill parameters of hub methods that do not come from the client.
	Services []Service

	// MethodNames gives hub methods, by their Go name, another name on the wire.
	// The Go name is then not callable.
	MethodNames map[string]string

	// MethodPolicies guards hub methods, by their Go name. All policies of a
	// method have to agree.
	MethodPolicies map[string][]Policy
}

// The defaults of hub-runtime.md, section 28.
const (
	defaultHandshakeTimeout      = 15 * time.Second
	defaultKeepAliveInterval     = 15 * time.Second
	defaultClientTimeoutInterval = 30 * time.Second
	defaultReceiveLimit          = 32 << 10
	defaultStreamBuffer          = 10
	defaultReplayBuffer          = 100_000
	defaultStreams               = 1000
)

// fill sets the defaults and returns what is wrong.
func (cfg *Config) fill(hub reflect.Type) error {
	if cfg.Name == "" && hub.Kind() == reflect.Pointer {
		cfg.Name = hub.Elem().Name()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Protocols == nil {
		cfg.Protocols = []protocol.Protocol{protocol.NewJSON(), protocol.NewMessagePack()}
	}
	if cfg.UserIDProvider == nil {
		cfg.UserIDProvider = func(user *auth.Principal, _ *http.Request) (string, bool) {
			id := user.ID()
			return id, id != ""
		}
	}
	if cfg.LifetimeManager == nil {
		cfg.LifetimeManager = NewMemoryLifetime
	}
	errs := make([]error, 0, 6)
	errs = append(errs, cfg.checkProtocols())
	for _, option := range []struct {
		name     string
		value    *time.Duration
		fallback time.Duration
	}{
		{"HandshakeTimeout", &cfg.HandshakeTimeout, defaultHandshakeTimeout},
		{"KeepAliveInterval", &cfg.KeepAliveInterval, defaultKeepAliveInterval},
		{"ClientTimeoutInterval", &cfg.ClientTimeoutInterval, defaultClientTimeoutInterval},
	} {
		errs = append(errs, defaultTo(option.name, option.value, option.fallback))
	}
	errs = append(errs,
		defaultTo("StreamBufferCapacity", &cfg.StreamBufferCapacity, defaultStreamBuffer),
		defaultTo("StatefulReconnectBufferSize", &cfg.StatefulReconnectBufferSize, defaultReplayBuffer),
		defaultTo("MaximumParallelInvocationsPerClient", &cfg.MaximumParallelInvocationsPerClient, 1))
	orUnlimited(&cfg.MaximumReceiveMessageSize, defaultReceiveLimit)
	orUnlimited(&cfg.MaximumStreamsPerClient, defaultStreams)
	return errors.Join(errs...)
}

// defaultTo sets an option that was left at zero.
func defaultTo[N int | time.Duration](name string, value *N, fallback N) error {
	if *value < 0 {
		return fmt.Errorf("hubs: %s is negative; leave it at zero for the default of %v", name, fallback)
	}
	if *value == 0 {
		*value = fallback
	}
	return nil
}

// orUnlimited is defaultTo for an option that may be switched off.
func orUnlimited(value *int, fallback int) {
	switch {
	case *value < 0:
		*value = math.MaxInt
	case *value == 0:
		*value = fallback
	}
}

func (cfg *Config) checkProtocols() error {
	found := 0
	for _, p := range cfg.Protocols {
		if cfg.supports(p.Name()) {
			found++
		}
	}
	if found == 0 {
		return errors.New("hubs: there are no supported protocols: SupportedProtocols names none of Protocols")
	}
	return nil
}

// supports reports whether clients of the hub may use the protocol name.
func (cfg *Config) supports(name string) bool {
	return cfg.SupportedProtocols == nil || slices.ContainsFunc(cfg.SupportedProtocols, func(s string) bool {
		return strings.EqualFold(s, name)
	})
}

// supportedProtocols returns those of Protocols that clients of the hub may use.
func (cfg *Config) supportedProtocols() []protocol.Protocol {
	if cfg.SupportedProtocols == nil {
		return cfg.Protocols
	}
	var list []protocol.Protocol
	for i, name := range cfg.SupportedProtocols {
		called := func(s string) bool { return strings.EqualFold(s, name) }
		if slices.ContainsFunc(cfg.SupportedProtocols[:i], called) {
			continue
		}
		for _, p := range cfg.Protocols {
			if called(p.Name()) {
				list = append(list, p)
			}
		}
	}
	return list
}

// chain looks for what has to run when a connection comes and goes.
func (cfg *Config) chain(hub reflect.Type) chain {
	return chain{
		connected: hub.Implements(reflect.TypeFor[connectedHub]()) ||
			slices.ContainsFunc(cfg.Filters, func(f Filter) bool { return f.Connected != nil }),
		disconnected: hub.Implements(reflect.TypeFor[disconnectedHub]()) ||
			slices.ContainsFunc(cfg.Filters, func(f Filter) bool { return f.Disconnected != nil }),
		refreshed: hub.Implements(reflect.TypeFor[refreshedHub]()),
	}
}
