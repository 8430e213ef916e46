// Package redis carries hubs over more than one process: what is sent on one
// node reaches the clients of all, through a Redis that the program has
// already. Its nodes and ASP.NET Core's may stand side by side.
//
//	client := goredis.NewClient(&goredis.Options{Addr: "redis:6379"})
//	backplane := redis.New(client)
//	server := signalr.New(signalr.LifetimeManager(backplane.Manager))
//
// [Backplane.Healthy] is for readiness probes, [OnGap] tells when messages may
// have been missed, [OnBackplaneDown] chooses what happens without Redis, and
// [Publisher] sends from a process that serves no hub. The README has what a
// fleet needs around it.
//
// # How it works
//
// A line hears one node of Redis; what it hears stands in a table of
// subscriptions, each with what is wanted and how far Redis is, and after a cut
// exactly what is wanted then is subscribed, in batches. An outlet publishes, many
// messages in one pipeline and one pipeline at a time, so that a sender's messages
// keep their order. Workers take what was heard apart, one worker for a channel,
// and queue it to clients without waiting for any of them. What a node sends to
// its own clients takes the same way, over Redis; only while Redis is away are
// they served directly, and echoes sees to it that nothing comes twice.
package redis
