package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hubwire/signalr/hubs"
)

// Send implements [hubs.LifetimeManager]. A single connection of this node gets
// its message directly; all else goes through Redis, from where it comes back
// for the clients that are here.
func (m *manager) Send(ctx context.Context, to hubs.Target, method string, args []any) error {
	if to.Kind == hubs.TargetConnections && len(to.IDs) == 1 {
		if mb := m.find(to.IDs[0]); mb != nil {
			return m.sendOwn(ctx, mb, method, args)
		}
	}
	topics := m.topics(to)
	if len(topics) == 0 {
		return nil
	}
	payload, err := m.encode(&invocation{excluded: to.Except}, method, args)
	if err != nil {
		return err
	}
	return m.spread(ctx, topics, payload)
}

// sendOwn sends to one connection of this node.
func (m *manager) sendOwn(ctx context.Context, mb *member, method string, args []any) error {
	buf := scratch.Get().(*[]byte)
	frame, err := mb.conn.Protocol().AppendInvocation((*buf)[:0], "", method, args)
	if err != nil {
		return fmt.Errorf("redis: encode the call of client method %q as %s: %w", method, mb.protocol, err)
	}
	err = mb.sendOwn(frame, func() error {
		err := mb.conn.Queue(ctx, frame)
		mb.conn.Wake()
		return err
	})
	if cap(frame) <= maxScratch {
		*buf = frame
		scratch.Put(buf)
	}
	return err
}

// departure is a message on its way to a channel.
type departure struct {
	sub     *subscription // nil if no client of this node belongs there
	heard   bool          // this node hears the channel
	mark    uint64        // of the echoes, before it left
	outlet  *outlet
	request *request
	err     error
}

// spread publishes a message on channels, all at once, and waits for Redis.
func (m *manager) spread(ctx context.Context, topics []topic, payload []byte) error {
	var few [4]departure
	leaving := few[:0]
	for _, t := range topics {
		d := departure{outlet: m.link.outletFor(t.channel), mark: m.link.echoes.mark()}
		d.sub, d.heard = m.link.lookup(t.channel)
		d.request, d.err = d.outlet.begin(ctx, newPublish(ctx, t.channel, payload))
		leaving = append(leaving, d)
	}
	timer := time.NewTimer(m.link.cfg.timeout)
	defer timer.Stop()
	var first error
	for i := range leaving {
		if err := m.depart(ctx, &leaving[i], timer, topics[i], payload); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// depart waits for Redis to take a message, and serves the clients of this node
// without if it does not, or if they would not hear it.
func (m *manager) depart(ctx context.Context, d *departure, timer *time.Timer, t topic, payload []byte) error {
	sent := false
	if d.err == nil {
		sent, d.err = d.outlet.finish(ctx, d.request, timer)
	}
	if d.err == nil {
		m.link.counts.published.Add(1)
		if d.heard {
			return nil
		}
	} else {
		m.link.counts.publishFailures.Add(1)
		if !errors.Is(d.err, ErrUnavailable) || m.link.cfg.down == Refuse {
			return publishError(d.err)
		}
	}
	if d.sub == nil {
		if t.kind == kindConnection {
			return publishError(d.err)
		}
		return nil
	}
	if !sent || m.link.echoes.serve(t.channel, payload, d.mark) {
		m.link.counts.servedLocally.Add(1)
		m.link.dispatch(ctx, d.sub, payload)
	}
	return nil
}

func publishError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redis: publish: %w", err)
}

// publish sends a payload to other nodes and waits for Redis to take it.
func (m *manager) publish(ctx context.Context, channel string, payload []byte) error {
	_, err := m.publishCounted(ctx, channel, payload)
	return err
}

// publishCounted also returns how many nodes heard it.
func (m *manager) publishCounted(ctx context.Context, channel string, payload []byte) (int64, error) {
	cmd := newPublish(ctx, channel, payload)
	if err := m.link.outletFor(channel).do(ctx, cmd); err != nil {
		m.link.counts.publishFailures.Add(1)
		return 0, err
	}
	m.link.counts.published.Add(1)
	return cmd.Val(), nil
}
