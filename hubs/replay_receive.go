package hubs

import "github.com/hubwire/signalr/hubs/protocol"

// incoming is the receiving side of a replay. The transport's reader takes the
// client's frames in, counts them, drops those it has had, and acts on Ack and
// Sequence at once; the others wait in a backlog for a goroutine that dispatches
// them. So acknowledgements get through while a call waits for the very room
// that they make, where .NET hangs.
//
// A backlog that is full holds up the client, unless a sender waits for an
// acknowledgement that may be behind what is held up. Then the reader skims: it
// looks for acknowledgements alone, and counts and keeps nothing else. When half
// of the backlog is free the socket is dropped, and the client, coming back,
// sends again what was passed over.
type incoming struct {
	expected int64 // guarded by mu; the number of the next frame that counts
	received int64 // guarded by mu; the highest number that was taken in
	handled  int64 // guarded by mu; how many of them have been dispatched
	seen     int64 // guarded by mu; what handled was at the last tick
	told     int64 // guarded by mu; what the client was told of it
	untold   int   // guarded by mu; bytes dispatched since then

	backlog  []byte // guarded by mu; whole frames to be dispatched, from partialPool
	taken    int    // guarded by mu; bytes that are being dispatched
	draining bool   // guarded by mu; the goroutine that does so is there
	deaf     bool   // guarded by mu; nothing more is taken in

	skimming bool // guarded by mu
	moved    bool // guarded by mu; something was acknowledged since the last tick
}

// ackShare is the part of the buffer's size after which a client is told at once
// what has been dispatched. Its own buffer is about as big, and it sends no more
// when that is full: with the clock alone it would come to one buffer a second.
const ackShare = 4

// receive takes in the complete frames of data and returns the rest. It is
// called by the transport's reader.
func (r *replay) receive(data []byte) (rest []byte) {
	c := r.conn
	m := messagePool.Get().(*protocol.Message)
	heard := false
	for len(data) > 0 {
		payload, n, err := c.split(data)
		if err == nil && n == 0 {
			break
		}
		heard = true
		whole := data
		if err == nil {
			whole = data[:n]
			err = c.wire.Parse(payload, m)
		}
		if err != nil {
			r.spoilt(whole)
			data = nil
			break
		}
		data = data[n:]
		if !r.accept(m, whole) {
			data = nil
			break
		}
	}
	if heard {
		c.activity.CompareAndSwap(activityIdle, activityHeard)
	}
	m.Reset()
	messagePool.Put(m)
	return data
}

// spoilt takes in what cannot be read. The dispatching goroutine meets the same
// fault when it comes to it, and ends the connection.
func (r *replay) spoilt(data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.store(data) {
		r.deaf = true
	}
}

// accept takes one frame in. It returns false when the connection ends.
func (r *replay) accept(m *protocol.Message, frame []byte) bool {
	switch {
	case m.Type == protocol.Ping:
		r.conn.pinged.Store(true)
	case m.Type == protocol.Ack:
		r.takeAck(m.SequenceID)
	case m.Type == protocol.Sequence:
		return r.takeSequence(m.SequenceID)
	default:
		return r.take(frame, m.Type.Sequenced())
	}
	return true
}

// take puts a frame in the backlog unless it has been there.
func (r *replay) take(frame []byte, counts bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !counts {
		r.store(frame)
		return !r.deaf
	}
	if r.expected <= r.received {
		r.expected++ // sent again
		return true
	}
	if r.store(frame) {
		r.received = r.expected
		r.expected++
	}
	return !r.deaf
}

// takeAck drops what the client has acknowledged.
func (r *replay) takeAck(number int64) {
	r.mu.Lock()
	if r.acknowledged(number) {
		r.moved = true
	}
	r.mu.Unlock()
	r.conn.transport.Wake()
}

// takeSequence notes which number the client's next frame has.
func (r *replay) takeSequence(number int64) bool {
	r.mu.Lock()
	known := number <= r.received+1
	if known && !r.away && !r.skimming {
		r.expected = number
	}
	r.mu.Unlock()
	if !known {
		r.conn.end(ending{cause: errSequence, fault: errSequence, allowReconnect: true})
	}
	return known
}

// store appends a frame to the backlog, and waits while that is full. It returns
// false if the frame is passed over. mu is held, and released while it waits.
func (r *replay) store(frame []byte) bool {
	for !r.fits(len(frame)) && !r.closed() {
		if len(r.line) > 0 {
			r.skimming = true
			return false
		}
		r.changed.Wait()
	}
	if r.closed() {
		return false
	}
	if r.backlog == nil {
		r.backlog = (*partialPool.Get().(*[]byte))[:0]
	}
	r.backlog = append(r.backlog, frame...)
	if !r.draining {
		// Ends when the backlog is empty; the connection's end ends what it
		// waits for, and Shutdown waits for it.
		r.draining = r.conn.spawn(r.drain)
	}
	return true
}

// fits reports whether the backlog has room for n bytes. mu is held.
func (r *replay) fits(n int) bool {
	waiting := len(r.backlog) + r.taken
	return waiting == 0 || waiting+n <= r.log.limit
}

// closed reports whether frames are passed over. mu is held.
func (r *replay) closed() bool { return r.away || r.ended || r.deaf || r.skimming }

// drain dispatches what is in the backlog.
func (r *replay) drain() {
	for {
		r.mu.Lock()
		data := r.backlog
		r.backlog, r.taken = nil, len(data)
		r.draining = len(data) > 0
		r.changed.Broadcast()
		r.mu.Unlock()
		if len(data) == 0 {
			return
		}
		r.conn.frames(data)
		if cap(data) <= maxPooled {
			buf := data[:0]
			partialPool.Put(&buf)
		}
	}
}

// dispatched is called when a frame of n bytes has been.
func (r *replay) dispatched(t protocol.Type, n int) {
	r.mu.Lock()
	if t.Sequenced() {
		r.handled++
		if r.untold += n; r.untold >= r.log.limit/ackShare {
			r.sendAck()
		}
	}
	r.taken -= n
	again := r.skimming && len(r.backlog)+r.taken <= r.log.limit/2
	r.changed.Broadcast()
	r.mu.Unlock()
	if again {
		dropSocket(r.conn.transport)
	}
}

// Disconnected is called by the transport when the socket is gone and the
// client may come back with another. It does not block.
func (c *Connection) Disconnected() {
	c.mu.Lock()
	r := c.replay
	c.mu.Unlock()
	if r == nil { // not introduced yet: there is nothing to come back to
		disableReconnect(c.transport)
		return
	}
	r.mu.Lock()
	r.away = true
	r.changed.Broadcast()
	r.mu.Unlock()
}

// Reconnected is called by the transport when a new socket is there, before
// anything is received on it. The start of a frame that came on the old one is
// forgotten: the client sends it again.
func (c *Connection) Reconnected() {
	c.keep(nil)
	if c.replay == nil {
		return
	}
	c.replay.resume()
	c.activity.CompareAndSwap(activityIdle, activityHeard)
	c.transport.Wake()
}

// Leaving is called by the transport when the client has closed its socket in
// good order. It returns when what came before that has been dispatched.
func (c *Connection) Leaving() {
	r := c.replay
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = true
	for _, w := range r.line {
		close(w.ready)
	}
	r.line = nil
	for r.draining {
		r.changed.Wait()
	}
}

// spawn runs f on a goroutine that Shutdown waits for, unless the connection is
// ending.
func (c *Connection) spawn(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending != nil {
		return false
	}
	c.start()
	// Its end is f's; whoever passes that says what it is.
	go func() {
		defer c.done()
		f()
	}()
	return true
}

// errSequence ends a connection whose client claims to have sent more than has
// come.
var errSequence error = &fault{
	kind: kindInvalidOperation,
	text: "Sequence ID greater than amount of messages we've received.",
	is:   ErrSequence,
}
