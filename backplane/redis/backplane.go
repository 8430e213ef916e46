package redis

import (
	"sync"

	"github.com/hubwire/signalr/hubs"
	goredis "github.com/redis/go-redis/v9"
)

// Backplane joins the hubs of a process to those of others on the same Redis.
// It is safe for concurrent use.
//
// It uses one connection of its own to hear Redis (one to each master of a
// cluster) and one at a time of the client's pool to publish, however many hubs
// there are. It connects when the first hub is mapped, in the background, and
// goes on trying for as long as it lives.
type Backplane struct {
	client goredis.UniversalClient // set before use
	cfg    *config                 // set before use
	counts counters

	mu       sync.Mutex
	link     *link // guarded by mu; nil while there is no hub
	managers int   // guarded by mu; how many use link
	closed   bool  // guarded by mu
}

// New makes a backplane on a Redis client, which the program keeps and closes:
// a single Redis, one behind Sentinel, or a cluster.
//
//	backplane := redis.New(client)
//	server := signalr.New(signalr.LifetimeManager(backplane.Manager))
//
// signalr.HubName sets the name by which nodes find each other, the full name of
// the class where .NET nodes are among them.
func New(client goredis.UniversalClient, options ...Option) *Backplane {
	return &Backplane{client: client, cfg: newConfig(options)}
}

// Manager makes the lifetime manager of one hub. It has the shape that
// signalr.LifetimeManager takes. The manager is closed by the hub's shutdown;
// with the last one the connections to Redis go.
func (b *Backplane) Manager(env hubs.Env) hubs.LifetimeManager {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.link == nil {
		b.link = newLink(b.client, b.cfg, &b.counts)
		if b.closed {
			b.link.cancel()
		}
	}
	b.managers++
	return newManager(b, b.link, env)
}

// release is called once by each manager, when it closes.
func (b *Backplane) release() {
	b.mu.Lock()
	b.managers--
	var last *link
	if b.managers == 0 {
		last, b.link = b.link, nil
	}
	b.mu.Unlock()
	if last != nil {
		last.close()
	}
}

// Close ends all traffic with Redis and waits until it has ended. Hubs that
// have not been shut down go on as on a backplane that is down. A program that
// shuts its server down need not call it.
func (b *Backplane) Close() error {
	b.mu.Lock()
	b.closed = true
	open := b.link
	b.mu.Unlock()
	if open != nil {
		open.close()
	}
	return nil
}

// Healthy reports whether the node hears everything and can publish: for
// readiness probes. It is false as soon as a subscriber connection is gone, and
// true again when all of its channels are subscribed. Before the first hub is
// mapped it is false.
func (b *Backplane) Healthy() bool {
	b.mu.Lock()
	open := b.link
	b.mu.Unlock()
	return open != nil && open.healthy()
}

// Stats returns what has happened so far.
func (b *Backplane) Stats() Stats {
	s := b.counts.stats()
	b.mu.Lock()
	open := b.link
	b.mu.Unlock()
	if open != nil {
		s.Channels = open.channels()
	}
	return s
}
