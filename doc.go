// Package signalr serves ASP.NET Core SignalR hubs from Go. Official clients for browsers, .NET, Java and Swift
// cannot tell it from ASP.NET Core.
//
// A hub is a struct that embeds [hubs.Hub] or [hubs.Typed]; its exported methods are what clients call. A [Server]
// holds what hubs share, and [MapHub] mounts one on a router:
//
//	type ChatHub struct{ hubs.Hub }
//
//	func (h *ChatHub) SendMessage(ctx context.Context, user, message string) error {
//		return h.Clients().All().Send(ctx, "ReceiveMessage", user, message)
//	}
//
//	sr := signalr.New()                                                    // AddSignalR
//	chat := signalr.MapHub(sr, mux, "/chat", func() *ChatHub { return &ChatHub{} }) // MapHub
//
// Everything is an [http.Handler]: what authenticates, logs or limits the rest of a program's requests does it for a
// hub's too.
//
// # The packages
//
//   - signalr (this one) registers hubs: options, routes, negotiation.
//   - hubs is what the author of a hub meets, and the runtime behind it; hubs/protocol has the two encodings.
//   - transports carries bytes over WebSockets, server-sent events and long polling.
//   - auth says who is calling: principals, JWT, policies, adapters.
//   - chiext mounts hubs on chi routers.
package signalr
