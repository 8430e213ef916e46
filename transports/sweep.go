package transports

import "time"

// sweepInterval is the clock of all time-outs that need not be exact.
const sweepInterval = time.Second

// lastPollTime is how long a server that shuts down waits for the poll that
// fetches the last words of a connection. Clients poll again at once; one that
// has not for so long is not going to, and must not hold up the end.
const lastPollTime = 2 * time.Second

// sweep looks at every connection of every endpoint once a second. It is the
// only timer that idle connections have.
func (e *Engine) sweep() {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	var list []*Conn
	for {
		select {
		case wall := <-ticker.C:
			list = e.visit(list[:0], wall)
			clear(list)
		case <-e.stop:
			return
		}
	}
}

func (e *Engine) visit(list []*Conn, wall time.Time) []*Conn {
	e.mu.Lock()
	endpoints := e.endpoints
	e.mu.Unlock()
	for _, ep := range endpoints {
		list = ep.conns.appendAll(list)
	}
	for _, c := range list {
		c.tick(wall)
	}
	return list
}

// tick is the sweep's visit (transports.md, 3.6).
func (c *Conn) tick(wall time.Time) {
	now := c.ep.engine.now()
	c.mu.Lock()
	patience := c.ep.cfg.DisconnectTimeout
	if c.finished && c.ep.closing.Load() {
		patience = min(patience, lastPollTime)
	}
	overdue := c.state == Inactive && now-c.lastSeen > int64(patience)
	session := c.session
	c.mu.Unlock()
	if overdue {
		c.expire()
		return
	}
	if since := c.out.blocked.Load(); since != 0 && c.ep.cfg.TransportSendTimeout > 0 &&
		now-since > int64(c.ep.cfg.TransportSendTimeout) {
		c.cutOff(ErrSendTimeout)
	}
	if session != nil {
		session.Tick(wall)
	}
}
