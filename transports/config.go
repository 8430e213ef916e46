package transports

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Type is a transport or a set of them. The numbers are ASP.NET Core's
// HttpTransportType.
type Type uint8

// The transports.
const (
	WebSockets       Type = 1
	ServerSentEvents Type = 2
	LongPolling      Type = 4

	// All is every transport.
	All = WebSockets | ServerSentEvents | LongPolling
)

// String returns the name that the SignalR protocol uses, or "None" or "" for
// what is not one transport.
func (t Type) String() string {
	switch t {
	case WebSockets:
		return "WebSockets"
	case ServerSentEvents:
		return "ServerSentEvents"
	case LongPolling:
		return "LongPolling"
	case 0:
		return "None"
	}
	return ""
}

// What the zero values in a [Config] stand for.
const (
	DefaultMaxBufferSize      = 64 << 10
	DefaultSendTimeout        = 10 * time.Second
	DefaultCloseTimeout       = 5 * time.Second
	DefaultPollTimeout        = 90 * time.Second
	DefaultDisconnectTimeout  = 15 * time.Second
	DefaultMaxUnusedConns     = 64 << 10
	DefaultMaxQueryLength     = 32 << 10
	maximumIDLength           = 128
	minimumSensibleBufferSize = 1
)

// NoLimit switches off a limit of [Config] whose zero value is a default.
const NoLimit = -1

// Config says how an [Endpoint] behaves. The zero value of each field is its
// default.
type Config struct {
	// Transports is what clients may use. The default is All.
	Transports Type

	// ApplicationMaxBufferSize is how many bytes of a client wait for the App
	// before no more is read from it. A single write may exceed it. The default
	// is 65,536; NoLimit is for a trusted network.
	ApplicationMaxBufferSize int

	// TransportMaxBufferSize is how many bytes wait to be sent to a client
	// before TryQueue fails and Queue waits; it goes on below half of it. A
	// single message may exceed it. The default is 65,536; NoLimit lets a
	// client that does not read take all memory.
	TransportMaxBufferSize int

	// TransportSendTimeout is how long one write to a client may take, kept to
	// about a second, and how long Queue waits. Then the connection is cut
	// off. The default is 10 s; negative is never.
	TransportSendTimeout time.Duration

	// WebSocketCloseTimeout is how long the other side's part in closing a
	// WebSocket is waited for. The default is 5 s.
	WebSocketCloseTimeout time.Duration

	// SubProtocolSelector chooses the WebSocket subprotocol of the answer from
	// those that the client asks for; "" answers none, and so does nil.
	SubProtocolSelector func(requested []string) string

	// LongPollingPollTimeout is after how long an idle poll is answered empty.
	// The default is 90 s.
	LongPollingPollTimeout time.Duration

	// DisconnectTimeout is how long a connection lives without a transport: a
	// negotiated one that nobody attaches to, or a client that does not poll
	// again. It is kept to about a second. The default is 15 s.
	DisconnectTimeout time.Duration

	// AllowedOrigins lists the origins other than the server's own host from
	// which browsers may open a WebSocket, such as "https://app.example.com";
	// "*" allows all. Requests without an Origin header pass.
	AllowedOrigins []string

	// AllowStatefulReconnects lets clients ask at negotiation for a connection
	// that survives the loss of its WebSocket.
	AllowStatefulReconnects bool

	// EnableAuthenticationRefresh lets clients renew the credentials of a
	// connection that goes on, by POST {hub}/refresh ([Endpoint.ServeRefresh])
	// and by polls.
	EnableAuthenticationRefresh bool

	// OnAuthenticationRefresh decides whether new credentials, which have been
	// found to be the same user's, replace those of a connection; false refuses,
	// and ends the connection if it was a poll that showed them. Nil accepts all.
	// It may be called for several requests at the same time.
	OnAuthenticationRefresh func(AuthenticationRefresh) bool

	// MaxUnusedConnections bounds the connections that have been negotiated but
	// not been used yet. Beyond it negotiation is refused. The default is
	// 65,536; NoLimit leaves memory to whoever can reach negotiate.
	MaxUnusedConnections int

	// MaxQueryLength bounds the query string of a request, in bytes; beyond it
	// the answer is 414. The default is 32,768, so that access tokens fit.
	MaxQueryLength int

	// Logger gets what happens to connections, mostly at Debug; Warn is what
	// was cut off. Never a token. The default discards.
	Logger *slog.Logger
}

// withDefaults returns c with its zero values filled in, or what is wrong with
// it, option by option.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	wrong := func(option, is string, value any) {
		errs = append(errs, fmt.Errorf("transports: %s must %s, got %v", option, is, value))
	}
	if c.Transports == 0 {
		c.Transports = All
	}
	if c.Transports&^All != 0 {
		wrong("Transports", "be a set of WebSockets, ServerSentEvents and LongPolling", uint8(c.Transports))
	}
	for _, f := range [...]struct {
		option string
		value  *int
		def    int
	}{
		{"ApplicationMaxBufferSize", &c.ApplicationMaxBufferSize, DefaultMaxBufferSize},
		{"TransportMaxBufferSize", &c.TransportMaxBufferSize, DefaultMaxBufferSize},
		{"MaxUnusedConnections", &c.MaxUnusedConnections, DefaultMaxUnusedConns},
		{"MaxQueryLength", &c.MaxQueryLength, DefaultMaxQueryLength},
	} {
		switch {
		case *f.value == 0:
			*f.value = f.def
		case *f.value < minimumSensibleBufferSize && *f.value != NoLimit:
			wrong(f.option, "be greater than zero, or NoLimit", *f.value)
		}
	}
	for _, f := range [...]struct {
		option string
		value  *time.Duration
		def    time.Duration
	}{
		{"WebSocketCloseTimeout", &c.WebSocketCloseTimeout, DefaultCloseTimeout},
		{"LongPollingPollTimeout", &c.LongPollingPollTimeout, DefaultPollTimeout},
		{"DisconnectTimeout", &c.DisconnectTimeout, DefaultDisconnectTimeout},
	} {
		switch {
		case *f.value == 0:
			*f.value = f.def
		case *f.value < 0:
			wrong(f.option, "be greater than zero", *f.value)
		}
	}
	if c.TransportSendTimeout == 0 {
		c.TransportSendTimeout = DefaultSendTimeout
	}
	for _, origin := range c.AllowedOrigins {
		if !validOrigin(origin) {
			wrong("AllowedOrigins", `have the form "https://app.example.com" or "*"`, fmt.Sprintf("%q", origin))
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, errors.Join(errs...)
}

// validOrigin reports whether s is what a browser sends as Origin, or "*".
func validOrigin(s string) bool {
	if s == "*" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Host != "" && strings.EqualFold(s, u.Scheme+"://"+u.Host)
}
