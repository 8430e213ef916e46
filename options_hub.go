package signalr

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/protocol"
)

// KeepAliveInterval sets how often the server pings a client, whatever else it
// sends. The default is 15 seconds; it must be greater than zero and is kept to
// about a second. A client takes the server for lost after its own
// serverTimeout (30 seconds by default), which should be at least twice this.
// Long polling needs no pings and gets none.
func KeepAliveInterval(d time.Duration) Option {
	return option(func(s *settings) { s.positive("KeepAliveInterval", &s.hub.KeepAliveInterval, d) })
}

// ClientTimeoutInterval sets after how long without any message the server
// takes a client for lost. The default is 30 seconds; it must be greater than
// zero and should be at least twice the client's ping interval. As in ASP.NET
// Core the clock starts with the first ping of the client.
func ClientTimeoutInterval(d time.Duration) Option {
	return option(func(s *settings) { s.positive("ClientTimeoutInterval", &s.hub.ClientTimeoutInterval, d) })
}

// HandshakeTimeout sets how long a client may take from its connection to its
// handshake message. The default is 15 seconds; it must be greater than zero.
func HandshakeTimeout(d time.Duration) Option {
	return option(func(s *settings) { s.positive("HandshakeTimeout", &s.hub.HandshakeTimeout, d) })
}

// MaximumReceiveMessageSize sets the most bytes that one message of a client
// may have, its framing included. The default is 32,768. A client that sends
// more is closed with an error. Zero is refused; use
// [InsecureUnlimitedReceiveMessageSize] to have no limit.
func MaximumReceiveMessageSize(bytes int) Option {
	return option(func(s *settings) {
		if bytes <= 0 {
			s.invalidf("MaximumReceiveMessageSize(%d): must be greater than zero", bytes)
			return
		}
		s.hub.MaximumReceiveMessageSize = bytes
	})
}

// InsecureUnlimitedReceiveMessageSize lets a client send messages of any size,
// and so fill the server's memory.
func InsecureUnlimitedReceiveMessageSize() Option {
	return option(func(s *settings) { s.hub.MaximumReceiveMessageSize = -1 })
}

// EnableDetailedErrors sets whether the texts of all errors reach the client.
// The default is false: only errors made with hubs.Errorf show their text,
// others are replaced by a general one, since they may tell what should stay
// inside.
func EnableDetailedErrors(on bool) Option {
	return option(func(s *settings) { s.hub.EnableDetailedErrors = on })
}

// MaximumParallelInvocationsPerClient sets how many calls of one client may
// run at the same time. The default is 1: calls of one client run one after
// another, in order. Streams and calls with upload streams do not count. Zero
// and less are refused.
func MaximumParallelInvocationsPerClient(n int) Option {
	return option(func(s *settings) {
		if n < 1 {
			s.invalidf("MaximumParallelInvocationsPerClient(%d): must be at least 1", n)
			return
		}
		s.hub.MaximumParallelInvocationsPerClient = n
	})
}

// StreamBufferCapacity sets how many items of a client's upload stream wait
// for a hub method that does not read; then the server reads no more from that
// client. The default is 10. Zero and less are refused.
func StreamBufferCapacity(items int) Option {
	return option(func(s *settings) {
		if items < 1 {
			s.invalidf("StreamBufferCapacity(%d): must be at least 1", items)
			return
		}
		s.hub.StreamBufferCapacity = items
	})
}

// StatefulReconnectBufferSize sets how many bytes are kept for a client with
// stateful reconnect ([AllowStatefulReconnects]) that it has not acknowledged;
// then those who send to it wait, and nothing is lost. One message may exceed
// it. The default is 100,000. Zero and less are refused.
func StatefulReconnectBufferSize(bytes int) Option {
	return option(func(s *settings) {
		if bytes < 1 {
			s.invalidf("StatefulReconnectBufferSize(%d): must be greater than zero", bytes)
			return
		}
		s.hub.StatefulReconnectBufferSize = bytes
	})
}

// MaximumStreamsPerClient bounds the streams of one client that are under way
// at the same time, both directions together. The default is 1,000; negative
// means no limit, zero is refused. (ASP.NET Core has no such limit.)
func MaximumStreamsPerClient(n int) Option {
	return option(func(s *settings) {
		if n == 0 {
			s.invalidf("MaximumStreamsPerClient(0): must not be zero; negative means no limit")
			return
		}
		s.hub.MaximumStreamsPerClient = n
	})
}

// Protocols sets the hub protocols that clients may choose from. The default
// is JSON and MessagePack with their default options.
func Protocols(protocols ...protocol.Protocol) Option {
	return option(func(s *settings) {
		if len(protocols) == 0 {
			s.invalidf("Protocols(): at least one is needed")
			return
		}
		s.hub.Protocols = slices.Clone(protocols)
	})
}

// SupportedProtocols narrows the protocols down to those with these names,
// such as "json". The default is all that there are.
func SupportedProtocols(names ...string) Option {
	return option(func(s *settings) {
		if len(names) == 0 {
			s.invalidf("SupportedProtocols(): at least one is needed")
			return
		}
		s.hub.SupportedProtocols = slices.Clone(names)
	})
}

// AddFilter adds a filter around hub methods, OnConnected and OnDisconnected.
// The server's filters come before the hub's; the first added is the outermost.
func AddFilter(f hubs.Filter) Option {
	return option(func(s *settings) { s.hub.Filters = append(s.hub.Filters, f) })
}

// Service lets hub methods have a parameter of value's type, which is filled
// with value instead of an argument from the client. The type is T as written,
// so an interface takes its type argument: Service[Store](store).
func Service[T any](value T) Option {
	return option(func(s *settings) { s.hub.Services = append(s.hub.Services, hubs.ServiceValue(value)) })
}

// ServiceFunc is [Service] for a value that is made for each call. cleanup, if
// it is not nil, runs when the call has ended, of a stream when the stream has.
func ServiceFunc[T any](provide func(ctx context.Context) (value T, cleanup func(), err error)) Option {
	return option(func(s *settings) { s.hub.Services = append(s.hub.Services, hubs.ServiceFunc(provide)) })
}

// DisableImplicitFromServicesParameters sets whether parameters are filled
// from services only where they are declared as hubs.Injected or hubs.Keyed.
// The default is false: a parameter whose type is a registered service is one.
func DisableImplicitFromServicesParameters(on bool) Option {
	return option(func(s *settings) { s.hub.DisableImplicitFromServicesParameters = on })
}

// UserIDProvider sets how the user identifier of a connection is found, by
// which Clients().User reaches all connections of a user. It is asked once for
// each connection, during its handshake. ok false means that the connection
// belongs to no user. The default is the principal's identifier.
func UserIDProvider(find func(user *auth.Principal, r *http.Request) (id string, ok bool)) Option {
	return option(func(s *settings) { s.hub.UserIDProvider = find })
}

// LifetimeManager sets what knows the connections, groups and users of each
// hub: a backplane that reaches those of other servers too. The default knows
// those of this process.
func LifetimeManager(newManager func(hubs.Env) hubs.LifetimeManager) Option {
	return option(func(s *settings) { s.hub.LifetimeManager = newManager })
}

// CloseOnAuthenticationExpiration sets whether a connection ends, within two
// seconds, when the credentials of its user have expired; its client is told
// to reconnect, with new ones. The default is false: an open connection stays
// open, though polls and sends with old credentials are refused.
func CloseOnAuthenticationExpiration(on bool) Option {
	return option(func(s *settings) { s.hub.CloseOnAuthenticationExpiration = on })
}

// HubName sets the hub's name, which log lines carry and which a backplane
// uses to tell hubs apart. The default is the name of the hub's type.
func HubName(name string) HubOption {
	return hubOption(func(s *settings) { s.hub.Name = name })
}

// HubMethodName gives a hub method another name on the wire, as ASP.NET Core's
// attribute of that name does. The method is a method expression, so that the
// compiler knows it:
//
//	signalr.HubMethodName((*ChatHub).SendMessage, "send")
func HubMethodName(method any, name string) HubOption {
	return hubOption(func(s *settings) {
		goName, err := methodName(method)
		if err != nil || name == "" {
			s.invalidf("HubMethodName(_, %q): want a method expression such as (*ChatHub).SendMessage and a name", name)
			return
		}
		if s.hub.MethodNames == nil {
			s.hub.MethodNames = map[string]string{}
		}
		s.hub.MethodNames[goName] = name
	})
}

// AuthorizeMethod lets only those callers invoke a hub method that are
// authenticated and whom every policy allows; others are told that they are
// unauthorized, and stay connected. The method is a method expression:
//
//	signalr.AuthorizeMethod((*ChatHub).Ban, auth.Role("moderator"))
func AuthorizeMethod(method any, policies ...auth.Policy) HubOption {
	return hubOption(func(s *settings) {
		goName, err := methodName(method)
		if err != nil {
			s.invalidf("AuthorizeMethod: %w", err)
			return
		}
		if s.hub.MethodPolicies == nil {
			s.hub.MethodPolicies = map[string][]hubs.Policy{}
		}
		guard := methodPolicy(policies)
		s.hub.MethodPolicies[goName] = append(slices.Clip(s.hub.MethodPolicies[goName]), guard)
	})
}

// methodPolicy asks policies of package auth about a call.
func methodPolicy(policies []auth.Policy) hubs.Policy {
	policies = append([]auth.Policy{auth.Authenticated()}, policies...)
	return func(ctx context.Context, inv *hubs.InvocationContext) error {
		return auth.Check(ctx, auth.Resource{
			Principal: inv.Context.User(),
			Request:   inv.Context.Request(),
			Hub:       inv.Context.Hub(),
			Method:    inv.Method,
			Arguments: inv.Arguments,
		}, policies...)
	}
}

// methodName returns the name of the method of a method expression.
func methodName(method any) (string, error) {
	v := reflect.ValueOf(method)
	if v.Kind() != reflect.Func || v.IsNil() {
		return "", fmt.Errorf("%T is not a method expression such as (*ChatHub).SendMessage", method)
	}
	full := runtime.FuncForPC(v.Pointer()).Name() // "example.com/chat.(*ChatHub).SendMessage"
	dot := strings.LastIndexByte(full, '.')
	if !strings.Contains(full[:dot+1], ").") {
		return "", fmt.Errorf("%s is not a method expression such as (*ChatHub).SendMessage", full)
	}
	return full[dot+1:], nil
}
