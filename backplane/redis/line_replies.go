package redis

import (
	"fmt"
	"log/slog"
	"time"
)

// confirmed takes Redis's word that a channel is subscribed, or is no more.
func (ln *line) confirmed(subscribed bool, channel string) {
	l := ln.link
	l.mu.Lock()
	var waiting []func(error)
	if s := l.subs[channel]; s != nil && s.line == ln {
		switch {
		case subscribed && s.state == subscribing:
			s.state, s.alone = live, false
			ln.expected(s)
			waiting = s.take()
			ln.note(s) // it may not be wanted any more
		case !subscribed && s.state == unsubscribing:
			s.state = absent
			if s.wanted() {
				ln.note(s)
			} else {
				l.drop(s)
			}
		}
	}
	ln.down = false
	ln.count()
	gap, restored := ln.recovered()
	l.mu.Unlock()
	for _, done := range waiting {
		done(nil)
	}
	if restored {
		l.restored(gap)
	}
}

// count notes one confirmation. link.mu is held.
func (ln *line) count() {
	if len(ln.sent) == 0 {
		return
	}
	head := &ln.sent[0]
	if head.left--; head.left == 0 {
		ln.pop()
	}
}

func (ln *line) pop() {
	ln.sent[0] = command{}
	ln.sent = ln.sent[1:]
	if len(ln.sent) == 0 {
		ln.sent = nil
	}
}

// expect marks a channel as one that has to be live before all is well.
// link.mu is held.
func (ln *line) expect(s *subscription) {
	s.initial = true
	ln.initial++
}

// expected takes expect back. link.mu is held.
func (ln *line) expected(s *subscription) {
	if s.initial {
		s.initial = false
		ln.initial--
	}
}

// recovered reports, once, that all is well again, and since when it was not.
// link.mu is held.
func (ln *line) recovered() (gap Gap, restored bool) {
	if ln.healthy || ln.down || ln.initial > 0 {
		return Gap{}, false
	}
	ln.healthy = true
	if !ln.lostAt.IsZero() {
		gap = Gap{From: ln.lostAt, To: time.Now(), Err: ln.lostErr}
		ln.lostAt, ln.lostErr = time.Time{}, nil
		ln.link.recoveredAt = gap.To
	}
	return gap, true
}

// restored tells the world that a line hears again.
func (l *link) restored(gap Gap) {
	l.cfg.log.LogAttrs(l.ctx, slog.LevelInfo, "backplane up")
	if gap.From.IsZero() {
		return
	}
	l.counts.gaps.Add(1)
	if l.cfg.onGap != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.start(func() { l.cfg.onGap(gap) })
	}
}

// refused takes Redis's refusal of the oldest command. Of several channels each
// is tried again alone, so that only those that are refused fail.
func (ln *line) refused(err error) {
	l := ln.link
	l.mu.Lock()
	var waiting []func(error)
	var channel string
	if len(ln.sent) > 0 {
		c := ln.sent[0]
		ln.pop()
		for _, s := range c.subs {
			s.state = absent
			if len(c.subs) > 1 {
				s.alone = true
				ln.note(s)
				continue
			}
			channel = s.channel
			if !s.kind.base() { // without those all is not well
				ln.expected(s)
			}
			waiting = s.take()
			if !s.wanted() {
				l.drop(s)
			}
		}
	}
	gap, restored := ln.recovered()
	l.mu.Unlock()
	if restored {
		l.restored(gap)
	}
	if channel != "" {
		l.cfg.log.LogAttrs(l.ctx, slog.LevelError, "Redis refuses a channel", slog.Any("error", err))
	}
	for _, done := range waiting {
		done(fmt.Errorf("redis: subscribe: %w", err))
	}
}
