// Package auth says who is calling: the [Principal] that a program's own middleware found, or that [JWT] finds, the
// policies that a hub or a hub method may ask for, and the adapters that turn other libraries' notion of a user into
// a Principal. It imports nothing of this module; both the transports and the hub runtime import it.
//
// Finding out who calls and deciding what they may are two things. The first is middleware, and refuses nothing:
//
//	r.Use(auth.JWT(auth.Config{Keyfunc: keys, Issuer: "https://issuer.example", Audience: "chat"}))
//
// or, in a program that has its own already, one line behind it:
//
//	r.Use(auth.Adapt(auth.FromContextValue(userKey{}, func(u *User) *auth.Principal { ... })))
//
// The second is declared with the hub, by a [Policy], or with [Require] on any other route:
//
//	signalr.MapHub(sr, r, "/chat", newChatHub, signalr.RequireAuthorization(auth.Role("member")))
//
// It answers 401 to who is not known and 403 to who may not. The order of middlewares is: CORS, [RedactQuery] if a
// logger of URLs comes early, the logger, what authenticates ([JWT], [Adapt], [Basic]), [Tickets.Middleware], the
// routes.
package auth
