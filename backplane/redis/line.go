package redis

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"
	"unsafe"

	goredis "github.com/redis/go-redis/v9"
)

// line is a subscriber connection to one node of Redis, and the next one when
// that is lost. Which channels it hears stands in link.subs; it makes Redis agree.
type line struct {
	link *link
	node goredis.UniversalClient
	wake chan struct{} // there is something in changed

	// All guarded by link.mu.
	changed []*subscription // whose state is not what is wanted
	stale   []string        // channels to unsubscribe that have moved to another line
	sent    []command       // not confirmed yet, oldest first
	down    bool            // the last session failed and no other has begun
	healthy bool            // all that was wanted when the session began is live
	initial int             // channels that the session began with and that are not live yet
	lostAt  time.Time       // since when it is not, after it was; else zero
	lostErr error
}

// command is a SUBSCRIBE or UNSUBSCRIBE that was sent.
type command struct {
	subs []*subscription
	left int // confirmations to come
}

// batch is how many channels share a SUBSCRIBE.
const batch = 500

func newLine(l *link, node goredis.UniversalClient) *line {
	return &line{link: l, node: node, wake: make(chan struct{}, 1)}
}

// note has the line see to a channel. link.mu is held.
func (ln *line) note(s *subscription) {
	if s.changed || s.settled() {
		return
	}
	s.changed = true
	ln.changed = append(ln.changed, s)
	ln.poke()
}

func (ln *line) poke() {
	select {
	case ln.wake <- struct{}{}:
	default: // also without a channel, in limbo
	}
}

// forget unsubscribes a channel that another line will hear. link.mu is held.
func (ln *line) forget(s *subscription) {
	ln.expected(s)
	if s.state == live || s.state == subscribing {
		ln.stale = append(ln.stale, s.channel)
		ln.poke()
	}
}

// The pauses between attempts to connect. They are drawn at random up to a
// bound that doubles, so that a fleet does not come back as one.
const (
	pauseFirst = 50 * time.Millisecond
	pauseMost  = 500 * time.Millisecond
)

// run keeps a session up for as long as the link lives.
func (ln *line) run() {
	bound := pauseFirst
	for ln.needed() {
		began := time.Now()
		err := ln.session()
		if ln.link.ctx.Err() != nil {
			break
		}
		ln.lost(err)
		if time.Since(began) > 2*pauseMost {
			bound = pauseFirst
		}
		pause := time.NewTimer(bound/4 + rand.N(bound)) //nolint:gosec // no secret
		select {
		case <-pause.C:
		case <-ln.link.ctx.Done():
		}
		pause.Stop()
		bound = min(2*bound, pauseMost)
	}
	ln.lost(ErrClosed)
}

// needed waits until there is a channel to hear; false when the link ends.
func (ln *line) needed() bool {
	for ln.link.ctx.Err() == nil {
		if ln.begin() > 0 {
			return true
		}
		select {
		case <-ln.wake:
		case <-ln.link.ctx.Done():
		}
	}
	return false
}

// begin lists all that a new session has to subscribe, what the hubs need most
// first, and returns how much that is.
func (ln *line) begin() int {
	l := ln.link
	l.mu.Lock()
	defer l.mu.Unlock()
	ln.sent, ln.changed, ln.stale, ln.initial = nil, nil, nil, 0
	for _, s := range l.subs {
		if s.line == ln && s.wanted() {
			s.state, s.changed = absent, true
			ln.expect(s)
			ln.changed = append(ln.changed, s)
		}
	}
	slices.SortStableFunc(ln.changed, func(a, b *subscription) int {
		switch {
		case a.kind.base() == b.kind.base():
			return 0
		case a.kind.base():
			return -1
		}
		return 1
	})
	return len(ln.changed)
}

// session connects, subscribes, and hears until something fails.
func (ln *line) session() error {
	ctx := ln.link.ctx
	conn := ln.node.Subscribe(ctx)
	defer conn.Close()
	// The first command connects; the replies to the others are read while
	// those are written.
	if _, err := ln.step(ctx, conn); err != nil {
		return err
	}
	heard := make(chan error, 1)
	go func() { heard <- ln.listen(ctx, conn) }() // ends when conn is closed below, and is waited for
	err := ln.tend(ctx, conn, heard)
	_ = conn.Close()   // what is left of it is of no interest
	reading := <-heard // ctx and conn are gone: this is what it says of that, or what tend has seen
	if err == nil {
		err = reading
	}
	return err
}

// tend subscribes, unsubscribes and pings. It returns when listen has ended, to
// which it leaves its error.
func (ln *line) tend(ctx context.Context, conn *goredis.PubSub, heard chan error) error {
	if err := ln.flush(ctx, conn); err != nil {
		return err
	}
	ticker := time.NewTicker(ln.link.cfg.timeout / 4)
	defer ticker.Stop()
	for {
		var err error
		select {
		case err = <-heard:
			heard <- err
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
			err = conn.Ping(ctx)
		case <-ln.wake:
			err = ln.flush(ctx, conn)
		}
		if err != nil {
			return err
		}
	}
}

// flush sends what has to be subscribed and unsubscribed.
func (ln *line) flush(ctx context.Context, conn *goredis.PubSub) error {
	for {
		if some, err := ln.step(ctx, conn); !some || err != nil {
			return err
		}
	}
}

// step sends one command of flush, if there is something to send.
func (ln *line) step(ctx context.Context, conn *goredis.PubSub) (some bool, err error) {
	subscribe, unsubscribe, stale := ln.next()
	switch {
	case len(subscribe) > 0:
		return true, conn.Subscribe(ctx, subscribe...)
	case len(unsubscribe) > 0:
		return true, conn.Unsubscribe(ctx, unsubscribe...)
	case len(stale) > 0:
		return true, conn.Unsubscribe(ctx, stale...)
	}
	return false, nil
}

// next takes channels for one command out of changed and notes the command as
// sent: what is answered before it was written is then no surprise.
func (ln *line) next() (subscribe, unsubscribe, stale []string) {
	l := ln.link
	l.mu.Lock()
	defer l.mu.Unlock()
	var c command
	var to state
	for len(ln.changed) > 0 && len(c.subs) < batch {
		s := ln.changed[0]
		from := s.state
		want := subscribing
		if from == live {
			want = unsubscribing
		}
		if s.line == ln && !s.settled() && len(c.subs) > 0 && (want != to || s.alone) {
			break // for the next command
		}
		ln.changed = ln.changed[1:]
		if s.line != ln {
			continue
		}
		s.changed = false
		if s.settled() {
			if !s.wanted() && s.state == absent {
				ln.expected(s)
				l.drop(s)
			}
			continue
		}
		to, s.state = want, want
		c.subs = append(c.subs, s)
		if want == subscribing {
			subscribe = append(subscribe, s.channel)
		} else {
			unsubscribe = append(unsubscribe, s.channel)
		}
		if s.alone {
			break
		}
	}
	if len(ln.changed) == 0 {
		ln.changed = nil
	}
	if len(c.subs) > 0 {
		c.left = len(c.subs)
		ln.sent = append(ln.sent, c)
		return subscribe, unsubscribe, nil
	}
	stale, ln.stale = ln.stale, nil
	if len(stale) > 0 {
		ln.sent = append(ln.sent, command{left: len(stale)})
	}
	return nil, nil, stale
}

// drop removes a subscription that nobody wants. link.mu is held.
func (l *link) drop(s *subscription) {
	s.left()
	if l.subs[s.channel] == s {
		delete(l.subs, s.channel)
	}
}

// listen takes what Redis says until the connection fails or is silent for too
// long: it is pinged, so that it has something to say.
func (ln *line) listen(ctx context.Context, conn *goredis.PubSub) error {
	for {
		reply, err := conn.ReceiveTimeout(ctx, ln.link.cfg.timeout)
		var refusal goredis.Error
		switch {
		case err == nil:
		case errors.As(err, &refusal):
			ln.refused(err)
			continue
		default:
			return err
		}
		switch m := reply.(type) {
		case *goredis.Message:
			ln.heard(ctx, m)
		case *goredis.Subscription:
			ln.confirmed(m.Kind == "subscribe", m.Channel)
		case *goredis.Pong:
			ln.link.echoes.age()
		}
	}
}

func (ln *line) heard(ctx context.Context, m *goredis.Message) {
	l := ln.link
	l.counts.received.Add(1)
	l.mu.Lock()
	s := l.subs[m.Channel]
	l.mu.Unlock()
	if s == nil {
		return // it has just been left
	}
	// Nobody writes to a payload.
	payload := unsafe.Slice(unsafe.StringData(m.Payload), len(m.Payload)) //nolint:gosec // nobody writes to it
	if !s.kind.internal() && l.echoes.heard(m.Channel, payload) {
		l.counts.echoesDropped.Add(1)
		return
	}
	l.dispatch(ctx, s, payload)
}

// lost ends a session: nothing is subscribed any more, and who waits is told.
func (ln *line) lost(err error) {
	l := ln.link
	l.mu.Lock()
	first := !ln.down
	if ln.healthy {
		ln.lostAt, ln.lostErr = time.Now(), err
	}
	ln.healthy, ln.down = false, true
	ln.sent = nil
	var waiting []func(error)
	for _, s := range l.subs {
		if s.line != ln {
			continue
		}
		s.state = absent
		waiting = append(waiting, s.take()...)
		if !s.wanted() {
			l.drop(s)
		}
	}
	l.mu.Unlock()
	for _, done := range waiting {
		done(ErrUnavailable)
	}
	if first && !errors.Is(err, ErrClosed) {
		l.cfg.log.LogAttrs(l.ctx, slog.LevelError, "backplane down", slog.Any("error", err))
	}
}
