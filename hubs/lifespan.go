package hubs

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// lifespan is the context of a connection or a call. A hub method that never
// looks at its ctx pays nothing for it: the real, cancellable context, which
// costs several allocations and a place in its parent's list, is made by the
// first Done or Value.
type lifespan struct {
	parent context.Context //nolint:containedctx // values, and an end of its own; set before start
	over   atomic.Bool     // set once cause is

	mu     sync.Mutex
	cause  error                   // guarded by mu; nil while it lasts
	real   context.Context         //nolint:containedctx // guarded by mu; nil until it is asked for
	cancel context.CancelCauseFunc // guarded by mu; of real
}

// end ends the lifespan. Only the first cause counts.
func (l *lifespan) end(cause error) {
	l.mu.Lock()
	if l.cause != nil {
		l.mu.Unlock()
		return
	}
	l.cause = cause
	l.over.Store(true)
	cancel := l.cancel
	l.mu.Unlock()
	if cancel != nil {
		cancel(cause)
	}
}

// why returns the cause with which l itself was ended, nil while it lasts.
func (l *lifespan) why() error {
	if !l.over.Load() {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

// whole returns the real context.
func (l *lifespan) whole() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.real == nil {
		l.real, l.cancel = context.WithCancelCause(l.parent)
		if l.cause != nil {
			l.cancel(l.cause)
		}
	}
	return l.real
}

// Deadline implements [context.Context]: there is none.
func (l *lifespan) Deadline() (time.Time, bool) { return l.parent.Deadline() }

// Done implements [context.Context].
func (l *lifespan) Done() <-chan struct{} { return l.whole().Done() }

// Err implements [context.Context].
func (l *lifespan) Err() error {
	if l.over.Load() {
		return context.Canceled
	}
	return l.parent.Err()
}

// Value implements [context.Context]. It asks the real context because the
// context package finds the cause, and the list of children, by a secret key.
func (l *lifespan) Value(key any) any { return l.whole().Value(key) }
