package contract

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/hubwire/signalr/hubs"
)

func (h *hub) Stream() iter.Seq[string] { return slices.Values([]string{"a", "b", "c"}) }

func (h *hub) StreamCount(ctx context.Context, count, delayMs int32) iter.Seq2[int32, error] {
	return func(yield func(int32, error) bool) {
		for i := range count {
			if err := wait(ctx, delayMs); err != nil || !yield(i, nil) {
				return
			}
		}
	}
}

func (h *hub) EmptyStream() iter.Seq[int32] { return func(func(int32) bool) {} }

func (h *hub) InfiniteStream(ctx context.Context) iter.Seq[string] {
	return func(func(string) bool) {
		defer h.streaming(ctx)()
		<-ctx.Done()
	}
}

func (h *hub) InfiniteCounter(ctx context.Context, delayMs int32) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		defer h.streaming(ctx)()
		for i := int32(0); wait(ctx, delayMs) == nil && yield(i); i++ {
		}
	}
}

// streaming counts a running endless stream; the function it returns ends
// that and tells the caller.
func (h *hub) streaming(ctx context.Context) (done func()) {
	entry, caller := h.life(), h.Clients().Caller()
	entry.update(func(l *life) { l.ActiveStreams++ })
	return func() {
		entry.update(func(l *life) { l.ActiveStreams-- })
		// The stream's own ctx has ended by now, and the caller may be gone.
		_ = caller.Send(context.WithoutCancel(ctx), "StreamCanceled")
	}
}

func (h *hub) StreamThrowException(message string) (iter.Seq[string], error) {
	return nil, errors.New(message)
}

func (h *hub) StreamThrowMidway(count int32, message string) iter.Seq2[int32, error] {
	return countThenFail(count, errors.New(message))
}

func (h *hub) StreamHubExceptionMidway(count int32, message string) iter.Seq2[int32, error] {
	return countThenFail(count, hubs.Errorf("%s", message))
}

func countThenFail(count int32, err error) iter.Seq2[int32, error] {
	return func(yield func(int32, error) bool) {
		for i := range count {
			if !yield(i, nil) {
				return
			}
		}
		yield(0, err)
	}
}

func (h *hub) StreamingConcat(items iter.Seq2[string, error]) (string, error) {
	return join(items, "")
}

func (h *hub) StreamingJoin(separator string, items iter.Seq2[string, error]) (string, error) {
	return join(items, separator)
}

func (h *hub) UploadTwo(words iter.Seq2[string, error], separator string, numbers iter.Seq2[int32, error]) (uploadResult, error) {
	var (
		result   uploadResult
		textErr  error
		sumErr   error
		readBoth sync.WaitGroup
	)
	// Both are read at the same time: a client may fill one before the other.
	readBoth.Go(func() { result.Text, textErr = join(words, separator) })
	readBoth.Go(func() { result.Sum, sumErr = sum(numbers) })
	readBoth.Wait()
	if textErr != nil {
		return uploadResult{}, textErr
	}
	return result, sumErr
}

func (h *hub) StreamEcho(items iter.Seq2[*string, error]) iter.Seq2[*string, error] { return items }

func join(items iter.Seq2[string, error], separator string) (string, error) {
	var parts []string
	for item, err := range items {
		if err != nil {
			return "", err
		}
		parts = append(parts, item)
	}
	return strings.Join(parts, separator), nil
}

func sum(items iter.Seq2[int32, error]) (int32, error) {
	var total int32
	for item, err := range items {
		if err != nil {
			return 0, err
		}
		total += item
	}
	return total, nil
}
