package golden

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Difference is what a server does otherwise than the recording.
type Difference struct { //nolint:errname // what it is comes first; that it is an error, second
	File string // of the scenario
	Line int    // in the file
	Step int    // from 1
	Text string // what differs; in diffs, - is expected and + was received
}

// Error names the place and shows the difference.
func (d *Difference) Error() string {
	return fmt.Sprintf("%s:%d: step %d: %s", d.File, d.Line, d.Step, d.Text)
}

// Replay plays s against the server at base (http://HOST:PORT) and compares. The
// first difference ends it and is returned as a [*Difference]; other errors are
// faults of the script. Nothing that it started is left behind: connections are
// broken off, goroutines have ended.
func Replay(ctx context.Context, base string, s *Scenario) error {
	r, err := newRun(ctx, base, s)
	if err != nil {
		return err
	}
	defer r.release()
	return r.play()
}

// run is one scenario under way. It belongs to the goroutine that plays it.
type run struct {
	ctx      context.Context //nolint:containedctx // of the whole run; what it starts ends with it
	cancel   context.CancelFunc
	base     string
	scenario *Scenario
	bindings *Bindings
	streams  map[string]*stream
	started  map[string]*started
	polls    map[string]*poll // by path
	recorder *recorder        // nil: compare
	readers  sync.WaitGroup   // the pumps of the streams
}

func newRun(ctx context.Context, base string, s *Scenario) (*run, error) {
	where, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("replaying %s: %w", s.Name, err)
	}
	bindings, err := newBindings(s.Vars, where.Host)
	if err != nil {
		return nil, fmt.Errorf("replaying %s: %w", s.Name, err)
	}
	r := &run{
		base:     strings.TrimSuffix(base, "/"),
		scenario: s,
		bindings: bindings,
		streams:  make(map[string]*stream),
		started:  make(map[string]*started),
		polls:    make(map[string]*poll),
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	return r, nil
}

// release breaks off what is still open and waits until all is quiet.
func (r *run) release() {
	r.cancel()
	for _, st := range r.streams {
		st.release()
	}
	for _, s := range r.started {
		s.cancel()
		<-s.done
	}
	r.readers.Wait()
}

func (r *run) play() error {
	for i := range r.scenario.Steps {
		step := &r.scenario.Steps[i]
		err := r.step(step)
		if err == nil {
			continue
		}
		if diff, ok := errors.AsType[*Difference](err); ok {
			diff.File, diff.Line, diff.Step = r.scenario.file, step.line, step.number
			return diff
		}
		return fmt.Errorf("%s:%d: step %d: %w", r.scenario.file, step.line, step.number, err)
	}
	return nil
}

// differs makes the difference of a step; play adds where it is.
func differs(format string, args ...any) error {
	return &Difference{Text: fmt.Sprintf(format, args...)}
}

func (r *run) step(step *Step) error {
	switch step.kind {
	case stepPause:
		return wait(r.ctx, time.Duration(step.Pause)*time.Millisecond)
	case stepHTTP:
		return r.exchange(step)
	case stepStart:
		return r.start(step)
	case stepFinish:
		return r.finish(step)
	case stepOpen:
		return r.open(step)
	}
	st := r.streams[step.On]
	if st == nil {
		return fmt.Errorf("there is no stream %q", step.On)
	}
	switch step.kind {
	case stepSend:
		return r.send(st, step)
	case stepMessage:
		return r.expect(st, step)
	case stepSet:
		return r.expectSet(st, step)
	case stepRaw:
		return r.expectRaw(st, step)
	case stepSilence:
		return r.silence(st, step)
	case stepEnds:
		return r.ends(st, step)
	case stepClose:
		return st.writeClose(step.Close)
	case stepDrop:
		st.release()
		return nil
	default:
		return fmt.Errorf("steps of kind %q are not known", step.kind)
	}
}

// wait is the script's own pause; it measures nothing.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
