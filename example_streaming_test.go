package signalr_test

import (
	"context"
	"iter"
	"time"

	"github.com/hubwire/signalr/hubs"
)

type Store struct{}

type Feed struct{ hubs.Hub }

// Counter streams to the client. ctx ends when the client cancels or leaves.
func (h *Feed) Counter(ctx context.Context, n int, every time.Duration) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for i := range n {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			if !yield(i, nil) {
				return
			}
		}
	}
}

// Upload reads a stream from the client; err is what the client or the network ended it with.
func (h *Feed) Upload(ctx context.Context, items iter.Seq2[int, error]) (int, error) {
	sum := 0
	for item, err := range items {
		if err != nil {
			return 0, err
		}
		sum += item
	}
	return sum, nil
}

// Buy gets db from signalr.Service(db), not from the client; the text of an
// error made by hubs.Errorf reaches the client, that of any other does not.
func (h *Feed) Buy(ctx context.Context, id int, db *Store) error {
	return hubs.Errorf("order %d is closed", id)
}
