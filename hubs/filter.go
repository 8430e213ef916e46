package hubs

import "context"

// Filter runs around the calls of a hub: the first of [Config.Filters] is the
// outermost. Each of its functions may be nil. A function may change what it
// hands on, change what comes back, or not call next at all. An error it
// returns, or a panic, is treated like one of the hub method itself.
//
// Filters do not see calls that could not be bound, that name no method, or
// that a policy refused (hub-runtime.md, section 22).
type Filter struct {
	// Invoke runs around a hub method. The result of a streaming method is its
	// stream: the call that returns it is wrapped, not the items.
	Invoke func(ctx context.Context, inv *InvocationContext, next InvokeFunc) (any, error)

	// Connected runs around OnConnected, also for hubs that have none.
	Connected func(ctx context.Context, c *Context, next func(context.Context) error) error

	// Disconnected runs around OnDisconnected, also for hubs that have none.
	Disconnected func(ctx context.Context, c *Context, err error, next func(context.Context, error) error) error
}

// InvokeFunc calls a hub method, through the filters that are left.
type InvokeFunc func(ctx context.Context, inv *InvocationContext) (any, error)

// InvocationContext is one call of a hub method, as filters and policies see
// it. It is valid during the call only.
type InvocationContext struct {
	// Context is the connection that calls.
	Context *Context

	// Hub is the hub value made for this call, nil for policies.
	Hub any

	// Method is the name of the method on the wire.
	Method string

	// Arguments are the values for the method's parameters. Filters get all of
	// them but a leading context.Context, services and streams included, and may
	// replace them by others of the same type; policies get those that came
	// from the client.
	Arguments []any
}

// Policy decides whether a call may go on: an error refuses it. The client is
// told only that it is unauthorized. A policy runs for every call, before
// filters; one that panics refuses.
type Policy func(ctx context.Context, inv *InvocationContext) error
