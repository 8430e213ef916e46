// Package hubtest tests hubs without clients and without a network.
//
//	func TestSendMessage(t *testing.T) {
//		hub := &ChatHub{store: store}
//		recorder := hubtest.New(t, hub, hubtest.WithUser(ann))
//		if err := hub.SendMessage(t.Context(), "hi"); err != nil {
//			t.Fatal(err)
//		}
//		// All.ReceiveMessage("ann", "hi")
//		for _, sent := range recorder.Sent() {
//			t.Log(sent)
//		}
//	}
//
// [New] makes a hub value of the test's own a caller's: its Context, Clients
// and Groups work, and what it sends is recorded instead of delivered. The test
// calls the hub's methods like any others, OnConnected and OnDisconnected too.
// Behind the hub is the real runtime; only the lifetime manager is the
// recorder's. So a hub that could not be registered cannot be tested either,
// and an argument that could not be encoded fails the send.
//
// What goes through the runtime is not tested that way: binding of arguments,
// filters, policies, streams on the wire. For those, serve the hub and connect
// a client.
package hubtest
