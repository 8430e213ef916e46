package redis

import (
	"fmt"
	"slices"
	"sync"

	"github.com/hubwire/signalr/hubs"
)

// messages makes of a call what is published, and where.
type messages struct {
	env   hubs.Env
	names names
}

// topics returns the channels of a target.
func (m *messages) topics(to hubs.Target) []topic {
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
func (m *messages) encode(inv *invocation, method string, args []any) ([]byte, error) {
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
