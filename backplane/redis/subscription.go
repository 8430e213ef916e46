package redis

import (
	"context"
	"slices"
	"time"
)

// state is how far a channel is at Redis.
type state uint8

const (
	absent        state = iota // not subscribed, nothing under way
	subscribing                // SUBSCRIBE is about to be sent, or not confirmed yet
	live                       // subscribed
	unsubscribing              // UNSUBSCRIBE is about to be sent, or not confirmed yet
)

// kind is what is said on a channel.
type kind uint8

const (
	kindCommands kind = iota // group commands
	kindAcks
	kindResults
	kindAll
	kindConnection
	kindGroup
	kindUser
)

// internal reports whether a channel of this kind is between nodes.
func (k kind) internal() bool { return k <= kindResults }

// base reports whether a hub wants the channel as long as it lives.
func (k kind) base() bool { return k <= kindAll }

// subscription is a channel that somebody wants to hear, or wanted until now.
// All fields but the first are guarded by link.mu.
type subscription struct {
	topic

	line    *line
	state   state
	changed bool // stands in line.changed
	initial bool // counted in line.initial
	alone   bool // must not share a SUBSCRIBE: one of several was refused
	sinks   []*sink
	waiting []func(error) // called when the channel is live, or cannot be
	gone    chan struct{} // closed when it is not subscribed any more, or wanted again; nil: nobody waits
}

// topic is what a channel is about.
type topic struct {
	channel string
	kind    kind
	key     string // connection id, group or user
}

// sink is one hub that wants a channel. The slice of sinks is never changed,
// only replaced, so that a reader may keep it.
type sink struct {
	m    *manager
	refs int // guarded by link.mu
}

func (s *subscription) wanted() bool { return len(s.sinks) > 0 }

// settled reports whether the state is what is wanted, or on its way there.
func (s *subscription) settled() bool {
	if s.wanted() {
		return s.state != absent
	}
	return s.state != live
}

// retain says that a hub wants to hear a channel, once more.
func (l *link) retain(t topic, m *manager) *subscription {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.subs[t.channel]
	if s == nil {
		s = &subscription{topic: t, line: l.lineFor(t.channel)}
		l.subs[t.channel] = s
	}
	if i := slices.IndexFunc(s.sinks, func(k *sink) bool { return k.m == m }); i >= 0 {
		s.sinks[i].refs++
		return s
	}
	s.sinks = append(slices.Clip(s.sinks), &sink{m, 1})
	s.left()
	s.line.note(s)
	return s
}

// release takes one retain back. The channel it returns is closed when Redis has
// confirmed that nothing more will come; nil if there is nothing to wait for.
func (l *link) release(s *subscription, m *manager) (gone <-chan struct{}) {
	l.mu.Lock()
	gone, waiting := l.releaseLocked(s, m)
	l.mu.Unlock()
	for _, done := range waiting {
		done(nil)
	}
	return gone
}

// releaseLocked is release but for those who wait for the channel to be live:
// with nobody who wants it, that is over. link.mu is held.
func (l *link) releaseLocked(s *subscription, m *manager) (gone <-chan struct{}, waiting []func(error)) {
	i := slices.IndexFunc(s.sinks, func(k *sink) bool { return k.m == m })
	if i < 0 {
		return nil, nil
	}
	if s.sinks[i].refs--; s.sinks[i].refs > 0 {
		return nil, nil
	}
	s.sinks = slices.Delete(slices.Clone(s.sinks), i, i+1)
	if s.wanted() {
		return nil, nil
	}
	waiting = s.take()
	s.line.expected(s)
	if s.state == absent {
		l.drop(s)
		return nil, waiting
	}
	s.line.note(s)
	if s.line.down {
		return nil, waiting
	}
	if s.gone == nil {
		s.gone = make(chan struct{})
	}
	return s.gone, waiting
}

// left tells who waits that the channel is not subscribed any more. link.mu is
// held.
func (s *subscription) left() {
	if s.gone != nil {
		close(s.gone)
		s.gone = nil
	}
}

// awaitGone waits, but not for ever, until nothing more comes from channels.
func (l *link) awaitGone(ctx context.Context, channels []<-chan struct{}) {
	timer := time.NewTimer(l.cfg.timeout)
	defer timer.Stop()
	for _, gone := range channels {
		if gone == nil {
			continue
		}
		select {
		case <-gone:
		case <-ctx.Done():
			return
		case <-l.ctx.Done():
			return
		case <-timer.C:
			return
		}
	}
}

// whenLive calls done when the channel is live or known not to become so, or
// returns false if it is live already or nobody wants it any more. It may call
// done before it returns.
func (l *link) whenLive(s *subscription, done func(error)) bool {
	l.mu.Lock()
	switch {
	case s.state == live, !s.wanted():
		l.mu.Unlock()
		return false
	case s.line.down || l.ctx.Err() != nil:
		l.mu.Unlock()
		done(ErrUnavailable)
		return true
	}
	s.waiting = append(s.waiting, done)
	l.mu.Unlock()
	return true
}

// lookup returns the subscription of a channel that is wanted, or nil, and
// whether messages can be expected from it: not that it is live, since who sends
// to a group while it is being joined need not reach who joins.
func (l *link) lookup(channel string) (s *subscription, heard bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s = l.subs[channel]
	if s == nil || !s.wanted() {
		return nil, true
	}
	return s, s.state == live || !s.line.down
}

// sinksOf returns who wants the channel.
func (l *link) sinksOf(s *subscription) []*sink {
	l.mu.Lock()
	defer l.mu.Unlock()
	return s.sinks
}

// take empties the list of those who wait. link.mu is held.
func (s *subscription) take() []func(error) {
	waiting := s.waiting
	s.waiting = nil
	return waiting
}
