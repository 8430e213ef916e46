package hubs

import "time"

// Tick looks at the time: handshake timeout, keep-alive and client timeout. It
// is called about once a second, one call at a time, and does not block.
func (c *Connection) Tick(now time.Time) {
	at := now.Sub(c.rt.epoch)
	c.rt.workers.reap(at)
	c.mu.Lock()
	is := c.phase
	ending, replay := c.ending != nil, c.replay
	c.mu.Unlock()
	if ending {
		return
	}
	if replay != nil && replay.tick(at) {
		// The clocks stand still as long as there is no socket; the transport has
		// its own for that.
		c.heard, c.marked = at, at
		c.checkExpiry(now)
		return
	}
	switch is {
	case handshaking:
		if at-c.created >= c.rt.cfg.HandshakeTimeout {
			c.refuseHandshake(textHandshakeCanceled)
		}
	case connecting:
		c.keepAlive(at)
	case open:
		c.keepAlive(at)
		c.watch(at)
		c.checkExpiry(now)
	}
}

// checkExpiry ends the connection of a user whose credentials have ended, if
// the hub wants that (transports.md, 8.5).
func (c *Connection) checkExpiry(now time.Time) {
	if !c.rt.cfg.CloseOnAuthenticationExpiration {
		return
	}
	if expiry := c.transport.AuthExpiry(); !expiry.IsZero() && expiry.Before(now) {
		c.end(ending{cause: ErrAuthenticationExpired, allowReconnect: true})
	}
}

// keepAlive pings the client at a fixed pace, whatever else is sent to it
// (hub-runtime.md, section 2). A ping that finds no room is left out: bytes are
// on their way to the client, which is all a ping is for.
func (c *Connection) keepAlive(at time.Duration) {
	if at-c.marked <= c.rt.cfg.KeepAliveInterval || c.transport.InherentKeepAlive() {
		return
	}
	c.marked = at
	if c.transport.TryQueue(c.wire.ping) {
		c.transport.Wake()
	}
}

// watch ends the connection of a client that has gone silent. The clock starts
// with the first ping, and stands still while the receive loop is busy, be it
// that it has to wait (hub-runtime.md, section 3).
func (c *Connection) watch(at time.Duration) {
	switch c.activity.Load() {
	case activityBusy:
		c.heard = at
	case activityHeard:
		c.activity.CompareAndSwap(activityHeard, activityIdle)
		c.heard = at
	default:
		if c.pinged.Load() && at-c.heard >= c.rt.cfg.ClientTimeoutInterval {
			c.end(ending{cause: ErrClientTimeout, fault: ErrClientTimeout, allowReconnect: true})
		}
	}
}
