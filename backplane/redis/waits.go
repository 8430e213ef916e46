package redis

import (
	"sync"

	"github.com/hubwire/signalr/hubs/protocol"
)

// waits is what a hub of this node waits for from others. The zero value waits
// for nothing.
type waits struct {
	mu      sync.Mutex
	acks    map[int32]chan struct{} // guarded by mu; by command id
	results map[string]chan outcome // guarded by mu; by invocation id
}

// outcome is the answer to a question.
type outcome struct {
	protocol protocol.Protocol
	result   protocol.Raw
	err      error
}

// expectAck returns a channel that is closed by the ack of a command.
func (w *waits) expectAck(id int32) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.acks == nil {
		w.acks = make(map[int32]chan struct{})
	}
	acked := make(chan struct{})
	w.acks[id] = acked
	return acked
}

func (w *waits) forgetAck(id int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.acks, id)
}

// ack takes an ack; one that nobody waits for is ignored.
func (w *waits) ack(id int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if acked := w.acks[id]; acked != nil {
		close(acked)
		delete(w.acks, id)
	}
}

// expectResult returns a channel that gets the answer to a question.
func (w *waits) expectResult(id string) <-chan outcome {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.results == nil {
		w.results = make(map[string]chan outcome)
	}
	answered := make(chan outcome, 1)
	w.results[id] = answered
	return answered
}

func (w *waits) forgetResult(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.results, id)
}

// result takes an answer; one that nobody waits for is ignored.
func (w *waits) result(id string, o outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if answered := w.results[id]; answered != nil {
		answered <- o
		delete(w.results, id)
	}
}
