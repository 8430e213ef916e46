package hubs

// scope is what a hub value may reach during one call, one OnConnected or one
// OnDisconnected. It is never used twice: a goroutine that outlives the call
// may go on sending through it.
type scope struct {
	conn       *Connection   // set before start
	clients    CallerClients // set before start
	seen       *Context      // set when the hub value is made
	call       *call         // set before start; nil in OnConnected and OnDisconnected
	connecting bool          // set before start; this is OnConnected
}

// must panics unless the hub belongs to a call.
func (s *scope) must() *scope {
	if s == nil {
		//nolint:forbidigo // a programming error that has no other way out
		panic("hubs: this hub value was not made by the runtime for a call; " +
			"outside of a hub method use the HubContext that MapHub returns")
	}
	return s
}

func (s *scope) context() *Context {
	if s.seen == nil {
		return s.conn.hubContext.newest()
	}
	return s.seen
}

func (s *scope) groups() *Groups { return &s.conn.rt.groups }

// beforeAsking is called before a client's result is awaited through the hub's
// own clients. The call gives its permit back for good, so that the client's
// answer is read however many calls are waiting (hub-runtime.md, section 16).
func (s *scope) beforeAsking() error {
	switch {
	case s.connecting:
		return ErrResultsNotAllowed
	case s.call != nil:
		s.conn.returnPermit(s.call)
	}
	return nil
}
