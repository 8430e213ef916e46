package hubs

import (
	"fmt"
	"iter"
	"reflect"
	"time"
)

// pump pulls the items of a stream one at a time and sends them, until the
// stream or its call ends.
type pump func(k *call) error

// opener makes a pump of the result of a streaming method; nil if that is nil
// or no stream.
type opener func(result any) pump

// openers are those of the item types that need no reflection for each item.
var openers = map[reflect.Type]opener{
	reflect.TypeFor[any]():            openStream[any],
	reflect.TypeFor[bool]():           openStream[bool],
	reflect.TypeFor[string]():         openStream[string],
	reflect.TypeFor[[]byte]():         openStream[[]byte],
	reflect.TypeFor[int]():            openStream[int],
	reflect.TypeFor[int8]():           openStream[int8],
	reflect.TypeFor[int16]():          openStream[int16],
	reflect.TypeFor[int32]():          openStream[int32],
	reflect.TypeFor[int64]():          openStream[int64],
	reflect.TypeFor[uint]():           openStream[uint],
	reflect.TypeFor[uint8]():          openStream[uint8],
	reflect.TypeFor[uint16]():         openStream[uint16],
	reflect.TypeFor[uint32]():         openStream[uint32],
	reflect.TypeFor[uint64]():         openStream[uint64],
	reflect.TypeFor[float32]():        openStream[float32],
	reflect.TypeFor[float64]():        openStream[float64],
	reflect.TypeFor[time.Time]():      openStream[time.Time],
	reflect.TypeFor[[]int]():          openStream[[]int],
	reflect.TypeFor[[]float64]():      openStream[[]float64],
	reflect.TypeFor[[]string]():       openStream[[]string],
	reflect.TypeFor[map[string]any](): openStream[map[string]any],
}

// openerFor returns the opener for streams of items of a type.
func openerFor(item reflect.Type) opener {
	if open, ok := openers[item]; ok {
		return open
	}
	return openByReflection
}

func openStream[T any](result any) pump {
	switch s := result.(type) {
	case iter.Seq[T]:
		if s != nil {
			return func(k *call) error { return pumpSeq(k, s) }
		}
	case iter.Seq2[T, error]:
		if s != nil {
			return func(k *call) error { return pumpSeq2(k, s) }
		}
	case <-chan T:
		if s != nil {
			return func(k *call) error { return pumpChan(k, s) }
		}
	default:
		return openByReflection(result) // a filter has changed it
	}
	return nil
}

func pumpSeq[T any](k *call, items iter.Seq[T]) error {
	out := k.newItems()
	defer out.close()
	for item := range items {
		if err := out.send(item); err != nil || k.life.Err() != nil {
			return err
		}
	}
	return nil
}

func pumpSeq2[T any](k *call, items iter.Seq2[T, error]) error {
	out := k.newItems()
	defer out.close()
	for item, err := range items {
		if err != nil {
			return err
		}
		if err := out.send(item); err != nil || k.life.Err() != nil {
			return err
		}
	}
	return nil
}

func pumpChan[T any](k *call, items <-chan T) error {
	out := k.newItems()
	defer out.close()
	for {
		var item T
		var more bool
		select {
		case item, more = <-items: // without looking at ctx, which costs more than an item
		default:
			select {
			case item, more = <-items:
			case <-k.life.Done():
				return nil
			}
		}
		if !more {
			return nil
		}
		if err := out.send(item); err != nil || k.life.Err() != nil {
			return err
		}
	}
}

// openByReflection is the opener for items of every type.
func openByReflection(result any) pump {
	stream := reflect.ValueOf(result)
	if !stream.IsValid() {
		return nil
	}
	_, kind, ok := streaming(stream.Type())
	if !ok || stream.IsNil() {
		return nil
	}
	switch kind {
	case seqStream:
		return func(k *call) error { return pumpSeq(k, anyItems(stream)) }
	case seq2Stream:
		return func(k *call) error { return pumpSeq2(k, anyItemsOrErrors(stream)) }
	default:
		return func(k *call) error { return pumpReflectChan(k, stream) }
	}
}

func anyItems(stream reflect.Value) iter.Seq[any] {
	return func(yield func(any) bool) {
		for item := range stream.Seq() {
			if !yield(item.Interface()) {
				return
			}
		}
	}
}

func anyItemsOrErrors(stream reflect.Value) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for item, failure := range stream.Seq2() {
			err, _ := reflect.TypeAssert[error](failure)
			if !yield(item.Interface(), err) {
				return
			}
		}
	}
}

func pumpReflectChan(k *call, items reflect.Value) error {
	out := k.newItems()
	defer out.close()
	cases := []reflect.SelectCase{
		{Dir: reflect.SelectRecv, Chan: items},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(k.life.Done())},
	}
	for {
		chosen, item, more := reflect.Select(cases)
		if chosen == 1 || !more {
			return nil
		}
		if err := out.send(item.Interface()); err != nil || k.life.Err() != nil {
			return err
		}
	}
}

// itemWriter sends the items of one stream.
type itemWriter struct {
	k     *call
	buf   *[]byte
	frame []byte
}

func (k *call) newItems() itemWriter {
	buf := takeFrame()
	return itemWriter{k: k, buf: buf, frame: *buf}
}

func (w *itemWriter) close() { giveFrame(w.buf, w.frame) }

// send queues an item, and waits for room if there is none: that is what holds
// back a stream whose client is slow. An item that cannot be encoded is an error.
func (w *itemWriter) send(item any) error {
	c := w.k.conn
	frame, err := w.encode(item)
	if err != nil {
		return fmt.Errorf("encode an item: %w", err)
	}
	w.frame = frame
	if !c.TryQueue(frame) {
		c.transport.Wake()
		_ = c.Queue(&w.k.life, frame) // an error means that the call has ended, as its ctx says
	}
	c.transport.Wake()
	return nil
}

// encode encodes an item. A type's own encoder is the author's code.
func (w *itemWriter) encode(item any) (frame []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = w.k.conn.rt.panicked("an encoder", w.k.conn, w.k.method.name, p)
		}
	}()
	return w.k.conn.wire.AppendStreamItem(w.frame[:0], w.k.id, item)
}
