package hubs

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/hubwire/signalr/hubs/protocol"
)

// Clients are the targets that exist outside of a call. All methods are safe
// for concurrent use and cost nothing: the work is done by Send.
type Clients struct {
	rt *Runtime // set before start
}

// ClientsOf returns the targets of a lifetime manager without a hub, for a
// process that only sends.
func ClientsOf(m LifetimeManager) *Clients { return &Clients{rt: &Runtime{lifetime: m}} }

// All is every connection of the hub.
func (c *Clients) All() Proxy { return Proxy{rt: c.rt, to: Target{Kind: TargetAll}} }

// AllExcept is every connection of the hub but those named.
func (c *Clients) AllExcept(connectionIDs ...string) Proxy {
	return Proxy{rt: c.rt, to: Target{Kind: TargetAll, Except: connectionIDs}}
}

// Client is one connection. If there is none of this id, a Send reaches
// nobody and an Invoke fails with [ErrNoConnection].
func (c *Clients) Client(connectionID string) SingleProxy {
	return SingleProxy{rt: c.rt, id: connectionID}
}

// Clients are the connections named, each once.
func (c *Clients) Clients(connectionIDs ...string) Proxy {
	return Proxy{rt: c.rt, to: Target{Kind: TargetConnections, IDs: connectionIDs}}
}

// Group is the members of a group.
func (c *Clients) Group(name string) Proxy {
	return Proxy{rt: c.rt, to: Target{Kind: TargetGroups, IDs: []string{name}}}
}

// GroupExcept is the members of a group but the connections named.
func (c *Clients) GroupExcept(name string, connectionIDs ...string) Proxy {
	return Proxy{rt: c.rt, to: Target{Kind: TargetGroups, IDs: []string{name}, Except: connectionIDs}}
}

// Groups is the members of each group; a connection that is in two of them
// gets what is sent twice. An empty name makes Send fail with [ErrEmptyGroup].
func (c *Clients) Groups(names ...string) Proxy {
	p := Proxy{rt: c.rt, to: Target{Kind: TargetGroups, IDs: names}}
	if slices.Contains(names, "") {
		p.err = ErrEmptyGroup
	}
	return p
}

// User is all connections of a user.
func (c *Clients) User(userID string) Proxy {
	return Proxy{rt: c.rt, to: Target{Kind: TargetUsers, IDs: []string{userID}}}
}

// Users is all connections of the users, each once.
func (c *Clients) Users(userIDs ...string) Proxy {
	return Proxy{rt: c.rt, to: Target{Kind: TargetUsers, IDs: userIDs}}
}

// CallerClients are the targets within a call: those of [Clients] and the ones
// that depend on who is calling.
type CallerClients struct {
	clientTargets
	s *scope // set before start
}

// clientTargets is Clients under another name: a field called Clients would
// hide the method.
type clientTargets = Clients

// Caller is the connection whose call this is.
func (c *CallerClients) Caller() SingleProxy {
	return SingleProxy{rt: c.rt, s: c.s, id: c.s.conn.ID()}
}

// Client is one connection, see [Clients.Client]. To wait for its result does
// not keep the caller's next calls waiting (hub-runtime.md, 16).
func (c *CallerClients) Client(connectionID string) SingleProxy {
	return SingleProxy{rt: c.rt, s: c.s, id: connectionID}
}

// Others is every connection but the caller.
func (c *CallerClients) Others() Proxy { return c.AllExcept(c.s.conn.ID()) }

// OthersInGroup is the members of a group but the caller, who need not be one.
func (c *CallerClients) OthersInGroup(name string) Proxy {
	return c.GroupExcept(name, c.s.conn.ID())
}

// Proxy sends to a target. It may be kept and is safe for concurrent use.
type Proxy struct {
	rt  *Runtime
	to  Target
	err error // of the target; Send returns it
}

// Send calls the client method on every connection of the target and does not
// wait for the clients to run it. Method names are sent as given, so spell
// them as the clients do. What one goroutine sends arrives in order.
//
// Send returns once every receiver's queue has taken the message or its
// receiver has been cut off. It fails if an argument cannot be encoded (then
// nobody got it), if ctx ends while it waits for slow receivers (others may
// have got it), or if a backplane is down; that nobody was there is no error.
func (p Proxy) Send(ctx context.Context, method string, args ...any) error {
	if p.err != nil {
		return p.err
	}
	return p.rt.lifetime.Send(ctx, p.to, method, args)
}

// SingleProxy is one connection: it can also be asked for a result. It may be
// kept and is safe for concurrent use.
type SingleProxy struct {
	rt *Runtime
	s  *scope // nil outside of a call
	id string
}

// Send calls the client method and does not wait for the client to run it, see
// [Proxy.Send].
func (p SingleProxy) Send(ctx context.Context, method string, args ...any) error {
	return p.rt.lifetime.Send(ctx, Target{Kind: TargetConnections, IDs: []string{p.id}}, method, args)
}

// Invoke calls the client method and waits for its result, which it stores in
// the value that result points to; a nil result is not looked at. It waits as
// long as ctx lasts. Errors: [ErrNoConnection], [ErrDisconnected],
// [ErrInvocationCanceled], [ErrResultsNotAllowed] in OnConnected, and an [*Error] with the
// client's text if it answered with an error, or with something that does not
// fit result.
//
// Within a hub method, use the hub's own Clients to ask: then the caller's next
// calls, and the answer, are not kept waiting (hub-runtime.md, section 16).
func (p SingleProxy) Invoke(ctx context.Context, result any, method string, args ...any) error {
	if p.s != nil {
		if err := p.s.beforeAsking(); err != nil {
			return err
		}
	}
	return p.rt.lifetime.Invoke(ctx, p.id, method, args, func(proto protocol.Protocol, raw protocol.Raw) error {
		if result == nil {
			return nil
		}
		err := proto.Unmarshal(raw, result)
		if err == nil {
			return nil
		}
		typ := reflect.TypeOf(result)
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		return &Error{Text: fmt.Sprintf(textResultUnbound, netTypeName(typ), err), Err: err}
	})
}

// Invoke calls the client method and returns its result as a T, see
// [SingleProxy.Invoke].
func Invoke[T any](ctx context.Context, p SingleProxy, method string, args ...any) (T, error) {
	var result T
	err := p.Invoke(ctx, &result, method, args...)
	return result, err
}
