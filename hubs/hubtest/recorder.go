package hubtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/protocol"
)

// Recorder holds what a hub under test has sent and which groups it has made.
// Safe for concurrent use.
type Recorder[K any] struct {
	*records
	hubContext *hubs.HubContext[K] // set before start
	close      func() error        // set before start
}

// HubContext is what MapHub would have returned, for code beside the hub that
// sends to its clients; that is recorded too.
func (r *Recorder[K]) HubContext() *hubs.HubContext[K] { return r.hubContext }

// Close ends the caller's connection. Only what [Start] made needs it.
func (r *Recorder[K]) Close() error { return r.close() }

// records is what does not depend on the type of the hub.
type records struct {
	mu      sync.Mutex
	sent    []Sent                         // guarded by mu
	groups  map[string]map[string]struct{} // guarded by mu; ids of the members, by group
	answers map[string]AnswerFunc          // guarded by mu; by client method
}

func newRecords() *records {
	return &records{groups: make(map[string]map[string]struct{}), answers: make(map[string]AnswerFunc)}
}

// AnswerFunc answers for a client that is asked for a result. ctx is the one
// with which the hub asks. An error becomes one from the client, with its text;
// to say that the client is not there, return [hubs.NoConnectionError] or
// [hubs.DisconnectedError].
type AnswerFunc func(ctx context.Context, asked Sent) (any, error)

// Answer sets what clients answer when they are asked for the result of a
// client method. To ask for one without an answer is an error.
func (r *records) Answer(method string, answer AnswerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[method] = answer
}

// Sent returns what was sent so far, in order.
func (r *records) Sent() []Sent {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.sent)
}

// Take returns what was sent since the last Take, in order.
func (r *records) Take() []Sent {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.sent
	r.sent = nil
	return taken
}

// Members returns the ids of the connections that the hub has put into a
// group, sorted. Unlike in production a connection need not exist for that.
func (r *records) Members(group string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.groups[group]))
}

func (r *records) add(s Sent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, s)
}

// manage returns the lifetime manager that records.
func (r *records) manage(env hubs.Env) hubs.LifetimeManager { return manager{r, env} }

// manager is the records as the runtime sees them.
type manager struct {
	*records
	env hubs.Env
}

func (manager) Connect(context.Context, *hubs.Connection) error { return nil }
func (manager) Disconnect(context.Context, *hubs.Connection)    {}

func (m manager) Send(_ context.Context, to hubs.Target, method string, args []any) error {
	if err := m.encodable(method, args); err != nil {
		return err
	}
	m.add(newSent(to, method, args))
	return nil
}

// encodable makes the send fail that would fail in production.
func (m manager) encodable(method string, args []any) error {
	for _, p := range m.env.Protocols {
		if _, err := p.AppendInvocation(nil, "", method, args); err != nil {
			return fmt.Errorf("hubtest: encode the call of client method %q as %s: %w", method, p.Name(), err)
		}
	}
	return nil
}

func (m manager) Invoke(ctx context.Context, connectionID, method string, args []any, decode hubs.ResultDecoder) error {
	if err := m.encodable(method, args); err != nil {
		return err
	}
	asked := newSent(hubs.Target{Kind: hubs.TargetConnections, IDs: []string{connectionID}}, method, args)
	asked.Asked = true
	m.add(asked)
	m.mu.Lock()
	answer := m.answers[method]
	m.mu.Unlock()
	if answer == nil {
		return fmt.Errorf("hubtest: the hub asks for the result of client method %q: say what clients answer with Recorder.Answer", method)
	}
	result, err := answer(ctx, asked)
	switch {
	case ctx.Err() != nil:
		return hubs.CanceledError(context.Cause(ctx))
	case errors.Is(err, hubs.ErrNoConnection), errors.Is(err, hubs.ErrDisconnected):
		return err
	case err != nil:
		return &hubs.Error{Text: err.Error()}
	}
	return m.overTheWire(result, decode)
}

// overTheWire gives decode what it would get from a client.
func (m manager) overTheWire(result any, decode hubs.ResultDecoder) error {
	p := m.env.Protocols[0]
	frame, err := p.AppendResult(nil, "s1", result)
	if err != nil {
		return fmt.Errorf("hubtest: encode the answer %v: %w", result, err)
	}
	var message protocol.Message
	payload, _, ok, err := p.Split(frame)
	if err == nil && ok {
		err = p.Parse(payload, &message)
	}
	if err != nil {
		return fmt.Errorf("hubtest: the answer %v: %w", result, err)
	}
	return decode(p, message.Result)
}

func (m manager) AddToGroup(_ context.Context, connectionID, group string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.groups[group] == nil {
		m.groups[group] = make(map[string]struct{})
	}
	m.groups[group][connectionID] = struct{}{}
	return nil
}

func (m manager) RemoveFromGroup(_ context.Context, connectionID, group string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.groups[group], connectionID)
	return nil
}
