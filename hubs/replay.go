package hubs

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"
)

// replay is what a connection has that survives the loss of its socket
// (stateful reconnect: hub-runtime.md, section 25). What the client must get
// exactly once is kept until it acknowledges it, and sent again on a new socket;
// what comes again from the client is dropped. This file is the way out,
// replay_receive.go the way in.
//
// Its lock is held while bytes are queued, which never blocks, so that the log
// and the transport's queue have the same order.
type replay struct {
	incoming

	conn *Connection // set before start

	mu      sync.Mutex
	changed sync.Cond       // on mu: away, ended, line, backlog or draining have changed
	log     replayLog       // guarded by mu
	away    bool            // guarded by mu; there is no socket, or it has not been sent Sequence yet
	gone    bool            // guarded by mu; nothing will reach the client any more
	ended   bool            // guarded by mu; the connection is ending
	pumping bool            // guarded by mu; a goroutine waits for the transport to have room
	line    []*replayWaiter // guarded by mu; senders that wait for an acknowledgement, in order

	stuck time.Duration // tick only: since when the head of the line has waited; 0: it does not
}

// replayWaiter is a sender that waits for room in the log.
type replayWaiter struct {
	frame []byte
	ready chan struct{} // closed when frame has been taken or dropped
}

func newReplay(c *Connection, w *wire) *replay {
	r := &replay{conn: c, log: newReplayLog(w.Split, c.rt.cfg.StatefulReconnectBufferSize)}
	r.changed.L = &r.mu
	r.expected = 1
	return r
}

// tryQueue is [Connection.TryQueue]. While the client is away frames are only
// kept.
func (r *replay) tryQueue(frame []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		return true
	}
	if len(r.line) > 0 || !r.log.room(len(frame)) {
		return false
	}
	r.add(frame)
	return true
}

// queue is tryQueue that waits for acknowledgements to make room, as long as
// the connection and ctx live. A client that acknowledges nothing for
// ClientTimeoutInterval is given up (tick).
func (r *replay) queue(ctx context.Context, frame []byte) error {
	r.mu.Lock()
	switch {
	case r.gone:
		r.mu.Unlock()
		return nil
	case len(r.line) == 0 && r.log.room(len(frame)):
		r.add(frame)
		r.mu.Unlock()
		return nil
	}
	w := &replayWaiter{frame: frame, ready: make(chan struct{})}
	r.line = append(r.line, w)
	r.changed.Broadcast()
	r.mu.Unlock()
	r.conn.transport.Wake()
	select {
	case <-w.ready:
	case <-r.conn.life.Done():
		r.leave(w)
	case <-ctx.Done():
		if r.leave(w) {
			return context.Cause(ctx)
		}
	}
	return nil
}

// leave takes w out of the line; false if it is not there any more.
func (r *replay) leave(w *replayWaiter) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := slices.Index(r.line, w)
	if at < 0 {
		return false
	}
	r.line = slices.Delete(r.line, at, at+1)
	r.admit() // who waited behind it may need less room
	return true
}

// admit lets senders in for whom there is room. mu is held.
func (r *replay) admit() {
	n := 0
	for ; n < len(r.line) && r.log.room(len(r.line[n].frame)); n++ {
		r.add(r.line[n].frame)
		close(r.line[n].ready)
	}
	r.line = slices.Delete(r.line, 0, n)
}

// add keeps a frame and passes it on. mu is held.
func (r *replay) add(frame []byte) {
	r.log.add(frame)
	r.push()
}

// push gives the transport what it has not had yet, as long as it has room. mu
// is held.
func (r *replay) push() {
	if r.away || r.pumping || r.ended {
		return
	}
	for frame := r.log.unsent(); frame != nil; frame = r.log.unsent() {
		if !r.conn.transport.TryQueue(frame) {
			// Ends when all has been passed on, the client has gone or the
			// connection ends; Shutdown waits for it.
			r.pumping = r.conn.spawn(r.pump)
			return
		}
		r.log.sent += len(frame)
	}
}

// pump pushes when the transport has room again.
func (r *replay) pump() {
	_ = r.conn.transport.Queue(&r.conn.life, nil) // only waits
	r.mu.Lock()
	r.pumping = false
	r.push() // which sees to it that there is another pump if that was not enough
	r.mu.Unlock()
	r.conn.transport.Wake()
}

// acknowledged drops what the client has, and lets senders in. It reports
// whether that was anything. mu is held.
func (r *replay) acknowledged(number int64) bool {
	if !r.log.ack(number) {
		return false
	}
	r.admit()
	return true
}

// flush passes on what the transport had no room for, before the Close; how long
// that takes is bounded by the transport. The connection is ending.
func (r *replay) flush() {
	r.mu.Lock()
	for frame := r.log.unsent(); frame != nil && !r.away; frame = r.log.unsent() {
		r.log.sent += len(frame)
		if r.conn.transport.TryQueue(frame) {
			continue
		}
		frame = bytes.Clone(frame) // an acknowledgement moves the others
		r.mu.Unlock()
		_ = r.conn.transport.Queue(context.Background(), frame) // an error means that it has ended
		r.mu.Lock()
	}
	r.mu.Unlock()
}

// end is called when the connection begins to end: the client cannot come back.
func (r *replay) end() {
	r.mu.Lock()
	r.ended = true
	r.changed.Broadcast()
	r.mu.Unlock()
	disableReconnect(r.conn.transport)
}

// resume sends Sequence and all that has not been acknowledged to a new socket.
func (r *replay) resume() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	r.away, r.skimming = false, false
	r.expected = r.received + 1
	r.log.sent = 0
	r.stuck = 0
	r.conn.transport.TryQueue(r.conn.wire.AppendSequence(nil, r.log.oldest)) // the first bytes: there is room
	if r.handled > 0 {
		r.sendAck() // the last one may not have arrived
	}
	r.push()
}

// tick acknowledges what has come, about once a second, and gives a client up
// that does not. It reports whether the client is away.
func (r *replay) tick(at time.Duration) (away bool) {
	r.mu.Lock()
	away = r.away
	if !away {
		r.acknowledge()
	}
	if away || len(r.line) == 0 {
		r.stuck = 0
	} else if r.stuck == 0 || r.moved {
		r.stuck = at
	}
	r.moved = false
	late := r.stuck != 0 && at-r.stuck >= r.conn.rt.cfg.ClientTimeoutInterval
	r.mu.Unlock()
	if late {
		r.conn.end(ending{cause: ErrNotAcknowledged, fault: ErrNotAcknowledged, allowReconnect: true})
	}
	return away
}

// acknowledge tells the client about once a second up to which of its messages
// it need not keep them: what has been dispatched since the last tick waits for
// the next, so that messages that come together are acknowledged together. mu is
// held.
func (r *replay) acknowledge() {
	if r.seen > r.told {
		r.sendAck()
	}
	r.seen = r.handled
}

// sendAck acknowledges all that has been dispatched; without room the next tick
// does. mu is held.
func (r *replay) sendAck() {
	if r.away || !r.conn.transport.TryQueue(r.conn.wire.AppendAck(nil, r.handled)) {
		return
	}
	r.told, r.untold = r.handled, 0
	r.conn.transport.Wake()
}
