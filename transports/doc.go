// Package transports carries bytes between a client and an [App] over HTTP: WebSockets, server-sent events and long
// polling, with the table of connections, their states and time-outs. It knows nothing of hubs or their messages and
// imports only auth of this module (and internal).
//
// An [Engine] is what the hubs of a server share, an [Endpoint] serves one of them, a [Conn] is one client. The App
// is called when a connection begins, and gets its bytes pushed; what it queues on a Conn is written by the engine:
//
//	engine := transports.NewEngine()
//	endpoint, err := transports.NewEndpoint(engine, transports.Config{}, app)
//	mux.Handle("/chat", endpoint)                       // GET, POST and DELETE of the base route
//	id, token, err := endpoint.Create(request, 1, false) // for the answer to POST /chat/negotiate
//
// The files: handler.go says which request is for which transport and what the others are told; websockets.go,
// serversentevents.go and longpolling.go are the transports, send.go and inbox.go the way in of the latter two; conn.go
// and lifecycle.go are the connection and its end; queue.go, outbound.go and writers.go the way out; sweep.go the clock.
package transports
