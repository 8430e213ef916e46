package hubs

import (
	"reflect"
	"slices"
	"time"

	"github.com/hubwire/signalr/hubs/protocol"
)

// uploadStream is a stream that a client sends to a hub method.
type uploadStream interface {
	// parameter is what the method gets.
	parameter() reflect.Value

	// push decodes an item and adds it, waiting for room. It fails if the item
	// does not bind. It is called by the receive loop only.
	push(c *Connection, raw protocol.Raw) error

	// wake lets the method see what was pushed.
	wake()

	// end ends the stream once its items have been read, with err if the method
	// can be told. Only the first end counts. Safe for concurrent use.
	end(err error)

	// tells reports whether the method is told the err of end.
	tells() bool
}

// openUploads makes the upload streams of a call, in the order of its
// parameters.
func (k *call) openUploads(ids []string) {
	k.uploads = &callUploads{ids: slices.Clone(ids)}
	capacity := k.conn.rt.cfg.StreamBufferCapacity
	for i := range k.method.params {
		if p := &k.method.params[i]; p.from == fromUpload {
			up := p.open(capacity)
			k.uploads.streams = append(k.uploads.streams, up)
			k.method.cell(k.args, i).Set(up.parameter())
		}
	}
}

// dispatchItem adds an item to its upload stream. Those of unknown streams are
// dropped: the method may have ended already.
func (c *Connection) dispatchItem(m *protocol.Message) bool {
	c.mu.Lock()
	up := c.uploads[m.InvocationID].stream
	c.mu.Unlock()
	if up == nil {
		return true
	}
	if err := up.push(c, m.Item); err != nil {
		text := withDetail(textItemUnbound, bindError(err), c.rt.cfg.EnableDetailedErrors)
		c.endUpload(m.InvocationID, &Error{Text: text, Err: err})
	}
	return true
}

// upload is an upload stream and the call that reads it.
type upload struct {
	stream uploadStream
	call   *call
}

// endUpload ends the upload stream of that id, if there is one, and reports
// whether there is.
func (c *Connection) endUpload(id string, err error) bool {
	c.mu.Lock()
	up, ok := c.uploads[id]
	delete(c.uploads, id)
	c.mu.Unlock()
	switch {
	case !ok:
	case err != nil && !up.stream.tells():
		up.call.fail(err)
	default:
		up.stream.end(err)
	}
	return ok
}

// failUploads ends all upload streams, because the connection has ended.
func (c *Connection) failUploads(err error) {
	c.mu.Lock()
	uploads := c.uploads
	c.uploads = nil
	c.mu.Unlock()
	for _, up := range uploads {
		up.stream.end(err)
	}
}

// pushed remembers that the reader of up has to be woken. It is not done for
// each item: those that came together are read together.
func (c *Connection) pushed(up uploadStream) {
	if !slices.Contains(c.dirty, up) {
		c.dirty = append(c.dirty, up)
	}
}

// wakeUploads wakes the readers of the streams that have new items. The receive
// loop calls it when it has handled what it was given, and before it waits.
func (c *Connection) wakeUploads() {
	for i, up := range c.dirty {
		up.wake()
		c.dirty[i] = nil
	}
	c.dirty = c.dirty[:0]
}

// uploadOpener makes an upload stream that keeps up to capacity unread items.
type uploadOpener func(capacity int) uploadStream

// uploadOpeners are those of the item types that need no reflection for each
// item, by kind.
var uploadOpeners = map[reflect.Type]func(streamKind) uploadOpener{
	reflect.TypeFor[any]():            typedUpload[any],
	reflect.TypeFor[bool]():           typedUpload[bool],
	reflect.TypeFor[string]():         typedUpload[string],
	reflect.TypeFor[[]byte]():         typedUpload[[]byte],
	reflect.TypeFor[int]():            typedUpload[int],
	reflect.TypeFor[int8]():           typedUpload[int8],
	reflect.TypeFor[int16]():          typedUpload[int16],
	reflect.TypeFor[int32]():          typedUpload[int32],
	reflect.TypeFor[int64]():          typedUpload[int64],
	reflect.TypeFor[uint]():           typedUpload[uint],
	reflect.TypeFor[uint8]():          typedUpload[uint8],
	reflect.TypeFor[uint16]():         typedUpload[uint16],
	reflect.TypeFor[uint32]():         typedUpload[uint32],
	reflect.TypeFor[uint64]():         typedUpload[uint64],
	reflect.TypeFor[float32]():        typedUpload[float32],
	reflect.TypeFor[float64]():        typedUpload[float64],
	reflect.TypeFor[time.Time]():      typedUpload[time.Time],
	reflect.TypeFor[[]int]():          typedUpload[[]int],
	reflect.TypeFor[[]float64]():      typedUpload[[]float64],
	reflect.TypeFor[[]string]():       typedUpload[[]string],
	reflect.TypeFor[map[string]any](): typedUpload[map[string]any],
}

// uploadOpenerFor returns the opener for parameters of type param, a stream of
// items of type item.
func uploadOpenerFor(param, item reflect.Type, kind streamKind) uploadOpener {
	if typed, ok := uploadOpeners[item]; ok {
		return typed(kind)
	}
	return reflectUpload(param, item, kind)
}

// waker is a goroutine that waits, or does not. It is guarded by the lock of what
// it waits for.
type waker struct {
	waits bool
	c     chan struct{} // holds one token; made by the first wait
}

// wait says that somebody is about to receive from the channel returned.
func (w *waker) wait() <-chan struct{} {
	if w.c == nil {
		w.c = make(chan struct{}, 1)
	}
	w.waits = true
	return w.c
}

// wake lets whoever waits look again.
func (w *waker) wake() {
	if !w.waits {
		return
	}
	w.waits = false
	select {
	case w.c <- struct{}{}:
	default: // an earlier token lies there still, and does as well
	}
}
