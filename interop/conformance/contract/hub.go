package contract

import (
	"context"
	"sync"

	"github.com/hubwire/signalr/hubs"
)

// hub has every method of the contract; each path is a hub of its own that
// differs in its options only. Its methods are in the files beside this one, a
// file for each table of the contract.
type hub struct {
	hubs.Hub

	path string // as /lifecycle reports it
	book *lifeBook
}

// OnConnected notes the event and greets a client that asks for it.
func (h *hub) OnConnected(ctx context.Context) error {
	h.life().update(func(l *life) { l.Connected++ })
	if greet, ok := h.query("greet"); ok && greet != "" {
		return h.Clients().Caller().Send(ctx, "Welcome", greet)
	}
	return nil
}

// OnDisconnected notes the event and its error.
func (h *hub) OnDisconnected(_ context.Context, err error) error {
	h.life().update(func(l *life) {
		l.Disconnected++
		if err != nil {
			text := err.Error()
			l.Error = &text
		}
	})
	return nil
}

func (h *hub) life() *lifeEntry { return h.book.entry(h.Context().ConnectionID(), h.path) }

// record is what Record keeps of one connection.
type record struct {
	mu      sync.Mutex
	count   int32 // guarded by mu
	inOrder bool  // guarded by mu
}

func (h *hub) recorded() *record {
	r, _ := h.Context().Items().LoadOrStore("record", &record{inOrder: true})
	return r.(*record) //nolint:forcetypeassert // nothing else is stored under this key
}

// counter is what Increment keeps of one connection.
type counter struct {
	mu sync.Mutex
	n  int32 // guarded by mu
}
