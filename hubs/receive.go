package hubs

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hubwire/signalr/hubs/protocol"
)

// What the receive loop tells Tick about the client's activity.
const (
	activityIdle  uint32 = iota // nothing since the last tick
	activityHeard               // a frame has come since the last tick
	activityBusy                // frames are being handled, for as long as it takes
)

var messagePool = sync.Pool{New: func() any { return new(protocol.Message) }}

// Receive takes bytes from the client, in order, one call at a time. It parses
// and binds, so that p is free when it returns, and hands the calls over to other
// goroutines. It blocks, and so keeps the client from sending more, while
// OnConnected runs, while too many calls wait for a permit, and while an upload
// stream is full.
func (c *Connection) Receive(p []byte) {
	if c.closing.Load() {
		return
	}
	data := p
	if len(c.partial) > 0 {
		c.partial = append(c.partial, p...)
		data = c.partial
		// A big message comes in many parts; only the last of them is looked at.
		if c.wire != nil && c.wire.separated && len(data) <= c.rt.cfg.MaximumReceiveMessageSize &&
			bytes.IndexByte(p, protocol.RecordSeparator) < 0 {
			return
		}
	}
	if c.wire == nil {
		rest, accepted := c.handshake(data)
		if !accepted || len(rest) == 0 {
			c.keep(rest)
			return
		}
		data = rest
	}
	if c.replay != nil {
		c.keep(c.replay.receive(data))
		return
	}
	c.keep(c.frames(data))
}

// partialPool holds buffers for incomplete frames.
var partialPool = sync.Pool{New: func() any { return new([]byte) }}

// keep stores the start of an incomplete frame until the next Receive. rest is
// the end of what Receive was given, or of c.partial. A buffer is held only
// while there is something in it.
func (c *Connection) keep(rest []byte) {
	switch {
	case len(rest) > 0 && c.partial == nil:
		c.partial = (*partialPool.Get().(*[]byte))[:0]
		c.partial = append(c.partial, rest...)
	case len(rest) > 0:
		c.partial = c.partial[:copy(c.partial, rest)]
	case c.partial != nil:
		if cap(c.partial) <= maxPooled {
			buf := c.partial[:0]
			partialPool.Put(&buf)
		}
		c.partial = nil
	}
}

// frames handles every complete frame in data and returns what is left, which
// is nothing when the connection ends.
func (c *Connection) frames(data []byte) (rest []byte) {
	if !c.wait(func() bool { return c.phase == open }) {
		return nil
	}
	m := messagePool.Get().(*protocol.Message)
	heard := false
	for len(data) > 0 {
		payload, n, err := c.split(data)
		if err == nil && n == 0 {
			break
		}
		if !heard {
			heard = true
			c.activity.Store(activityBusy)
		}
		if err == nil {
			err = c.wire.Parse(payload, m)
		}
		if err != nil {
			c.awaitCalls()
			c.end(ending{cause: err, fault: err, allowReconnect: true})
		}
		if err != nil || !c.dispatch(m, len(payload)) {
			data = nil
			break
		}
		data = data[n:]
		if c.replay != nil {
			c.replay.dispatched(m.Type, n)
		}
	}
	if heard {
		c.activity.Store(activityHeard)
	}
	c.wakeUploads()
	m.Reset()
	messagePool.Put(m)
	return data
}

// answerTime is how long calls that came before a broken message have to be
// answered before the connection is closed for it.
const answerTime = time.Second

// awaitCalls waits for the answers to calls that came before a broken message.
// ASP.NET Core runs the synchronous part of a call before it reads on, so its
// clients get the answers of short calls.
func (c *Connection) awaitCalls() {
	late := false // guarded by c.mu
	timer := time.AfterFunc(answerTime, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		late = true
		c.unblock()
	})
	defer timer.Stop()
	c.wait(func() bool { return late || c.permits == 0 && c.pending.len() == 0 })
}

// split cuts the first frame off data and returns its payload and how many bytes
// it takes, 0 if it is incomplete. The parser is shown no more than the limit
// (hub-runtime.md, section 5).
func (c *Connection) split(data []byte) (payload []byte, n int, err error) {
	limit := c.rt.cfg.MaximumReceiveMessageSize
	window := data[:min(len(data), limit)]
	payload, rest, ok, err := c.wire.Split(window)
	switch {
	case err != nil:
		return nil, 0, err
	case ok:
		return payload, len(window) - len(rest), nil
	case len(data) > limit:
		return nil, 0, &fault{kind: kindInvalidData, text: fmt.Sprintf(textTooBig, limit), is: ErrMessageTooBig}
	}
	return nil, 0, nil
}

// Ended says that nothing more will come: nil if the client left or the network
// was lost, else what went wrong. It returns when OnDisconnected has run, unless
// the connection was ending already.
func (c *Connection) Ended(err error) {
	incomplete := len(c.partial) > 0
	c.keep(nil)
	why := ending{cause: ErrConnectionClosed, allowReconnect: true}
	if lost := context.Cause(c.transport.Context()); lost != nil {
		why.cause = fmt.Errorf("%w: %w", ErrConnectionClosed, lost)
	}
	switch {
	case err != nil:
		why = ending{cause: err, fault: err, silent: true}
	case incomplete:
		why = ending{cause: ErrIncompleteMessage, fault: ErrIncompleteMessage, allowReconnect: true}
	}
	c.endHere(why)
}
