package hubs

import (
	"iter"
	"reflect"
	"sync"

	"github.com/hubwire/signalr/hubs/protocol"
)

// ring is an upload stream that a method reads as an iter.Seq or iter.Seq2. The
// receive loop fills one slice while the method reads the other; it costs one
// wake-up for a batch of items, not one for each.
type ring[T any] struct {
	capacity int
	failing  bool              // the reader sees err: iter.Seq2
	decode   func() (into any) // where the next item is decoded to; receive loop only
	decoded  func() T          // the item that was decoded there; receive loop only
	param    func(*ring[T]) reflect.Value

	mu     sync.Mutex
	in     []T   // guarded by mu; pushed and not taken
	ended  bool  // guarded by mu; nothing more will come
	err    error // guarded by mu; why, nil if the client was through
	reader waker // guarded by mu; the method waits for an item
	writer waker // guarded by mu; the receive loop waits for room

	out []T // the method's goroutine only; taken and not read before at
	at  int // the method's goroutine only
}

// newRing returns a ring whose items are decoded without reflection.
func newRing[T any](capacity int, failing bool) *ring[T] {
	var spare T
	return &ring[T]{
		capacity: capacity,
		failing:  failing,
		decode: func() any {
			var zero T
			spare = zero
			return &spare
		},
		decoded: func() T { return spare },
		param: func(r *ring[T]) reflect.Value {
			if failing {
				return reflect.ValueOf(iter.Seq2[T, error](r.itemsOrError))
			}
			return reflect.ValueOf(iter.Seq[T](r.items))
		},
	}
}

func (r *ring[T]) parameter() reflect.Value { return r.param(r) }

func (r *ring[T]) tells() bool { return r.failing }

func (r *ring[T]) push(c *Connection, raw protocol.Raw) error {
	if err := c.unmarshal(raw, r.decode()); err != nil {
		return err
	}
	for {
		r.mu.Lock()
		if r.ended {
			r.mu.Unlock()
			return nil
		}
		if len(r.in) < r.capacity {
			r.in = append(r.in, r.decoded())
			r.mu.Unlock()
			c.pushed(r)
			return nil
		}
		room := r.writer.wait()
		r.mu.Unlock()
		c.wakeUploads()
		select {
		case <-room:
		case <-c.transport.Context().Done():
			return nil
		}
	}
}

func (r *ring[T]) wake() {
	r.mu.Lock()
	r.reader.wake()
	r.mu.Unlock()
}

func (r *ring[T]) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	r.ended, r.err = true, err
	r.reader.wake()
	r.writer.wake()
}

// take waits for items and takes all there are. It returns false at the end of
// the stream, with its error.
func (r *ring[T]) take() (more bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.in) == 0 {
		if r.ended {
			return false, r.err
		}
		ready := r.reader.wait()
		r.mu.Unlock()
		<-ready // end wakes it too, and every stream is ended
		r.mu.Lock()
	}
	clear(r.out)
	r.in, r.out, r.at = r.out[:0], r.in, 0
	r.writer.wake()
	return true, nil
}

// items is the stream as an [iter.Seq]. A loop that was left may be continued by
// another.
func (r *ring[T]) items(yield func(T) bool) {
	r.itemsOrError(func(item T, err error) bool {
		return err == nil && yield(item)
	})
}

// itemsOrError is the stream as an [iter.Seq2], with an error as the last pair if
// it did not end well.
func (r *ring[T]) itemsOrError(yield func(T, error) bool) {
	for {
		for r.at < len(r.out) {
			item := r.out[r.at]
			r.at++
			if !yield(item, nil) {
				return
			}
		}
		more, err := r.take()
		if more {
			continue
		}
		if err != nil {
			var zero T
			yield(zero, err)
		}
		return
	}
}

// typedUpload returns the opener for streams of T.
func typedUpload[T any](kind streamKind) uploadOpener {
	switch kind {
	case seqStream:
		return func(capacity int) uploadStream { return newRing[T](capacity, false) }
	case seq2Stream:
		return func(capacity int) uploadStream { return newRing[T](capacity, true) }
	default:
		return func(capacity int) uploadStream { return newChanUpload[T](capacity) }
	}
}

// reflectUpload returns the opener for streams of items of any type.
func reflectUpload(param, item reflect.Type, kind streamKind) uploadOpener {
	if kind == chanStream {
		return func(capacity int) uploadStream { return newReflectChanUpload(item, capacity) }
	}
	failing := kind == seq2Stream
	return func(capacity int) uploadStream {
		var spare reflect.Value
		return &ring[reflect.Value]{
			capacity: capacity,
			failing:  failing,
			decode: func() any {
				spare = reflect.New(item)
				return spare.Interface()
			},
			decoded: func() reflect.Value { return spare.Elem() }, //nolint:gocritic // spare changes
			param: func(r *ring[reflect.Value]) reflect.Value {
				return reflectItems(r, param, item)
			},
		}
	}
}

// reflectItems makes a func of type param that yields the items of r.
func reflectItems(r *ring[reflect.Value], param, item reflect.Type) reflect.Value {
	noItem, noError := reflect.Zero(item), reflect.Zero(errorType)
	return reflect.MakeFunc(param, func(args []reflect.Value) []reflect.Value {
		yield := args[0]
		var pair [2]reflect.Value
		r.itemsOrError(func(item reflect.Value, err error) bool {
			if !r.failing {
				return err == nil && yield.Call(append(pair[:0], item))[0].Bool()
			}
			if err != nil {
				return yield.Call(append(pair[:0], noItem, reflect.ValueOf(err)))[0].Bool()
			}
			return yield.Call(append(pair[:0], item, noError))[0].Bool()
		})
		return nil
	})
}
