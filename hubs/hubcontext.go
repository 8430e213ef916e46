package hubs

// HubContext reaches the clients of a hub from outside of its calls, such as
// from a timer or an HTTP handler. K is [*Clients], or [*TypedClients] for a
// hub that embeds [Typed]. Safe for concurrent use.
type HubContext[K any] struct {
	clients K
	rt      *Runtime
}

// Clients returns the targets to send to.
func (h *HubContext[K]) Clients() K { return h.clients }

// Groups adds connections to groups and removes them.
func (h *HubContext[K]) Groups() *Groups { return &h.rt.groups }
