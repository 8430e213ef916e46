package hubs

import "reflect"

// Typed is what a hub embeds instead of [Hub] to call its clients through a
// type of its own, C: a struct with a func field for each client method.
//
//	type ChatClient struct {
//		ReceiveMessage func(ctx context.Context, user, message string) error
//		GetMessage     func(ctx context.Context) (string, error) `signalr:"getMessage"`
//	}
//
//	type ChatHub struct {
//		hubs.Typed[ChatClient]
//	}
//
// A field has the name of the client method, or names it in a tag. Its first
// parameter is a context, the others are the arguments. A field that returns
// an error sends, as [Proxy.Send] does; one that returns a value and an error
// waits for the client's result, for which the target has to be one
// connection: Client or Caller. C may embed other structs of funcs. Fields of
// another shape are errors when the hub is registered.
//
// In all else Typed is like Hub.
type Typed[C any] struct {
	s *scope // set before start
}

// Context returns the connection whose call this is.
func (h *Typed[C]) Context() *Context { return h.s.must().context() }

// Clients returns the targets to send to, the caller among them.
func (h *Typed[C]) Clients() *TypedCallerClients[C] {
	s := h.s.must()
	return &TypedCallerClients[C]{TypedClients: typedOutside[C](s.conn.rt), s: s}
}

// Groups adds connections to groups and removes them.
func (h *Typed[C]) Groups() *Groups { return h.s.must().groups() }

func (h *Typed[C]) attach(s *scope) { h.s = s }

func (*Typed[C]) outside(r *Runtime) (*TypedClients[C], error) {
	plan, err := planClient(reflect.TypeFor[C]())
	if err != nil {
		return nil, err
	}
	c := &TypedClients[C]{untyped: &r.clients, plan: plan}
	c.all = c.to(r.clients.All())
	r.typed = c // the calls of hubs use it too
	return c, nil
}

// typedOutside returns what outside made when the hub was registered.
func typedOutside[C any](r *Runtime) *TypedClients[C] { return r.typed.(*TypedClients[C]) }
