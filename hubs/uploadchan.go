package hubs

import (
	"reflect"
	"sync"

	"github.com/hubwire/signalr/hubs/protocol"
)

// chanUpload is an upload stream that a method reads as a channel.
type chanUpload struct {
	decode func() (into any)                        // receive loop only
	try    func() bool                              // sends the item that was decoded, if there is room
	send   func(stop, stopToo <-chan struct{}) bool // sends it, or returns false when told to stop
	close  func()
	param  reflect.Value

	done chan struct{} // closed by end

	mu      sync.Mutex
	ended   bool // guarded by mu
	sending bool // guarded by mu; the receive loop uses the channel, and will close it
}

// newChanUpload returns a stream that is sent without reflection.
func newChanUpload[T any](capacity int) *chanUpload {
	var spare T
	items := make(chan T, capacity)
	return &chanUpload{
		done:  make(chan struct{}),
		param: reflect.ValueOf(readOnly(items)),
		close: func() { close(items) },
		decode: func() any {
			var zero T
			spare = zero
			return &spare
		},
		try: func() bool {
			select {
			case items <- spare:
				return true
			default:
				return false
			}
		},
		send: func(stop, stopToo <-chan struct{}) bool {
			select {
			case items <- spare:
				return true
			case <-stop:
				return false
			case <-stopToo:
				return false
			}
		},
	}
}

func readOnly[T any](c chan T) <-chan T { return c }

// newReflectChanUpload is newChanUpload for items of any type.
func newReflectChanUpload(item reflect.Type, capacity int) *chanUpload {
	var spare reflect.Value
	items := reflect.MakeChan(reflect.ChanOf(reflect.BothDir, item), capacity)
	return &chanUpload{
		done:  make(chan struct{}),
		param: items.Convert(reflect.ChanOf(reflect.RecvDir, item)),
		close: items.Close,
		decode: func() any {
			spare = reflect.New(item)
			return spare.Interface()
		},
		try: func() bool { return items.TrySend(spare.Elem()) },
		send: func(stop, stopToo <-chan struct{}) bool {
			chosen, _, _ := reflect.Select([]reflect.SelectCase{
				{Dir: reflect.SelectSend, Chan: items, Send: spare.Elem()},
				{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(stop)},
				{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(stopToo)},
			})
			return chosen == 0
		},
	}
}

func (u *chanUpload) parameter() reflect.Value { return u.param }

func (u *chanUpload) tells() bool { return false }

func (u *chanUpload) wake() {} // the channel does

func (u *chanUpload) push(c *Connection, raw protocol.Raw) error {
	if err := c.unmarshal(raw, u.decode()); err != nil {
		return err
	}
	u.mu.Lock()
	if u.ended {
		u.mu.Unlock()
		return nil
	}
	u.sending = true
	u.mu.Unlock()
	if !u.try() {
		c.wakeUploads()
		u.send(u.done, c.transport.Context().Done())
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sending = false
	if u.ended {
		u.close()
	}
	return nil
}

func (u *chanUpload) end(error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return
	}
	u.ended = true
	close(u.done)
	if !u.sending {
		u.close()
	}
}
