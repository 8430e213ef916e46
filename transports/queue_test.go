package transports

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hubwire/signalr/internal/bufpool"
)

// tick is a clock that moves when it is looked at.
func tick() func() int64 {
	now := int64(0)
	return func() int64 { now++; return now }
}

func (q *queue) text() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.pend == nil {
		return ""
	}
	return string(q.pend.B[frameRoom:])
}

// takeAll plays a client that takes what there is.
func (q *queue) takeAll(now func() int64) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	buf, _ := q.take()
	if buf == nil {
		return ""
	}
	text := string(buf.B[frameRoom:])
	bufpool.Put(buf)
	q.done(now)
	return text
}

func TestQueueLimits(t *testing.T) {
	t.Parallel()
	now := tick()
	q := queue{limit: 10}
	for i, tt := range []struct {
		p    string
		want bool
	}{
		{"123456789", true},
		{strings.Repeat("x", 100), true}, // the limit is a threshold
		{"y", false},
	} {
		if got := q.try([]byte(tt.p), now); got != tt.want {
			t.Errorf("step %d: got %v, want %v", i, got, tt.want)
		}
	}
	q.mu.Lock()
	buf, _ := q.take()
	q.mu.Unlock()
	if q.try([]byte("y"), now) {
		t.Error("what is being written must count")
	}
	q.took(100, now)
	if !q.try([]byte("y"), now) {
		t.Error("got no room although the client has taken 100 of 109 bytes")
	}
	bufpool.Put(buf)

	q = queue{limit: NoLimit}
	for range 1000 {
		if !q.try(make([]byte, 1000), now) {
			t.Fatal("a queue without a limit was full")
		}
	}
}

func TestWaitersComeInOrderAndFirst(t *testing.T) {
	t.Parallel()
	now := tick()
	q := queue{limit: 4}
	q.try([]byte("aaaa"), now)
	b, c, d := q.join([]byte("bb"), now), q.join([]byte("cc"), now), q.join([]byte("dd"), now)
	if b == nil || c == nil || d == nil {
		t.Fatal("a full queue let senders in")
	}
	if q.try([]byte("e"), now) {
		t.Error("a sender came before those that wait")
	}
	if !q.leave(c) || q.leave(c) {
		t.Error("want to leave the line once")
	}
	if got := q.takeAll(now); got != "aaaa" {
		t.Errorf("got %q", got)
	}
	if got := q.text(); got != "bbdd" {
		t.Errorf("got %q queued, want %q", got, "bbdd")
	}
	for _, w := range []*waiter{b, d} {
		select {
		case <-w.ready:
		default:
			t.Error("a sender was let in and does not know")
		}
	}
	if q.leave(b) {
		t.Error("a sender that was let in is still in the line")
	}
	if q.first != nil || q.last != nil {
		t.Error("the line is not empty")
	}
}

func TestSendersGoOnBelowHalf(t *testing.T) {
	t.Parallel()
	now := tick()
	q := queue{limit: 10}
	q.try([]byte("0123456789"), now)
	w := q.join([]byte("x"), now)
	q.mu.Lock()
	buf, _ := q.take()
	q.mu.Unlock()
	q.took(4, now)
	select {
	case <-w.ready:
		t.Error("let in with 6 of 10 bytes left")
	default:
	}
	q.took(1, now)
	select {
	case <-w.ready:
	default:
		t.Error("not let in with 5 of 10 bytes left")
	}
	bufpool.Put(buf)
}

func TestTheStallClock(t *testing.T) {
	t.Parallel()
	now := tick()
	q := queue{limit: 4}
	q.try([]byte("aaaa"), now)
	if got := q.stalledSince(); got != 0 {
		t.Errorf("got %d with nobody waiting, want 0", got)
	}
	q.try([]byte("b"), now)
	since := q.stalledSince()
	if since == 0 {
		t.Fatal("the clock does not run although a sender was turned away")
	}
	q.try([]byte("b"), now)
	if got := q.stalledSince(); got != since {
		t.Errorf("got %d, want the first time, %d", got, since)
	}
	w := q.join([]byte("b"), now)
	q.mu.Lock()
	buf, _ := q.take()
	q.mu.Unlock()
	q.took(1, now)
	if got := q.stalledSince(); got <= since {
		t.Errorf("got %d, want the time of the last byte taken", got)
	}
	q.leave(w)
	q.took(3, now)
	if got := q.stalledSince(); got != 0 {
		t.Errorf("got %d with nobody waiting, want 0", got)
	}
	bufpool.Put(buf)
}

func TestPutBack(t *testing.T) {
	t.Parallel()
	now := tick()
	q := queue{limit: 100}
	q.try([]byte("first "), now)
	q.mu.Lock()
	buf, _ := q.take()
	q.mu.Unlock()
	q.try([]byte("second"), now)
	q.mu.Lock()
	q.putBack(buf)
	q.mu.Unlock()
	if got := q.takeAll(now); got != "first second" {
		t.Errorf("got %q", got)
	}
	q.try([]byte("x"), now)
	q.mu.Lock()
	buf, _ = q.take()
	q.close()
	q.putBack(buf)
	q.mu.Unlock()
	if got := q.text(); got != "" {
		t.Errorf("got %q in a closed queue", got)
	}
}

func TestClosingLetsSendersGo(t *testing.T) {
	t.Parallel()
	now := tick()
	q := queue{limit: 1}
	q.try([]byte("aa"), now)
	w := q.join([]byte("b"), now)
	q.mu.Lock()
	q.close()
	q.mu.Unlock()
	<-w.ready
	if q.leave(w) || !q.try([]byte("x"), now) || q.join([]byte("x"), now) != nil || q.text() != "" {
		t.Error("a closed queue must take and drop everything")
	}
}

func TestQueueEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{TransportMaxBufferSize: 10}, silentApp())
	session, id := s.startPolling() // takes nothing
	session.c.TryQueue([]byte("0123456789"))
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	if err := session.c.Queue(ctx, []byte("not this")); !errors.Is(err, why) {
		t.Errorf("got %v, want the cause of ctx", err)
	}
	session.c.Finish()
	if got := s.send("GET", id, "").body; got != "0123456789" {
		t.Errorf("got %q, want nothing of what was given up", got)
	}
	if err := session.c.Queue(ctx, nil); err != nil && !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}
