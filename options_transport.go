package signalr

import (
	"slices"
	"time"

	"github.com/hubwire/signalr/transports"
)

// Transports sets which transports clients may use. The default is
// transports.All; zero is refused.
func Transports(on transports.Type) Option {
	return option(func(s *settings) {
		if on == 0 || on&^transports.All != 0 {
			s.invalidf("Transports(%d): must be one or more of transports.WebSockets, ServerSentEvents and LongPolling", on)
			return
		}
		s.transport.Transports = on
	})
}

// AllowedOrigins sets from which foreign origins browsers may open WebSockets,
// each as in "https://app.example.com"; "*" allows all. Requests from the
// server's own host, and those without an Origin header, are always allowed.
// The default is no foreign origin.
//
// Where the caller is known by what a browser sends along by itself, a cookie
// for example (see [auth.Ambient]), it holds for every request of every
// transport, and "*" does not count: name the origins. For all others browsers
// ask the program's CORS middleware, which should name the same origins.
func AllowedOrigins(origins ...string) Option {
	return option(func(s *settings) { s.transport.AllowedOrigins = slices.Clone(origins) })
}

// ApplicationMaxBufferSize sets how many bytes of a client wait for its hub
// before the server stops reading from it. The default is 65,536; zero means
// no limit, negative is refused.
func ApplicationMaxBufferSize(bytes int) Option {
	return option(func(s *settings) {
		s.bufferSize("ApplicationMaxBufferSize", &s.transport.ApplicationMaxBufferSize, bytes)
	})
}

// TransportMaxBufferSize sets how many bytes wait to be written to a client
// before those who send to it have to wait. One message may exceed it. The
// default is 65,536; zero means no limit, negative is refused.
func TransportMaxBufferSize(bytes int) Option {
	return option(func(s *settings) { s.bufferSize("TransportMaxBufferSize", &s.transport.TransportMaxBufferSize, bytes) })
}

func (s *settings) bufferSize(option string, where *int, bytes int) {
	switch {
	case bytes < 0:
		s.invalidf("%s(%d): must not be negative; zero means no limit", option, bytes)
	case bytes == 0:
		*where = transports.NoLimit
	default:
		*where = bytes
	}
}

// TransportSendTimeout sets how long one write to a client may take before the
// connection is cut off, and how long a send waits for a receiver that is slow.
// The default is 10 seconds; it must be greater than zero.
func TransportSendTimeout(d time.Duration) Option {
	return option(func(s *settings) { s.positive("TransportSendTimeout", &s.transport.TransportSendTimeout, d) })
}

// WebSocketCloseTimeout sets how long a client may take to answer the close
// frame of the server before its socket is cut off. The default is 5 seconds;
// it must be greater than zero.
func WebSocketCloseTimeout(d time.Duration) Option {
	return option(func(s *settings) { s.positive("WebSocketCloseTimeout", &s.transport.WebSocketCloseTimeout, d) })
}

// WebSocketSubProtocolSelector sets how the Sec-WebSocket-Protocol of the answer
// is chosen from those that the client asked for; "" leaves it out. The default
// leaves it out.
func WebSocketSubProtocolSelector(choose func(requested []string) string) Option {
	return option(func(s *settings) { s.transport.SubProtocolSelector = choose })
}

// LongPollingPollTimeout sets after how long a poll without a message is
// answered empty, so that no proxy takes it for dead. The default is 90
// seconds; it must be greater than zero.
func LongPollingPollTimeout(d time.Duration) Option {
	return option(func(s *settings) { s.positive("LongPollingPollTimeout", &s.transport.LongPollingPollTimeout, d) })
}

// DisconnectTimeout sets how long the server waits for a client that has
// negotiated but not connected, or that does not poll again, before it forgets
// the connection. The default is 15 seconds; it must be greater than zero and
// is kept to about a second.
func DisconnectTimeout(d time.Duration) Option {
	return option(func(s *settings) { s.positive("DisconnectTimeout", &s.transport.DisconnectTimeout, d) })
}

// AllowStatefulReconnects sets whether clients may ask for a connection that
// survives the loss of its WebSocket: withStatefulReconnect of the JavaScript
// client. It comes back with a new socket within [DisconnectTimeout], every
// message arrives once and in order, and no hub notices. The default is false,
// as in ASP.NET Core: messages are kept until they are acknowledged, up to
// [StatefulReconnectBufferSize] bytes for each such client.
func AllowStatefulReconnects(on bool) Option {
	return option(func(s *settings) { s.transport.AllowStatefulReconnects = on })
}

// MinimumProtocolVersion sets the oldest version of negotiation that clients
// may ask for. The default is 0, which all clients satisfy; 1 refuses those
// that know no connection token.
func MinimumProtocolVersion(version int) Option {
	return option(func(s *settings) {
		if version < 0 {
			s.invalidf("MinimumProtocolVersion(%d): must not be negative", version)
			return
		}
		s.minimumProtocolVersion = version
	})
}

// MaximumUnusedConnections sets how many connections may have been negotiated
// and not been used yet. Beyond it negotiation is answered with 503, until some
// have been used or forgotten (see [DisconnectTimeout]). The default is 65,536,
// which is about 50 MB; it must be greater than zero.
func MaximumUnusedConnections(n int) Option {
	return option(func(s *settings) {
		if n <= 0 {
			s.invalidf("MaximumUnusedConnections(%d): must be greater than zero", n)
			return
		}
		s.transport.MaxUnusedConnections = n
	})
}
