package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/hubwire/signalr/hubs"
)

// manager is one hub on this node.
type manager struct {
	*roster
	messages
	backplane *Backplane
	link      *link
	server    string // this node to others of the hub

	ctx     context.Context //nolint:containedctx // the life of the manager's goroutines
	cancel  context.CancelFunc
	running sync.WaitGroup // members that are chased, questions that are asked
	closing sync.Once
	life    sync.Mutex // held to start something, and to end all

	// Set before start: what the hub hears as long as it lives.
	base []*subscription
	acks *subscription
	back *subscription // results

	lastCommand atomic.Int32
	waits       waits
	warned      sync.Map // names of protocols that a message lacked
}

func newManager(b *Backplane, l *link, env hubs.Env) *manager {
	m := &manager{
		roster:    newRoster(),
		backplane: b,
		link:      l,
		messages:  messages{env, names{prefix: l.cfg.prefix, hub: env.Hub}},
		server:    newServerName(),
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	for _, t := range []topic{
		{m.names.all(), kindAll, ""},
		{m.names.groupCommands(), kindCommands, ""},
		{m.names.acks(m.server), kindAcks, ""},
		{m.names.results(m.server), kindResults, ""},
	} {
		m.base = append(m.base, l.retain(t, m))
	}
	m.acks, m.back = m.base[2], m.base[3]
	return m
}

// Close ends what the hub has to do with Redis. It is called when the hub has
// been shut down.
func (m *manager) Close() error {
	m.closing.Do(func() {
		m.life.Lock() // nothing is started from here on
		m.cancel()
		m.life.Unlock()
		m.running.Wait()
		m.mu.Lock()
		left := m.all.snapshot()
		m.mu.Unlock()
		for _, mb := range left { // whom a shutdown in a hurry left behind
			m.leave(mb)
		}
		for _, s := range m.base {
			m.link.release(s, m)
		}
		m.backplane.release()
	})
	return nil
}

// start runs what ends with m.ctx at the latest; Close waits for it.
func (m *manager) start(run func()) {
	m.life.Lock()
	defer m.life.Unlock()
	if m.ctx.Err() == nil {
		m.running.Go(run) // ends with m.ctx; Close waits
	}
}

// Ready refuses clients while Redis is down, if that is the policy.
func (m *manager) Ready() error {
	if m.link.cfg.down == Refuse && !m.link.healthy() {
		return ErrUnavailable
	}
	return nil
}

// await is link.await with the policy for when Redis is down: then what is wanted
// will be live when it is back.
func (m *manager) await(ctx context.Context, subs ...*subscription) error {
	err := m.link.await(ctx, subs...)
	if m.link.cfg.down == ServeLocally && errors.Is(err, ErrUnavailable) {
		return nil
	}
	return err
}

// Connect implements [hubs.LifetimeManager].
func (m *manager) Connect(ctx context.Context, c *hubs.Connection) error {
	user, _ := c.UserIdentifier()
	mb := &member{m: m, conn: c, id: c.ID(), user: user, protocol: c.Protocol().Name()}
	if !m.add(mb) {
		return fmt.Errorf("redis: connection id %q is in use", mb.id)
	}
	mb.own = m.link.retain(topic{m.names.connection(mb.id), kindConnection, mb.id}, m)
	if user != "" {
		mb.ofUser = m.link.retain(topic{m.names.user(user), kindUser, user}, m)
	}
	err := m.await(ctx, m.base[0], m.base[1], m.acks, m.back, mb.own, mb.ofUser)
	if err != nil {
		m.leave(mb)
	}
	return err
}

// Disconnect implements [hubs.LifetimeManager].
func (m *manager) Disconnect(ctx context.Context, c *hubs.Connection) {
	if mb := m.find(c.ID()); mb != nil && mb.conn == c {
		// What is sent after the client has gone is not for one that comes then.
		m.link.awaitGone(ctx, m.leave(mb))
	}
}

// leave takes a member out of everything, and returns what awaitGone takes. It
// may be called twice.
func (m *manager) leave(mb *member) (gone []<-chan struct{}) {
	mb.joining.Lock()
	if mb.gone {
		mb.joining.Unlock()
		return nil
	}
	mb.gone = true
	groups := mb.groups
	mb.groups = nil
	mb.joining.Unlock()
	m.remove(mb)
	for name, s := range groups {
		m.groups.remove(name, mb)
		gone = append(gone, m.link.release(s, m))
	}
	gone = append(gone, m.link.release(mb.own, m))
	if mb.ofUser != nil {
		gone = append(gone, m.link.release(mb.ofUser, m))
	}
	mb.mu.Lock()
	mb.cut = true
	mb.mu.Unlock()
	return gone
}
