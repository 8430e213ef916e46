package redis

import (
	"log/slog"
	"slices"
	"sync"

	"github.com/hubwire/signalr/hubs"
)

// member is a client of this node.
type member struct {
	m        *manager
	conn     *hubs.Connection
	id       string
	user     string // empty: of no user
	protocol string

	// The channels it is reached by; user is nil without one. Set by Connect.
	own, ofUser *subscription

	joining sync.Mutex
	groups  map[string]*subscription // guarded by joining; nil until the first join
	gone    bool                     // guarded by joining; joins nothing any more

	mu      sync.Mutex
	behind  []pendingFrame // guarded by mu; what had no room in the connection's queue
	waiting int            // guarded by mu; its bytes
	chasing bool           // guarded by mu; a goroutine works off behind
	cut     bool           // guarded by mu; it gets nothing any more
}

// pendingFrame is a message that waits, or a question if it has an id.
type pendingFrame struct {
	frame    []byte
	question question
}

// question is a client's result that another node wants.
type question struct {
	id            string
	returnChannel string
}

// deliver queues a message. It never waits: what finds no room is kept aside, up
// to a bound, and follows in order.
func (mb *member) deliver(frame []byte) { mb.queue(pendingFrame{frame: frame}) }

func (mb *member) queue(p pendingFrame) {
	mb.mu.Lock()
	defer mb.mu.Unlock()
	switch {
	case mb.cut:
		return
	case mb.behind == nil && p.question.id != "":
		mb.m.ask(mb, p)
		return
	case mb.behind == nil && mb.conn.TryQueue(p.frame):
		mb.conn.Wake()
		return
	}
	mb.behind = append(mb.behind, p)
	mb.waiting += len(p.frame)
	if mb.waiting > mb.m.link.cfg.overflow {
		mb.overflow()
		return
	}
	if !mb.chasing {
		mb.chasing = true
		mb.m.start(mb.chase)
	}
}

// overflow cuts a client off that does not keep up. mb.mu is held.
func (mb *member) overflow() {
	mb.m.link.counts.overflowed.Add(1)
	mb.m.env.Logger.LogAttrs(mb.m.ctx, slog.LevelWarn, "client cut off: it reads too slowly",
		slog.String("connection_id", mb.id))
	mb.behind, mb.waiting, mb.cut = nil, 0, true
	mb.conn.Close()
}

// chase queues what waits, as the client takes it. A client that takes nothing
// is cut off by its transport.
func (mb *member) chase() {
	for {
		mb.mu.Lock()
		if len(mb.behind) == 0 || mb.cut || mb.m.ctx.Err() != nil {
			mb.behind, mb.waiting, mb.chasing = nil, 0, false
			mb.mu.Unlock()
			return
		}
		next := mb.behind[0]
		mb.mu.Unlock()
		if next.question.id != "" {
			mb.m.ask(mb, next)
		} else {
			_ = mb.conn.Queue(mb.m.ctx, next.frame) // an error means that the manager has closed
			mb.conn.Wake()
		}
		mb.mu.Lock()
		if len(mb.behind) > 0 {
			mb.behind[0] = pendingFrame{}
			mb.behind = mb.behind[1:]
			mb.waiting -= len(next.frame)
		}
		mb.mu.Unlock()
	}
}

// sendOwn is a message of this node to this client alone: the sender waits for
// room, as it does without a backplane.
func (mb *member) sendOwn(frame []byte, wait func() error) error {
	mb.mu.Lock()
	if mb.behind != nil || mb.cut {
		mb.mu.Unlock()
		mb.deliver(slices.Clone(frame)) // behind what waits; frame is the caller's
		return nil
	}
	if mb.conn.TryQueue(frame) {
		mb.mu.Unlock()
		mb.conn.Wake()
		return nil
	}
	mb.mu.Unlock()
	return wait()
}
