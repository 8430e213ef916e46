package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// AddToGroup implements [hubs.LifetimeManager].
func (m *manager) AddToGroup(ctx context.Context, connectionID, group string) error {
	mb := m.find(connectionID)
	if mb == nil {
		return m.command(ctx, actionAdd, connectionID, group)
	}
	s, first := m.join(mb, group)
	if s == nil {
		return nil
	}
	if err := m.await(ctx, s); err != nil {
		if first {
			m.unjoin(mb, group)
		}
		return fmt.Errorf("redis: join a group: %w", err)
	}
	return nil
}

// RemoveFromGroup implements [hubs.LifetimeManager].
func (m *manager) RemoveFromGroup(ctx context.Context, connectionID, group string) error {
	mb := m.find(connectionID)
	if mb == nil {
		return m.command(ctx, actionRemove, connectionID, group)
	}
	m.link.awaitGone(ctx, []<-chan struct{}{m.unjoin(mb, group)})
	return nil
}

// join makes a member one of a group, whose channel it returns; nil if the
// member is gone. first is false if it was in the group already.
func (m *manager) join(mb *member, group string) (s *subscription, first bool) {
	// Held to the end, so that a leave of the same member does not overtake.
	mb.joining.Lock()
	defer mb.joining.Unlock()
	if mb.gone {
		return nil, false
	}
	if s, in := mb.groups[group]; in {
		return s, false
	}
	s = m.link.retain(topic{m.names.group(group), kindGroup, group}, m)
	if mb.groups == nil {
		mb.groups = make(map[string]*subscription)
	}
	mb.groups[group] = s
	m.groups.add(group, mb)
	return s, true
}

// unjoin takes a member out of a group, and returns what awaitGone takes.
func (m *manager) unjoin(mb *member, group string) (gone <-chan struct{}) {
	mb.joining.Lock()
	defer mb.joining.Unlock()
	s, in := mb.groups[group]
	if !in {
		return nil
	}
	delete(mb.groups, group)
	m.groups.remove(group, mb)
	return m.link.release(s, m)
}

// obey does what a group command asks for, if the connection is here, and
// acknowledges it once it holds, also if there was nothing to do.
func (m *manager) obey(c groupCommand) {
	mb := m.find(c.connectionID)
	if mb == nil {
		return
	}
	ack := func() { m.link.post(m.names.acks(c.server), encodeAck(c.id)) }
	switch c.action {
	case actionAdd:
		s, first := m.join(mb, c.group)
		if s == nil {
			break
		}
		live := func(err error) {
			switch {
			case err == nil, m.link.cfg.down == ServeLocally && errors.Is(err, ErrUnavailable):
				ack()
			case first:
				m.unjoin(mb, c.group)
			}
		}
		if m.link.whenLive(s, live) {
			return
		}
	case actionRemove:
		if gone := m.unjoin(mb, c.group); gone != nil {
			m.start(func() {
				m.link.awaitGone(m.ctx, []<-chan struct{}{gone})
				ack()
			})
			return
		}
	}
	ack()
}

// When to look whether the connection of a command exists at all. Mostly the ack
// comes before the first look.
const (
	lookFirst = 20 * time.Millisecond
	lookMost  = time.Second
)

// absence is for how long nobody has to have a connection until it is believed
// that there is none: its node may just be subscribing anew. After this node had
// to do that itself, all others may be at it.
func (l *link) absence() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.recoveredAt) < 5*time.Second {
		return 2 * time.Second
	}
	return 100 * time.Millisecond
}

// command asks the node that has a connection to change its groups, and waits
// for its ack. That nobody has it is no error.
func (m *manager) command(ctx context.Context, action int64, connectionID, group string) error {
	if err := m.link.await(ctx, m.acks); err != nil {
		return fmt.Errorf("redis: change a group: %w", err)
	}
	c := groupCommand{id: m.lastCommand.Add(1), server: m.server, action: action, group: group, connectionID: connectionID}
	acked := m.waits.expectAck(c.id)
	defer m.waits.forgetAck(c.id)
	channel, payload := m.names.groupCommands(), c.encode()
	if err := m.publish(ctx, channel, payload); err != nil {
		return fmt.Errorf("redis: change a group: %w", err)
	}
	limit := time.NewTimer(m.link.cfg.ackTimeout)
	defer limit.Stop()
	look := time.NewTimer(lookFirst)
	defer look.Stop()
	pause := lookFirst
	var nobodySince time.Time
	for {
		select {
		case <-acked:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-m.ctx.Done():
			return ErrClosed
		case <-limit.C:
			m.link.counts.ackTimeouts.Add(1)
			return ErrAckTimeout
		case <-look.C:
		}
		somebody, known := m.exists(ctx, connectionID)
		switch {
		case known && !somebody && nobodySince.IsZero():
			nobodySince = time.Now()
		case known && !somebody:
			if time.Since(nobodySince) >= m.link.absence() {
				return nil
			}
		case somebody && !nobodySince.IsZero(): // its node is back, and has not heard the command
			nobodySince = time.Time{}
			_ = m.publish(ctx, channel, payload) // the limit sees to an error
		}
		pause = min(2*pause, lookMost)
		look.Reset(pause)
	}
}

// exists asks Redis whether any node has a connection. known is false if Redis
// does not tell, be it that the client may not ask.
func (m *manager) exists(ctx context.Context, connectionID string) (somebody, known bool) {
	channel := m.names.connection(connectionID)
	cmd := goredis.NewMapStringIntCmd(ctx, "pubsub", "numsub", channel)
	if err := m.link.outletFor(channel).do(ctx, cmd); err != nil {
		return false, false
	}
	return cmd.Val()[channel] > 0, true
}
