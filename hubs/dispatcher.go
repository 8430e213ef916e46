package hubs

import (
	"errors"
	"fmt"
	"log/slog"
	"math"

	"github.com/hubwire/signalr/hubs/protocol"
)

// dispatch handles one message of the client, see the table in hub-runtime.md,
// section 6. It returns false when nothing more is to be read.
func (c *Connection) dispatch(m *protocol.Message, size int) bool {
	switch m.Type {
	case protocol.Invocation, protocol.StreamInvocation:
		return c.dispatchCall(m, size)
	case protocol.StreamItem:
		return c.dispatchItem(m)
	case protocol.Completion:
		return c.dispatchCompletion(m)
	case protocol.CancelInvocation:
		c.cancel(m.InvocationID)
	case protocol.Ping:
		c.pinged.Store(true)
	case protocol.Close:
		c.dispatchClose(m)
		return false
	case protocol.Ack, protocol.Sequence:
		// They belong to stateful reconnect, and are ignored without it.
	default:
		// .NET stops reading here, which nobody can want (measured.md).
		if c.rt.log.Enabled(&c.life, slog.LevelDebug) {
			c.logger().LogAttrs(&c.life, slog.LevelDebug, "message of unknown type skipped", slog.Int("type", int(m.Type)))
		}
	}
	return true
}

// dispatchCall binds a call and starts it, or puts it in the queue for a permit.
// What cannot be bound is answered at once.
func (c *Connection) dispatchCall(m *protocol.Message, size int) bool {
	plan := c.rt.methods.find(m.Target)
	if plan == nil {
		c.refuseCall(m, string(m.Target), &Error{Text: textNoMethod})
		return true
	}
	k := &call{method: plan, id: m.InvocationID, name: plan.name, size: clamped(size)}
	k.streamed = m.Type == protocol.StreamInvocation
	if k.streamed && c.wire.TransferFormat() == protocol.Binary && string(m.Target) != plan.name {
		k.name = string(m.Target) // as .NET's MessagePack does in texts
	}
	k.args = plan.newArguments()
	if err := c.bindArguments(plan, m, k.args); err != nil {
		plan.release(k.args)
		c.refuseCall(m, k.name, err)
		return true
	}
	k.scope = scope{conn: c, call: k}
	k.clients = CallerClients{clientTargets: c.rt.clients, s: &k.scope}
	k.life.parent = &c.life
	k.streamIDs = clamped(len(m.StreamIDs))
	if k.streamed || plan.streams > 0 {
		return c.detach(k, m.StreamIDs)
	}
	return c.enqueue(k)
}

// clamped keeps the fields of a call small; nothing that long is told apart.
func clamped(n int) int32 { return int32(min(n, math.MaxInt32)) }

// refuseCall answers a call that could not be bound.
func (c *Connection) refuseCall(m *protocol.Message, name string, err error) {
	if c.rt.log.Enabled(&c.life, slog.LevelDebug) {
		c.logger().LogAttrs(&c.life, slog.LevelDebug, "call not bound", slog.String("method", name), slog.Any("error", err))
	}
	if m.InvocationID == "" {
		return
	}
	c.deliverError(m.InvocationID, withDetail(fmt.Sprintf(textBindFailed, name), err, c.rt.cfg.EnableDetailedErrors))
	c.transport.Wake()
}

// bindArguments decodes the arguments of a call. Like .NET, JSON is bound as far
// as it goes before it is counted, MessagePack is counted first.
func (c *Connection) bindArguments(plan *method, m *protocol.Message, args *arguments) error {
	if m.ArgumentsErr != nil {
		return bindError(m.ArgumentsErr)
	}
	var countErr error
	if len(m.Arguments) != plan.wired {
		countErr = &protocol.Error{Kind: kindInvalidData, Text: fmt.Sprintf(textArgumentCount, len(m.Arguments), plan.wired)}
		if c.wire.TransferFormat() == protocol.Binary {
			return countErr
		}
	}
	for i := range min(len(m.Arguments), plan.wired) {
		if c.unmarshal(m.Arguments[i], args.wire[i]) != nil {
			return &protocol.Error{Kind: kindInvalidData, Text: textArgumentTypes}
		}
	}
	return countErr
}

// bindError gives an error that is no [protocol.Error] the kind of one.
func bindError(err error) error {
	if wire := (*protocol.Error)(nil); errors.As(err, &wire) {
		return wire
	}
	return &protocol.Error{Kind: kindInvalidData, Text: err.Error()}
}

// unmarshal decodes a value. A type's own decoder is the author's code: if it
// panics, the value does not bind.
func (c *Connection) unmarshal(raw protocol.Raw, to any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = c.rt.panicked("a decoder", c, "", p)
		}
	}()
	return c.wire.Unmarshal(raw, to)
}

// dispatchCompletion ends an upload stream, or brings the result that a hub has
// asked for.
func (c *Connection) dispatchCompletion(m *protocol.Message) bool {
	var err error
	if m.HasError {
		err = &Error{Text: m.Error}
	}
	if c.endUpload(m.InvocationID, err) {
		return true
	}
	if err := c.rt.results.resolve(c, m); err != nil {
		c.end(ending{cause: err, fault: err, allowReconnect: true})
		return false
	}
	return true
}

// dispatchClose ends the connection as the client wishes, once the calls before
// it have begun.
func (c *Connection) dispatchClose(m *protocol.Message) {
	why := ending{cause: ErrConnectionClosed, hidden: true}
	if m.HasError {
		err := &Error{Text: m.Error}
		why.cause, why.fault = err, err
	}
	c.wait(c.allBegun)
	c.end(why)
}

// cancel ends the ctx of the call with this id, if the client may cancel it.
func (c *Connection) cancel(id string) {
	c.mu.Lock()
	k := c.activeCall(id)
	c.mu.Unlock()
	if k != nil {
		k.stop(ErrCallCanceled)
	}
}

// activeCall returns the call of this id that the client may cancel, a running
// one rather than one that waits. c.mu is held.
func (c *Connection) activeCall(id string) *call {
	var waiting *call
	for _, k := range c.active {
		switch {
		case k.id != id:
		case k.started:
			return k
		case waiting == nil:
			waiting = k
		}
	}
	return waiting
}

// enlist makes a call one that the client may cancel, if it is: streams, and
// calls whose method takes a ctx. c.mu is held.
func (c *Connection) enlist(k *call) {
	if k.id != "" && (k.streamed || k.method.takesCtx) {
		k.listed = true
		c.active = append(c.active, k)
	}
}

// delist undoes enlist. c.mu is held.
func (c *Connection) delist(k *call) {
	if !k.listed {
		return
	}
	k.listed = false
	for i, other := range c.active {
		if other == k {
			last := len(c.active) - 1
			c.active[i], c.active[last] = c.active[last], nil
			c.active = c.active[:last]
			return
		}
	}
}
