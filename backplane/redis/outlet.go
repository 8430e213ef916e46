package redis

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// outlet sends commands to one node of Redis: many as one pipeline, one pipeline
// at a time, so that what is published keeps its order.
type outlet struct {
	link  *link
	node  goredis.UniversalClient
	queue chan *request
	down  atomic.Bool // Redis does not answer; nothing is queued until it does

	suspected chan struct{} // somebody else than run has set down
}

const (
	outletQueue = 1024 // requests
	maxPipeline = 256  // commands
)

// request is a command and who waits for it.
type request struct {
	cmd  goredis.Cmder
	done chan struct{} // closed when cmd has its result

	// state is the outlet's once it has taken the request, and the waiter's if
	// that has given up first. Then the command is not sent.
	state atomic.Uint32
}

const (
	requestWaits uint32 = iota
	requestTaken
	requestDropped
)

// published is a PUBLISH that is never sent twice: the client's own retry could
// double a message whose reply was lost.
type published struct{ *goredis.IntCmd }

// NoRetry keeps the client from sending the command again.
func (published) NoRetry() bool { return true }

// pinged is a PING that is not retried either: to ask again is the outlet's.
type pinged struct{ *goredis.StatusCmd }

// NoRetry keeps the client from sending the command again.
func (pinged) NoRetry() bool { return true }

func newOutlet(l *link, node goredis.UniversalClient) *outlet {
	return &outlet{
		link: l, node: node,
		queue:     make(chan *request, outletQueue),
		suspected: make(chan struct{}, 1),
	}
}

// run sends what is queued, for as long as the link lives.
func (o *outlet) run() {
	requests := make([]*request, 0, maxPipeline)
	for {
		select {
		case <-o.link.ctx.Done():
			return // who waits looks at the same ctx
		case <-o.suspected:
			requests = requests[:0]
		case r := <-o.queue:
			requests = o.collect(append(requests[:0], r))
		}
		if !o.send(requests) {
			o.recover()
		}
		clear(requests)
	}
}

// collect takes what else is queued and still wanted.
func (o *outlet) collect(requests []*request) []*request {
	if !requests[0].state.CompareAndSwap(requestWaits, requestTaken) {
		requests = requests[:0]
	}
	for len(requests) < maxPipeline {
		select {
		case r := <-o.queue:
			if r.state.CompareAndSwap(requestWaits, requestTaken) {
				requests = append(requests, r)
			}
		default:
			return requests
		}
	}
	return requests
}

// send sends requests and answers who waits. It reports whether Redis is there.
func (o *outlet) send(requests []*request) bool {
	ctx := o.link.ctx
	switch len(requests) {
	case 0:
		return !o.down.Load() // nobody waited for them any more: that is suspect
	case 1:
		_ = o.node.Process(ctx, requests[0].cmd) // the error is the command's
	default:
		pipe := o.node.Pipeline()
		for _, r := range requests {
			_ = pipe.Process(ctx, r.cmd) // queues it
		}
		_, _ = pipe.Exec(ctx) // the errors are the commands'
	}
	there := true
	for _, r := range requests {
		if lost(r.cmd.Err()) {
			there = false
		}
	}
	o.down.Store(!there)
	for _, r := range requests {
		close(r.done)
	}
	return there
}

// lost reports whether an error says that Redis did not answer, and not that it
// answered with an error.
func lost(err error) bool {
	var answer goredis.Error
	return err != nil && !errors.As(err, &answer)
}

// The pauses between the questions whether Redis is back.
const (
	probeFirst = 25 * time.Millisecond
	probeMost  = 250 * time.Millisecond
)

// suspect notes that Redis did not answer in time. run finds out whether it does.
func (o *outlet) suspect() {
	o.down.Store(true)
	select {
	case o.suspected <- struct{}{}:
	default: // it will look anyway
	}
}

// recover waits until Redis is back. What was queued meanwhile fails.
func (o *outlet) recover() {
	ctx := o.link.ctx
	o.down.Store(true)
	for pause := probeFirst; ; pause = min(2*pause, probeMost) {
		o.refuse()
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		ping := pinged{goredis.NewStatusCmd(ctx, "ping")}
		_ = o.node.Process(ctx, ping)
		if !lost(ping.Err()) {
			o.down.Store(false)
			return
		}
	}
}

// refuse answers what is queued with ErrUnavailable.
func (o *outlet) refuse() {
	for {
		select {
		case r := <-o.queue:
			if r.state.CompareAndSwap(requestWaits, requestTaken) {
				r.cmd.SetErr(ErrUnavailable)
				close(r.done)
			}
		default:
			return
		}
	}
}

// begin queues a command. It waits for room as long as finish would.
func (o *outlet) begin(ctx context.Context, cmd goredis.Cmder) (*request, error) {
	if o == nil || o.down.Load() {
		return nil, ErrUnavailable
	}
	r := &request{cmd: cmd, done: make(chan struct{})}
	select {
	case o.queue <- r:
		return r, nil
	default:
	}
	timer := time.NewTimer(o.link.cfg.timeout)
	defer timer.Stop()
	select {
	case o.queue <- r:
		return r, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-o.link.ctx.Done():
	case <-timer.C:
		o.suspect()
	}
	return nil, ErrUnavailable
}

// finish waits for the result of a command. sent reports whether Redis may have
// got it.
func (o *outlet) finish(ctx context.Context, r *request, timer *time.Timer) (sent bool, err error) {
	select {
	case <-r.done:
		err = r.cmd.Err()
		if errors.Is(err, ErrUnavailable) {
			return false, err
		}
		if lost(err) {
			return true, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return true, err
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-o.link.ctx.Done():
		err = ErrUnavailable
	case <-timer.C:
		o.suspect()
		timer.Reset(0) // for who is next
		err = ErrUnavailable
	}
	return !r.state.CompareAndSwap(requestWaits, requestDropped), err
}

// do is begin and finish.
func (o *outlet) do(ctx context.Context, cmd goredis.Cmder) error {
	r, err := o.begin(ctx, cmd)
	if err != nil {
		return err
	}
	timer := time.NewTimer(o.link.cfg.timeout)
	defer timer.Stop()
	_, err = o.finish(ctx, r, timer)
	return err
}

// post queues a PUBLISH nobody waits for. It is dropped if there is no room:
// who waits for it at the other end has a clock.
func (l *link) post(channel string, payload []byte) {
	o := l.outletFor(channel)
	if o == nil || o.down.Load() {
		l.counts.publishFailures.Add(1)
		return
	}
	r := &request{cmd: newPublish(l.ctx, channel, payload), done: make(chan struct{})}
	select {
	case o.queue <- r:
		l.counts.published.Add(1)
	default:
		l.counts.publishFailures.Add(1)
	}
}

func newPublish(ctx context.Context, channel string, payload []byte) published {
	return published{goredis.NewIntCmd(ctx, "publish", channel, payload)}
}
