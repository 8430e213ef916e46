package hubs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
)

// call is one invocation of a hub method, from its binding to its answer. It is
// never used twice, since the author's code may keep its ctx and its targets.
type call struct {
	scope
	life    lifespan // the ctx of the method
	method  *method
	name    string // of the method, in texts for the client
	id      string // empty: no answer is wanted
	args    *arguments
	uploads *callUploads // nil without
	event   func()       // what runs in place of a method: an event of the hub

	size      int32 // bytes of its message
	streamIDs int32 // how many upload streams the client announced
	streamed  bool  // the client wants a stream
	detached  bool  // runs without a permit

	hasBegun bool     // the running goroutine only; has called begun
	cleanups []func() // the running goroutine only; of services

	started        bool // guarded by conn.mu; has its permit, or needs none
	listed         bool // guarded by conn.mu; is in conn.active
	permitReturned bool // guarded by conn.mu; before its end
}

// callUploads is the upload streams of a call.
type callUploads struct {
	streams []uploadStream // in the order of the parameters
	ids     []string       // theirs
	broken  error          // guarded by conn.mu; one has failed that cannot tell its reader
}

// refusal is an error whose text is all that the client is told.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// stop ends the ctx of the call and the upload streams it reads.
func (k *call) stop(cause error) {
	k.life.end(cause)
	if k.uploads == nil {
		return
	}
	for _, up := range k.uploads.streams {
		up.end(cause)
	}
}

// fail is stop for an upload stream whose reader cannot be given err: the call
// fails with it.
func (k *call) fail(err error) {
	k.conn.mu.Lock()
	if k.uploads.broken == nil {
		k.uploads.broken = err
	}
	k.conn.mu.Unlock()
	k.stop(err)
}

// run runs a call that has a permit and queues its answer. It reports whether
// there was one.
func (k *call) run() (answered bool) {
	if k.event != nil {
		k.event()
		return false
	}
	var result any
	err := errGoexit
	defer func() {
		if err == errGoexit { //nolint:errorlint // set above, by nobody else: it has not returned
			err = k.crashed(recover())
		}
		k.begun()
		answered = k.complete(result, err)
		k.cleanUp()
		k.life.end(ErrCallEnded)
	}()
	result, err = k.invoke()
	err = sound(err)
	return answered
}

// crashed makes an error of a panic, or of a goroutine that was ended by
// runtime.Goexit. What the method holds of the arguments is not used again.
func (k *call) crashed(p any) error {
	k.args = nil
	if p == nil {
		return errGoexit
	}
	return k.conn.rt.panicked("a hub method", k.conn, k.method.name, p)
}

// invoke is the pipeline of hub-runtime.md, section 10, from the hub value to
// the method.
func (k *call) invoke() (any, error) {
	hub, err := k.conn.rt.makeHub(&k.scope)
	if err != nil {
		return nil, err
	}
	m := k.method
	switch {
	case len(m.policies) > 0 && !k.allowed():
		return nil, &refusal{fmt.Sprintf(textUnauthorized, k.name)}
	case m.stream && !k.streamed:
		return nil, &refusal{fmt.Sprintf(textStreamAsPlain, k.name)}
	case !m.stream && k.streamed:
		return nil, &refusal{fmt.Sprintf(textPlainAsStream, k.name)}
	case int(k.streamIDs) != m.streams:
		return nil, &Error{Text: fmt.Sprintf(textStreamCount, k.streamIDs, m.streams)}
	case k.listed && !k.streamed && k.collides():
		return nil, &refusal{fmt.Sprintf(textIDInUse, k.id)}
	}
	if len(m.services) > 0 {
		if err := k.provide(); err != nil {
			return nil, err
		}
	}
	k.begun()
	if len(k.conn.rt.cfg.Filters) > 0 {
		return k.throughFilters(hub)
	}
	return m.call(hub, &k.life, k.args)
}

// allowed asks the policies of the method. One that panics refuses.
func (k *call) allowed() (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			_ = k.conn.rt.panicked("a policy", k.conn, k.method.name, p)
			ok = false
		}
	}()
	inv := &InvocationContext{Context: k.context(), Method: k.method.name}
	for _, cell := range k.args.wire {
		inv.Arguments = append(inv.Arguments, reflect.ValueOf(cell).Elem().Interface())
	}
	for _, policy := range k.method.policies {
		err := policy(&k.life, inv)
		if err == nil {
			continue
		}
		if log := k.conn.rt.log; log.Enabled(&k.life, slog.LevelDebug) {
			log.LogAttrs(&k.life, slog.LevelDebug, "call refused by a policy",
				slog.String("connection_id", k.conn.ID()), slog.String("method", k.method.name), slog.Any("error", err))
		}
		return false
	}
	return true
}

// collides reports whether another running call has the id of this one.
func (k *call) collides() bool {
	k.conn.mu.Lock()
	defer k.conn.mu.Unlock()
	for _, other := range k.conn.active {
		if other != k && other.started && other.id == k.id {
			return true
		}
	}
	return false
}

// provide fills the parameters that are services.
func (k *call) provide() error {
	m := k.method
	values := make([]reflect.Value, len(m.services))
	for i := range m.services {
		value, cleanup, err := m.services[i].get(&k.life)
		if cleanup != nil {
			k.cleanups = append(k.cleanups, cleanup)
		}
		if err != nil {
			return fmt.Errorf("service %v: %w", m.services[i].typ, err)
		}
		values[i] = value
	}
	for i := range m.params {
		p := &m.params[i]
		if p.from != fromService {
			continue
		}
		value := values[p.service]
		if p.injected != nil {
			value = p.injected.wrap(value)
		}
		m.cell(k.args, i).Set(value)
	}
	return nil
}

// cleanUp gives back what the call has used.
func (k *call) cleanUp() {
	for _, cleanup := range slices.Backward(k.cleanups) {
		_ = k.conn.guard("a service's cleanup", func() error {
			cleanup()
			return nil
		})
	}
	// A filter may have kept what it got, and call on later than it should.
	if k.args != nil && len(k.conn.rt.cfg.Filters) == 0 {
		k.method.release(k.args)
	}
	k.args = nil
}

// throughFilters calls the filters, and in their midst the method.
func (k *call) throughFilters(hub instance) (any, error) {
	m := k.method
	inv := &InvocationContext{Context: k.context(), Hub: hub, Method: m.name}
	inv.Arguments = make([]any, len(m.params))
	for i := range m.params {
		inv.Arguments[i] = m.cell(k.args, i).Interface()
	}
	return k.filtered(&k.life, k.conn.rt.cfg.Filters, hub, inv)
}

func (k *call) filtered(ctx context.Context, filters []Filter, hub instance, inv *InvocationContext) (any, error) {
	for i := range filters {
		if filters[i].Invoke != nil {
			return filters[i].Invoke(ctx, inv, func(ctx context.Context, inv *InvocationContext) (any, error) {
				return k.filtered(ctx, filters[i+1:], hub, inv)
			})
		}
	}
	m := k.method
	if len(inv.Arguments) != len(m.params) {
		return nil, fmt.Errorf("hubs: filters left %d arguments for %s, which has %d", len(inv.Arguments), m.goName, len(m.params))
	}
	for i, argument := range inv.Arguments {
		cell := m.cell(k.args, i)
		value := reflect.ValueOf(argument)
		switch {
		case !value.IsValid():
			cell.SetZero()
		case !value.Type().AssignableTo(cell.Type()):
			return nil, fmt.Errorf("hubs: filters left a %T as argument %d of %s, which is a %v", argument, i, m.goName, cell.Type())
		default:
			cell.Set(value)
		}
	}
	return m.call(hub, ctx, k.args)
}

// complete queues the answer of a plain call and reports whether there is one.
func (k *call) complete(result any, err error) bool {
	c := k.conn
	if k.method.takesCtx && k.id != "" {
		c.mu.Lock()
		c.delist(k)
		c.mu.Unlock()
	}
	if err != nil {
		k.report(err)
	}
	if k.id == "" || c.closing.Load() {
		return false
	}
	if err == nil {
		err = k.deliverResult(result)
	}
	if err != nil {
		c.deliverError(k.id, k.errorText(textMethodFailed, err))
	}
	return true
}

// deliverResult queues the completion with the result. It fails if the result
// cannot be encoded.
func (k *call) deliverResult(result any) (err error) {
	buf := takeFrame()
	frame, err := k.encode(*buf, result)
	if err != nil {
		giveFrame(buf, *buf)
		err = fmt.Errorf("encode the result: %w", err)
		k.report(err)
		return err
	}
	k.conn.deliver(frame)
	giveFrame(buf, frame)
	return nil
}

// encode encodes the completion. A type's own encoder is the author's code.
func (k *call) encode(buf []byte, result any) (frame []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = k.conn.rt.panicked("an encoder", k.conn, k.method.name, p)
		}
	}()
	return k.conn.wire.AppendResult(buf[:0], k.id, result)
}

// errorText is what the client is told of err.
func (k *call) errorText(format string, err error) string {
	if r := (*refusal)(nil); errors.As(err, &r) {
		return r.text
	}
	base := format
	if format != textStreamFailed {
		base = fmt.Sprintf(format, k.name)
	}
	return withDetail(base, err, k.conn.rt.cfg.EnableDetailedErrors)
}

// report logs the error of a call. Errors for the client, and those of calls
// that were told to stop, are the application's daily life.
func (k *call) report(err error) {
	level := slog.LevelWarn
	var hub *Error
	var refused *refusal
	var crash *panicError
	switch {
	case errors.As(err, &crash):
		return // logged with its stack
	case errors.As(err, &hub), errors.As(err, &refused), k.life.Err() != nil:
		level = slog.LevelDebug
	}
	if log := k.conn.rt.log; log.Enabled(&k.life, level) {
		log.LogAttrs(&k.life, level, "hub method failed",
			slog.String("connection_id", k.conn.ID()), slog.String("method", k.method.name), slog.Any("error", err))
	}
}
