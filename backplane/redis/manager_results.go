package redis

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/protocol"
)

// What nodes tell each other when a question cannot be answered, in .NET's words.
const (
	textDisconnected = "Connection disconnected."
	textNoResult     = "Client didn't provide a result."
	textTooMany      = "Too many questions wait for clients of this server."
)

// Invoke implements [hubs.LifetimeManager].
func (m *manager) Invoke(ctx context.Context, connectionID, method string, args []any, decode hubs.ResultDecoder) error {
	if mb := m.find(connectionID); mb != nil {
		return m.invokeOwn(ctx, mb, method, args, decode)
	}
	inv := &invocation{id: newQuestionID(), returnChannel: m.names.bareResults(m.server)}
	payload, err := m.encode(inv, method, args)
	if err != nil {
		return err
	}
	if err := m.link.await(ctx, m.back); err != nil {
		return fmt.Errorf("redis: ask a client: %w", err)
	}
	answered := m.waits.expectResult(inv.id)
	defer m.waits.forgetResult(inv.id)
	nodes, err := m.publishCounted(ctx, m.names.connection(connectionID), payload)
	switch {
	case err != nil && ctx.Err() != nil:
		return hubs.CanceledError(context.Cause(ctx))
	case err != nil:
		return fmt.Errorf("redis: ask a client: %w", err)
	case nodes < 1:
		return hubs.NoConnectionError(connectionID)
	}
	o := m.awaitAnswer(ctx, answered, connectionID)
	if o.err != nil {
		return o.err
	}
	return decode(o.protocol, o.result)
}

func (m *manager) invokeOwn(ctx context.Context, mb *member, method string, args []any, decode hubs.ResultDecoder) error {
	p, id := mb.conn.Protocol(), m.env.NextInvocationID()
	frame, err := p.AppendInvocation(nil, id, method, args)
	if err != nil {
		return fmt.Errorf("redis: encode the call of client method %q as %s: %w", method, p.Name(), err)
	}
	result, err := mb.conn.Invoke(ctx, id, frame)
	if err != nil {
		return err
	}
	return decode(p, result)
}

// newQuestionID is 16 random bytes as .NET writes them.
func newQuestionID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return base64.RawStdEncoding.EncodeToString(id[:])
}

// aliveCheck is how often it is looked whether the node that was asked is still
// there. Gone twice is gone: after a cut it may be about to come back.
const aliveCheck = 3 * time.Second

// awaitAnswer waits for the answer of another node's client.
func (m *manager) awaitAnswer(ctx context.Context, answered <-chan outcome, connectionID string) outcome {
	limit := time.NewTimer(m.link.cfg.resultTimeout)
	defer limit.Stop()
	look := time.NewTicker(aliveCheck)
	defer look.Stop()
	missed := 0
	for {
		select {
		case o := <-answered:
			return o
		case <-ctx.Done():
			return outcome{err: hubs.CanceledError(context.Cause(ctx))}
		case <-m.ctx.Done():
			return outcome{err: hubs.CanceledError(ErrClosed)}
		case <-limit.C:
			m.link.counts.resultTimeouts.Add(1)
			return outcome{err: hubs.CanceledError(ErrResultTimeout)}
		case <-look.C:
		}
		somebody, known := m.exists(ctx, connectionID)
		if missed++; somebody || !known {
			missed = 0
		}
		if missed > 1 {
			return outcome{err: hubs.DisconnectedError(connectionID)}
		}
	}
}

// takeResult gives the answer of another node's client to who asked.
func (m *manager) takeResult(c completion) {
	i := slices.IndexFunc(m.env.Protocols, func(p protocol.Protocol) bool { return p.Name() == c.protocol })
	if i < 0 {
		m.env.Logger.LogAttrs(m.ctx, slog.LevelError, "client result in an unknown protocol", slog.String("protocol", c.protocol))
		return
	}
	p := m.env.Protocols[i]
	payload, _, ok, err := p.Split(c.frame)
	if err != nil || !ok {
		m.link.unreadable(kindResults, err)
		return
	}
	var msg protocol.Message
	if err := p.Parse(payload, &msg); err != nil || msg.Type != protocol.Completion {
		m.link.unreadable(kindResults, err)
		return
	}
	o := outcome{protocol: p}
	switch {
	case msg.HasError && msg.Error == textDisconnected:
		o.err = &hubs.Error{Text: msg.Error, Err: hubs.ErrDisconnected}
	case msg.HasError:
		o.err = &hubs.Error{Text: msg.Error}
	case msg.HasResult:
		o.result = slices.Clone(msg.Result)
	default:
		o.err = &hubs.Error{Text: textNoResult}
	}
	m.waits.result(msg.InvocationID, o)
}

// maxAsked bounds the questions of other nodes that clients of this process have
// not answered yet.
const maxAsked = 10_000

// ask puts a question of another node to a client of this one. It does not wait.
func (m *manager) ask(mb *member, p pendingFrame) {
	counts := m.link.counts
	if counts.asked.Add(1) > maxAsked {
		counts.asked.Add(-1)
		m.answer(mb.conn.Protocol(), p.question, nil, &hubs.Error{Text: textTooMany})
		return
	}
	m.start(func() {
		result, err := mb.conn.Invoke(m.ctx, p.question.id, p.frame) // ends with the connection at the latest
		counts.asked.Add(-1)
		m.answer(mb.conn.Protocol(), p.question, result, err)
	})
}

// answer sends a client's answer to the node that asked.
func (m *manager) answer(p protocol.Protocol, q question, result protocol.Raw, err error) {
	c := completion{protocol: p.Name()}
	if err == nil {
		c.frame, err = p.AppendResult(nil, q.id, result)
	}
	if err != nil {
		text := textDisconnected
		if told := new(hubs.Error); errors.As(err, &told) {
			text = told.Text
		}
		c.frame = p.AppendError(nil, q.id, text)
	}
	m.link.post(m.names.resultsAt(q.returnChannel), c.encode())
}
