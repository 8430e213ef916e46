package redis

import (
	"context"
	"hash/maphash"
	"runtime"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// link is the traffic of a backplane with Redis, from the first hub to the
// last: lines hear, outlets publish, workers deliver.
type link struct {
	cfg    *config
	counts *counters
	client goredis.UniversalClient
	echoes *echoes

	ctx     context.Context //nolint:containedctx // the life of all that the link starts
	cancel  context.CancelFunc
	running sync.WaitGroup // lines, outlets, workers, hooks
	seed    maphash.Seed
	workers []chan work

	mu          sync.Mutex
	subs        map[string]*subscription          // guarded by mu; by channel
	lines       map[goredis.UniversalClient]*line // guarded by mu; by node
	outlets     map[goredis.UniversalClient]*outlet
	unmapped    time.Time // guarded by mu; until when the masters are taken for unknown
	recoveredAt time.Time // guarded by mu; when a line that was lost was last back
	limbo       *line     // guarded by mu; for channels whose master is not known; nil until there are some
}

// work is one message for the clients of this node.
type work struct {
	sub     *subscription
	payload []byte
}

const (
	maxWorkers  = 8
	workerQueue = 512 // messages
)

func newLink(client goredis.UniversalClient, cfg *config, counts *counters) *link {
	l := &link{
		cfg:     cfg,
		counts:  counts,
		client:  client,
		echoes:  newEchoes(),
		seed:    maphash.MakeSeed(),
		subs:    make(map[string]*subscription),
		lines:   make(map[goredis.UniversalClient]*line),
		outlets: make(map[goredis.UniversalClient]*outlet),
		workers: make([]chan work, min(runtime.GOMAXPROCS(0), maxWorkers)),
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	for i := range l.workers {
		l.workers[i] = make(chan work, workerQueue)
		l.running.Go(func() { l.deliver(l.workers[i]) }) // ends with l.ctx; close waits
	}
	if _, ok := client.(*goredis.ClusterClient); ok {
		l.running.Go(l.followSlots) // ends with l.ctx; close waits
	}
	return l
}

// close ends all traffic and waits until all is quiet. Twice is fine.
func (l *link) close() {
	l.mu.Lock() // nothing is started from here on
	l.cancel()
	l.mu.Unlock()
	l.running.Wait()
}

// start runs what ends with l.ctx; close waits for it. l.mu is held.
func (l *link) start(run func()) {
	if l.ctx.Err() == nil {
		l.running.Go(run) // ends with l.ctx; close waits
	}
}

// lineFor returns the line that hears a channel. l.mu is held.
func (l *link) lineFor(channel string) *line {
	node := l.node(channel)
	if node == nil {
		if l.limbo == nil {
			l.limbo = &line{link: l, down: true}
		}
		return l.limbo
	}
	found := l.lines[node]
	if found == nil {
		found = newLine(l, node)
		l.lines[node] = found
		l.start(found.run)
	}
	return found
}

// outletFor returns what publishes to a channel, or nil if nobody knows its
// master.
func (l *link) outletFor(channel string) *outlet {
	l.mu.Lock()
	defer l.mu.Unlock()
	node := l.node(channel)
	if node == nil {
		return nil
	}
	found := l.outlets[node]
	if found == nil {
		found = newOutlet(l, node)
		l.outlets[node] = found
		l.start(found.run)
	}
	return found
}

// node returns where a channel is subscribed and published: on a cluster the
// master of its slot, as .NET does, since only there the reply to PUBLISH counts
// all who listen; nil if that is not known. l.mu is held: asking takes no time
// once the client has seen the cluster.
func (l *link) node(channel string) goredis.UniversalClient {
	if _, ok := l.client.(*goredis.ClusterClient); !ok {
		return l.client
	}
	if time.Now().Before(l.unmapped) {
		return nil
	}
	ctx, cancel := context.WithTimeout(l.ctx, l.cfg.timeout)
	defer cancel()
	master, err := masterOf(ctx, l.client, channel)
	if err != nil {
		l.unmapped = time.Now().Add(slotCheck)
		return nil
	}
	return master
}

// slotCheck is how often a cluster is asked whether slots have moved.
const slotCheck = time.Second

// followSlots moves subscriptions after the slots of a cluster.
func (l *link) followSlots() {
	ticker := time.NewTicker(slotCheck)
	defer ticker.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-ticker.C:
		}
		l.mu.Lock()
		for _, s := range l.subs {
			if to := l.lineFor(s.channel); s.line != to && s.wanted() && to != l.limbo {
				s.line.forget(s)
				s.line, s.state, s.changed = to, absent, false
				to.note(s)
			}
		}
		l.mu.Unlock()
	}
}

// healthy reports whether every line that is needed hears, and every outlet works.
func (l *link) healthy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil || len(l.subs) == 0 {
		return false
	}
	needed := make(map[*line]bool, len(l.lines))
	if l.limbo != nil || len(l.lines) > 1 {
		for _, s := range l.subs {
			needed[s.line] = true
		}
	} else {
		for _, only := range l.lines {
			needed[only] = true
		}
	}
	for ln := range needed {
		if !ln.healthy {
			return false
		}
	}
	for _, o := range l.outlets {
		if o.down.Load() {
			return false
		}
	}
	return true
}

func (l *link) channels() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(len(l.subs))
}

// await waits until channels are live. It fails with ErrUnavailable if Redis is
// down or does not answer in time, or with what Redis said against it.
func (l *link) await(ctx context.Context, subs ...*subscription) error {
	answers := make(chan error, len(subs))
	waiting := 0
	for _, s := range subs {
		if s != nil && l.whenLive(s, func(err error) { answers <- err }) {
			waiting++
		}
	}
	if waiting == 0 {
		return nil
	}
	timer := time.NewTimer(l.cfg.timeout)
	defer timer.Stop()
	for range waiting {
		select {
		case err := <-answers:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
			return ErrUnavailable
		case <-l.ctx.Done():
			return ErrUnavailable
		}
	}
	return nil
}

// dispatch hands a message to the worker of its channel, so that a channel keeps
// its order. It blocks while that worker has too much to do; workers wait for
// nobody. It gives up once the link is closed or ctx has ended.
func (l *link) dispatch(ctx context.Context, s *subscription, payload []byte) {
	queue := l.workers[maphash.String(l.seed, s.channel)%uint64(len(l.workers))]
	select {
	case queue <- work{s, payload}:
		return
	default:
	}
	select {
	case queue <- work{s, payload}:
	case <-l.ctx.Done():
	case <-ctx.Done():
	}
}
