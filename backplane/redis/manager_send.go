package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
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

// topics returns the channels of a target.
func (m *manager) topics(to hubs.Target) []topic {
	switch to.Kind {
	case hubs.TargetConnections:
		return topicsOf(unique(to.IDs), kindConnection, m.names.connection)
	case hubs.TargetGroups:
		return topicsOf(to.IDs, kindGroup, m.names.group)
	case hubs.TargetUsers:
		users := unique(to.IDs)
		if len(users) > 1 {
			users = slices.DeleteFunc(slices.Clone(users), func(id string) bool { return id == "" })
		}
		return topicsOf(users, kindUser, m.names.user)
	default:
		return []topic{{m.names.all(), kindAll, ""}}
	}
}

func topicsOf(keys []string, k kind, channel func(string) string) []topic {
	topics := make([]topic, len(keys))
	for i, key := range keys {
		topics[i] = topic{channel(key), k, key}
	}
	return topics
}

// unique returns names without repetitions, in their order.
func unique(names []string) []string {
	if len(names) < 2 {
		return names
	}
	seen := make(map[string]struct{}, len(names))
	kept := make([]string, 0, len(names))
	for _, name := range names {
		if _, again := seen[name]; !again {
			seen[name] = struct{}{}
			kept = append(kept, name)
		}
	}
	return kept
}

var scratch = sync.Pool{New: func() any { return new([]byte) }}

// maxScratch is the capacity up to which buffers are kept.
const maxScratch = 64 << 10

// encode makes the payload of a call, in all protocols that nodes of the hub
// offer, since nobody knows what their clients speak.
func (m *manager) encode(inv *invocation, method string, args []any) ([]byte, error) {
	buf := scratch.Get().(*[]byte)
	frames := (*buf)[:0]
	defer func() {
		if cap(frames) <= maxScratch {
			*buf = frames
			scratch.Put(buf)
		}
	}()
	blobs := make([]blob, 0, 2)
	for _, p := range m.env.Protocols {
		start := len(frames)
		longer, err := p.AppendInvocation(frames, inv.id, method, args)
		if err != nil {
			return nil, fmt.Errorf("redis: encode the call of client method %q as %s: %w", method, p.Name(), err)
		}
		frames = longer
		blobs = append(blobs, blob{p.Name(), frames[start:]})
	}
	inv.blobs = blobs
	size := len(frames) + len(inv.id) + len(inv.returnChannel) + 64
	for _, id := range inv.excluded {
		size += len(id) + 2
	}
	return appendInvocation(make([]byte, 0, size), inv), nil
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
	if _, err := m.link.outletFor(channel).do(ctx, cmd); err != nil {
		m.link.counts.publishFailures.Add(1)
		return 0, err
	}
	m.link.counts.published.Add(1)
	return cmd.Val(), nil
}
