package transports

import "time"

// App is what runs on the connections of one endpoint: the hub runtime.
type App interface {
	// Connect is called once for each connection, when its first transport
	// request has been accepted and before any byte is received. It must not
	// block.
	Connect(c *Conn) Session
}

// Session is the App's side of one connection.
type Session interface {
	// Receive takes bytes from the client, in order and one call at a time.
	// It may block; then no more is read from the client. p is only valid
	// during the call. Bytes have no boundaries that mean anything.
	Receive(p []byte)

	// Ended is called once, after the last Receive has returned: nothing more
	// will come. err is nil if the client left or the network was lost, else
	// what went wrong on the way. The App still has to call [Conn.Finish]
	// when it is through with the connection.
	Ended(err error)

	// Tick is called about once a second as long as the connection is in the
	// table, also while no transport is attached. It must not block.
	Tick(now time.Time)
}

// readySession is a Session that can say whether Receive would return at once.
// Then a POST passes its bytes itself, which saves a goroutine; else it must
// not, as it has to be answered when they are buffered, and its network
// connection may be wanted by others.
type readySession interface {
	Session

	// Ready is called where Receive might be, with what that would get.
	Ready(p []byte) bool
}
