package hubs

// Attach gives a hub value that the runtime did not make what a call of c has:
// its Context, Clients and Groups, for good. It is how the package hubtest
// tests a hub without clients; a program has no use for it. hub must be of the
// type that the runtime of c runs, and c must have shaken hands.
func Attach[H Instance[K], K any](hub H, c *Connection) {
	s := &scope{conn: c}
	s.clients = CallerClients{clientTargets: c.rt.clients, s: s}
	hub.attach(s)
}
