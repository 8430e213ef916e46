package hubs

// Hub is what a hub embeds to become one:
//
//	type ChatHub struct {
//		hubs.Hub
//	}
//
// Every exported method of the hub is then a hub method that clients may
// call. One hub value is made for each call, so its fields hold nothing from
// one call to the next; what belongs to the connection goes into
// [Context.Items]. A hub may also have the methods
//
//	OnConnected(ctx context.Context) error
//	OnDisconnected(ctx context.Context, err error) error
//	OnAuthenticationRefreshed(ctx context.Context) error
//
// which are not callable. Embed Hub by value, not by pointer.
//
// The methods of Hub work from the call of a hub method on, on any goroutine;
// on a hub value that the runtime did not make they panic.
type Hub struct {
	s *scope // set before start
}

// Context returns the connection whose call this is.
func (h *Hub) Context() *Context { return h.s.must().context() }

// Clients returns the targets to send to, the caller among them.
func (h *Hub) Clients() *CallerClients { return &h.s.must().clients }

// Groups adds connections to groups and removes them.
func (h *Hub) Groups() *Groups { return h.s.must().groups() }

func (h *Hub) attach(s *scope) { h.s = s }

//nolint:unparam // that of Typed fails for bad client types
func (*Hub) outside(r *Runtime) (*Clients, error) { return &r.clients, nil }

// Instance is a hub: a pointer to a struct that embeds [Hub] or [Typed]. K is
// the type of the clients as seen from outside of the hub, [*Clients] or
// [*TypedClients]; the compiler infers it from the hub's type.
type Instance[K any] interface {
	instance
	outside(r *Runtime) (K, error)
}

// instance is the part of [Instance] that does not depend on K.
type instance interface {
	attach(s *scope)
}
