package hubs

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// detach starts a call that needs no permit: one that wants a stream, or has
// upload streams. It returns when the method is about to be called, so that
// whatever follows on the wire comes after it; false if the connection ended.
func (c *Connection) detach(k *call, streamIDs []string) bool {
	k.detached = true
	if !c.wait(c.allBegun) {
		return false
	}
	if k.method.streams > 0 && len(streamIDs) == k.method.streams {
		k.openUploads(streamIDs)
	}
	c.mu.Lock()
	if c.ending != nil {
		c.mu.Unlock()
		return false
	}
	err := c.admit(k)
	if err == nil {
		c.enlist(k)
		c.start()
		c.streams++
	}
	c.mu.Unlock()
	if err != nil {
		k.method.release(k.args)
		k.report(err)
		if k.id != "" {
			c.deliverError(k.id, k.errorText(textMethodFailed, err))
			c.transport.Wake()
		}
		return true
	}
	// Ends with the call, whose ctx ends with the connection; Shutdown waits for it.
	go k.runDetached()
	return c.wait(func() bool { return k.started })
}

// admit decides whether a detached call may run, and if so registers its upload
// streams. c.mu is held.
func (c *Connection) admit(k *call) error {
	if c.streams >= c.rt.cfg.MaximumStreamsPerClient {
		return &Error{Text: fmt.Sprintf(textTooManyStreams, c.streams)}
	}
	if k.streamed && c.activeCall(k.id) != nil {
		return &refusal{fmt.Sprintf(textIDInUse, k.id)}
	}
	if k.uploads == nil {
		return nil
	}
	for i, id := range k.uploads.ids {
		if _, taken := c.uploads[id]; taken || slices.Contains(k.uploads.ids[:i], id) {
			return &Error{Text: fmt.Sprintf(textStreamInUse, id)}
		}
	}
	if c.uploads == nil {
		c.uploads = make(map[string]upload)
	}
	for i, id := range k.uploads.ids {
		c.uploads[id] = upload{stream: k.uploads.streams[i], call: k}
	}
	return nil
}

// runDetached runs a call without a permit to its answer. Other than a plain
// call it gives back all it holds before it answers (hub-runtime.md, section 10).
func (k *call) runDetached() {
	c := k.conn
	defer c.done()
	format := textMethodFailed
	var result any
	err := errGoexit
	defer func() {
		if err == errGoexit { //nolint:errorlint // set here, by nobody else: it has not returned
			err = k.crashed(recover())
		}
		k.begun()
		k.conclude(format, result, err)
	}()
	result, err = k.invoke()
	err = sound(err)
	if err != nil || !k.streamed {
		return
	}
	pump := k.method.open(result)
	if pump == nil {
		err = &refusal{fmt.Sprintf(textNoStream, k.method.goName)}
		return
	}
	format, result, err = textStreamFailed, nil, errGoexit
	err = sound(pump(k))
}

// conclude ends a detached call: its streams, its services, its ctx, its id, and
// then its answer.
func (k *call) conclude(format string, result any, err error) {
	c := k.conn
	canceled := k.streamed && k.stoppedBy(err)
	c.mu.Lock()
	if k.uploads != nil {
		for _, id := range k.uploads.ids {
			if c.uploads[id].call == k {
				delete(c.uploads, id)
			}
		}
		if k.uploads.broken != nil {
			err, canceled = k.uploads.broken, false
		}
	}
	c.delist(k)
	c.streams--
	c.mu.Unlock()
	k.cleanUp()
	k.stop(ErrCallEnded)
	if err != nil && !canceled {
		k.report(err)
	}
	if k.id == "" || c.closing.Load() {
		return
	}
	switch {
	case canceled || err == nil && k.streamed:
		buf := takeFrame()
		frame := c.wire.AppendEnd((*buf)[:0], k.id)
		c.deliver(frame)
		giveFrame(buf, frame)
	case err == nil:
		if err = k.deliverResult(result); err != nil {
			c.deliverError(k.id, k.errorText(format, err))
		}
	default:
		c.deliverError(k.id, k.errorText(format, err))
	}
	c.transport.Flush()
}

// stoppedBy reports whether err is nothing but the consequence of the ctx of
// the call having ended.
func (k *call) stoppedBy(err error) bool {
	why := k.life.why()
	if why == nil {
		return false
	}
	return err == nil || errors.Is(err, context.Canceled) || errors.Is(err, why)
}
