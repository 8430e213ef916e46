// Package hubs holds what the author of a hub meets, and the runtime behind it.
//
// A hub is a struct that embeds [Hub], or [Typed] to call clients through a type
// of its own. Its exported methods are what clients may call:
//
//	type ChatHub struct {
//		hubs.Hub
//		store *Store
//	}
//
//	func (h *ChatHub) Say(ctx context.Context, room, text string) error {
//		if text == "" {
//			return hubs.Errorf("say something") // reaches the client; other errors do not
//		}
//		return h.Clients().Group(room).Send(ctx, "Said", h.Context().User().Name(), text)
//	}
//
// # Methods
//
// A method may take a [context.Context] first, which ends with the connection,
// with the client's cancel message, or with the call. The other parameters are
// the client's arguments, in order; except those whose type is a service
// ([Config.Services]), and streams that the client uploads: [iter.Seq],
// [iter.Seq2] with an error, or a receive-only channel. It returns nothing, an
// error, a value, or a value and an error. If the value is one of the three
// forms of a stream, clients have to call it as a stream.
//
// Methods of embedded structs that are hubs themselves are callable too; those of
// other embedded types never are. What cannot be bound is found when the hub is
// registered, all of it at once.
//
// # Calls
//
// One hub value is made for each call. The calls of a client run one after the
// other (MaximumParallelInvocationsPerClient); streams, and calls with uploads,
// run beside them. A panic fails its call and nothing else.
//
// # Elsewhere
//
// [HubContext] reaches clients from outside of a call. Package hubtest tests hubs
// without a server. The runtime knows no HTTP server: bytes come and go through
// a [Conn], receivers are found by a [LifetimeManager], and the package imports
// auth and hubs/protocol and nothing else of this module. Programs register
// hubs with the root package.
package hubs
