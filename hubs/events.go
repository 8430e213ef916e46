package hubs

import (
	"context"
	"errors"
	"log/slog"
)

// connectedHub is a hub with an OnConnected.
type connectedHub interface {
	OnConnected(ctx context.Context) error
}

// disconnectedHub is a hub with an OnDisconnected.
type disconnectedHub interface {
	OnDisconnected(ctx context.Context, err error) error
}

// connect introduces the connection to the lifetime manager and the hub, then
// lets calls in: steps 2 to 5 of hub-runtime.md, section 1. The steps after the
// author's code are deferred, so that they come whatever that does.
func (c *Connection) connect() {
	defer c.done()
	err := errGoexit
	defer func() { c.introduced(err) }()
	c.transport.Flush() // the handshake response
	err = c.guard("OnConnected", func() error {
		if err := c.rt.lifetime.Connect(&c.life, c); err != nil {
			return err
		}
		return c.connected()
	})
}

// introduced lets calls in, or goes on with the end of the connection.
func (c *Connection) introduced(err error) {
	if err != nil {
		level := slog.LevelWarn
		if hub := (*Error)(nil); errors.As(err, &hub) {
			level = slog.LevelDebug // that is how a hub refuses, and clients can make it do so
		}
		c.logger().LogAttrs(&c.life, level, "connection refused by the hub", slog.Any("error", err))
		c.stop(ending{cause: err, fault: err})
	}
	c.mu.Lock()
	c.phase = open
	c.activity.Store(activityHeard)
	ending := c.ending
	if ending != nil {
		c.start()
		ending.unseen = err != nil // also if something else ended it first
	}
	c.announceRefresh() // of one that came while OnConnected ran
	c.unblock()
	c.mu.Unlock()
	if ending != nil {
		c.finish()
	}
}

// connected calls OnConnected. The hub is made also if it has none, to find out
// now that it cannot be made.
func (c *Connection) connected() error {
	s := &scope{conn: c, connecting: true}
	s.clients = CallerClients{clientTargets: c.rt.clients, s: s}
	hub, err := c.rt.makeHub(s)
	if err != nil || !c.rt.connected.connected {
		return err
	}
	return c.connectedThrough(&c.life, c.rt.cfg.Filters, hub)
}

// connectedThrough calls what is left of the filters, then OnConnected.
func (c *Connection) connectedThrough(ctx context.Context, filters []Filter, hub instance) error {
	for i := range filters {
		if filters[i].Connected != nil {
			return filters[i].Connected(ctx, c.hubContext.newest(), func(ctx context.Context) error {
				return c.connectedThrough(ctx, filters[i+1:], hub)
			})
		}
	}
	if h, ok := hub.(connectedHub); ok {
		return h.OnConnected(ctx)
	}
	return nil
}

// disconnected calls OnDisconnected. Its errors are only logged.
func (c *Connection) disconnected(fault error) {
	if !c.rt.connected.disconnected {
		return
	}
	s := &scope{conn: c}
	s.clients = CallerClients{clientTargets: c.rt.clients, s: s}
	hub, err := c.rt.makeHub(s)
	if err == nil {
		// The connection's own context has ended, its values have not.
		err = c.guard("OnDisconnected", func() error {
			return c.disconnectedThrough(c.life.parent, c.rt.cfg.Filters, hub, fault)
		})
	}
	if err != nil {
		c.logger().LogAttrs(&c.life, slog.LevelError, "OnDisconnected", slog.Any("error", err))
	}
}

func (c *Connection) disconnectedThrough(ctx context.Context, filters []Filter, hub instance, fault error) error {
	for i := range filters {
		if filters[i].Disconnected != nil {
			return filters[i].Disconnected(ctx, c.hubContext.newest(), fault, func(ctx context.Context, fault error) error {
				return c.disconnectedThrough(ctx, filters[i+1:], hub, fault)
			})
		}
	}
	if h, ok := hub.(disconnectedHub); ok {
		return h.OnDisconnected(ctx, fault)
	}
	return nil
}

// disconnect takes the connection out of the lifetime manager.
func (c *Connection) disconnect() {
	_ = c.guard("LifetimeManager.Disconnect", func() error {
		c.rt.lifetime.Disconnect(c.life.parent, c)
		return nil
	})
}

// errGoexit is what a call fails with whose goroutine ended itself.
var errGoexit = errors.New("hubs: the hub's code called runtime.Goexit")

// guard runs code of the author's for an event of the connection. A panic comes
// back as an error.
func (c *Connection) guard(event string, run func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = c.rt.panicked(event, c, event, p)
		}
	}()
	return sound(run())
}
