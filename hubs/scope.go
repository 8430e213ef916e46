package hubs

// scope is what a hub value may reach during one call, one OnConnected or one
// OnDisconnected. It is never used twice: a goroutine that outlives the call
// may go on sending through it.
type scope struct {
	conn    *Connection   // set before start
	clients CallerClients // set before start

	// ask is called before a client's result is awaited through the hub's own
	// clients (hub-runtime.md, 16): it gives the permit back, or refuses. Nil
	// does nothing. Set before start.
	ask func() error
}

// must panics unless the hub belongs to a call.
func (s *scope) must() *scope {
	if s == nil {
		panic("hubs: this hub value was not made by the runtime for a call; " +
			"outside of a hub method use the HubContext that MapHub returns")
	}
	return s
}

func (s *scope) context() *Context { return &s.conn.hubContext }

func (s *scope) groups() *Groups { return &s.conn.rt.groups }
