package hubs

import "context"

// Runtime runs one hub. It is made by [NewRuntime] and safe for concurrent use.
type Runtime struct {
	lifetime LifetimeManager
	clients  Clients
	groups   Groups
	typed    any // *TypedClients[C] of a hub that embeds Typed; set before start, by outside
}

// NewRuntime binds a hub. newHub makes a hub value for one call; it must not
// block for long. The error joins all that is wrong with the hub's methods and
// the configuration.
func NewRuntime[H Instance[K], K any](newHub func() H, cfg Config) (*Runtime, *HubContext[K], error) {
	panic("not yet")
}

// Connect starts a connection; t then calls its Receive, Ended and Tick.
func (r *Runtime) Connect(t Conn) *Connection { panic("not yet") }

// Shutdown ends every connection with a Close message that allows to
// reconnect, refuses new ones, and returns when all calls and all OnDisconnected have
// returned, or with the cause of ctx when that ends first. To call it again waits
// again.
func (r *Runtime) Shutdown(ctx context.Context) error { panic("not yet") }
