package golden

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// stream is a WebSocket or an event stream of the script.
type stream struct {
	open    *Open
	path    string // as it was asked for
	cancel  context.CancelCauseFunc
	cutter  cutter
	feed    *feed
	inbox   []Message // cut, not yet expected
	socket  *socket   // nil on an event stream
	events  *eventStream
	sendErr error // why the last send failed; shown with what is missing because of it
	ignores func(messageType int) bool
}

// release breaks the connection off, without a close frame.
func (s *stream) release() {
	defer s.cancel(nil)
	if s.socket != nil {
		s.socket.release()
	}
	if s.events != nil {
		s.events.release()
	}
}

// open opens a stream, or is refused.
func (r *run) open(step *Step) error {
	if before := r.streams[step.On]; before != nil {
		before.release()
		delete(r.streams, step.On)
	}
	path, err := r.bindings.resolve(step.Open.Path)
	if err != nil {
		return err
	}
	header, err := step.Open.Headers.resolve(r.bindings)
	if err != nil {
		return err
	}
	st := &stream{
		open:    step.Open,
		path:    path,
		cutter:  cutter{protocol: r.scenario.Protocol, handshake: !step.Open.Resumed},
		feed:    newFeed(),
		ignores: r.scenario.ignores,
	}
	resp, err := st.dial(r.ctx, r.base+path, header, step.within())
	if err != nil {
		return differs("opening %s: %v", step.Open.Transport, err)
	}
	if st.socket == nil && st.events == nil {
		return r.judgeAnswer(step, resp)
	}
	r.streams[step.On] = st
	r.readers.Go(func() { // ends with the stream; release waits for it
		st.pump(r.ctx)
	})
	return r.judgeOpened(step, resp)
}

// dial asks for the stream. The time limit is for the answer alone: it must not
// end the stream later.
func (s *stream) dial(ctx context.Context, address string, header http.Header, within time.Duration) (*response, error) {
	ctx, s.cancel = context.WithCancelCause(ctx)
	limit := time.AfterFunc(within, func() { s.cancel(errLate) })
	defer limit.Stop()
	var resp *response
	var err error
	switch s.open.Transport {
	case webSockets:
		s.socket, resp, err = dialWebSocket(ctx, address, header, s.open.Subprotocols)
	case serverSentEvents:
		s.events, resp, err = openEventStream(ctx, address, header)
	default:
		err = fmt.Errorf("transport %q cannot be opened", s.open.Transport)
	}
	if err != nil && errors.Is(context.Cause(ctx), errLate) {
		err = errLate
	}
	if s.socket == nil && s.events == nil {
		s.cancel(nil)
	}
	return resp, err
}

func (s *stream) pump(ctx context.Context) {
	if s.socket != nil {
		s.socket.pump(ctx, s.feed)
		return
	}
	s.events.pump(s.feed)
}

// send sends what the step says. A WebSocket that the server has closed already
// takes it silently, as a browser's does: what is missing later tells.
func (r *run) send(st *stream, step *Step) error {
	data, frame, err := r.outgoing(step)
	if err != nil {
		return err
	}
	if st.events != nil {
		text := string(data)
		answer, err := r.roundTrip(step, &Request{Method: http.MethodPost, Path: st.path, Body: &text})
		if err != nil {
			return err
		}
		if answer.status != http.StatusOK {
			return differs("sending: POST %s answered %d %s", st.path, answer.status, excerpt(answer.body))
		}
		return nil
	}
	if err := st.socket.write(r.ctx, frame, data); err != nil {
		st.sendErr = err
	}
	return nil
}

// outgoing is what a sending step puts into one message, and its opcode.
func (r *run) outgoing(step *Step) ([]byte, string, error) {
	frame := frameText
	var data []byte
	switch {
	case step.Send != nil:
		text, err := r.bindings.resolve(*step.Send)
		if err != nil {
			return nil, "", err
		}
		data = []byte(text)
		if r.scenario.Frame != "" {
			frame = r.scenario.Frame
		}
	case step.SendHex != nil:
		frame = frameBinary
		var err error
		if data, err = hex.DecodeString(*step.SendHex); err != nil {
			return nil, "", fmt.Errorf("sendHex: %w", err)
		}
	default:
		frame = frameBinary
		var err error
		if data, err = r.encode(step.Encode); err != nil {
			return nil, "", fmt.Errorf("encode: %w", err)
		}
	}
	if step.Frame != "" {
		frame = step.Frame
	}
	return data, frame, nil
}

// encode makes one MessagePack message with its length prefix. Placeholders are
// resolved in the strings, so that the lengths are right.
func (r *run) encode(notation []byte) ([]byte, error) {
	tree, err := parseJSON(notation)
	if err != nil {
		return nil, err
	}
	v, err := fromNotation(tree)
	if err != nil {
		return nil, err
	}
	if v, err = r.bindings.resolveStrings(v); err != nil {
		return nil, err
	}
	body, err := appendMessagePack(nil, v)
	if err != nil {
		return nil, err
	}
	return append(appendLengthPrefix(nil, len(body)), body...), nil
}

// resolveStrings replaces the placeholders in all strings of a value.
func (b *Bindings) resolveStrings(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case string:
		return b.resolve(v)
	case Array:
		for i := range v {
			if v[i], err = b.resolveStrings(v[i]); err != nil {
				return nil, err
			}
		}
	case Object:
		for i := range v {
			if v[i].Value, err = b.resolveStrings(v[i].Value); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// writeClose starts the closing handshake; how it goes on is for a later step.
func (s *stream) writeClose(c *Closing) error {
	if s.socket == nil {
		return errors.New("only a WebSocket has a close frame")
	}
	if err := s.socket.own.connection().writeClose(c.Code, c.Reason); err != nil {
		s.sendErr = err
	}
	return nil
}
