package redis

import (
	"context"
	"log/slog"
	"slices"
)

// deliver hands on what a worker is given, for as long as the link lives.
func (l *link) deliver(queue chan work) {
	var inv invocation // used again for each message
	for {
		select {
		case <-l.ctx.Done():
			return
		case w := <-queue:
			l.hand(w, &inv)
		}
	}
}

func (l *link) hand(w work, inv *invocation) {
	var err error
	sinks := l.sinksOf(w.sub)
	switch w.sub.kind {
	case kindCommands:
		var c groupCommand
		if c, err = parseGroupCommand(w.payload); err == nil {
			for _, k := range sinks {
				k.m.obey(c)
			}
		}
	case kindAcks:
		var id int32
		if id, err = parseAck(w.payload); err == nil {
			for _, k := range sinks {
				k.m.waits.ack(id)
			}
		}
	case kindResults:
		var c completion
		if c, err = parseCompletion(w.payload); err == nil {
			for _, k := range sinks {
				k.m.takeResult(c)
			}
		}
	default:
		if err = parseInvocation(w.payload, inv); err == nil {
			for _, k := range sinks {
				k.m.call(w.sub.topic, inv)
			}
		}
		inv.trim()
	}
	if err != nil {
		l.unreadable(w.sub.kind, err)
	}
}

// unreadable notes a payload that nobody understands. Its bytes are not logged.
func (l *link) unreadable(k kind, err error) {
	l.counts.unreadable.Add(1)
	level := slog.LevelDebug
	if k == kindCommands {
		level = slog.LevelWarn // somebody waits for an ack
	}
	l.cfg.log.LogAttrs(context.Background(), level, "unreadable message from Redis", slog.Any("error", err))
}

// trim forgets the message, so that its bytes can go.
func (m *invocation) trim() {
	const keep = 64
	if cap(m.excluded) > keep {
		m.excluded = nil
	}
	clear(m.excluded)
	clear(m.blobs)
	m.id, m.returnChannel = "", ""
}

// call gives a message to the clients of this node that it is for.
func (m *manager) call(t topic, inv *invocation) {
	receivers := m.receivers(t)
	if t.kind == kindConnection {
		m.callOne(receivers, inv)
		return
	}
	excepts := inv.excepts
	if t.kind == kindUser { // .NET does not look at them there
		excepts = func(string) bool { return false }
	} else if len(inv.excluded) > indexFew {
		ids := make(map[string]struct{}, len(inv.excluded))
		for _, id := range inv.excluded {
			ids[id] = struct{}{}
		}
		excepts = func(id string) bool {
			_, excluded := ids[id]
			return excluded
		}
	}
	for _, mb := range receivers {
		if excepts(mb.id) {
			continue
		}
		m.give(mb, inv)
	}
}

// indexFew is up to how many excluded ids are looked through.
const indexFew = 8

func (m *invocation) excepts(id string) bool { return slices.Contains(m.excluded, id) }

// callOne gives a message to one connection, or a question.
func (m *manager) callOne(receivers []*member, inv *invocation) {
	q := question{inv.id, inv.returnChannel}
	if q.id == "" || q.returnChannel == "" {
		for _, mb := range receivers {
			m.give(mb, inv)
		}
		return
	}
	q = question{string([]byte(q.id)), string([]byte(q.returnChannel))} // not the whole payload while a client thinks
	if len(receivers) == 0 {                                            // it has just left
		m.answer(m.env.Protocols[0], q, nil, errGone)
		return
	}
	mb := receivers[0]
	if frame := inv.frame(mb.protocol); frame != nil {
		mb.queue(pendingFrame{frame, q})
		return
	}
	m.missing(mb)
	m.answer(mb.conn.Protocol(), q, nil, errGone)
}

func (m *manager) give(mb *member, inv *invocation) {
	if frame := inv.frame(mb.protocol); frame != nil {
		mb.deliver(frame)
		return
	}
	m.missing(mb)
}

// missing closes a client that cannot be given a message, because whoever sent
// it does not serve the client's protocol. It may reconnect.
func (m *manager) missing(mb *member) {
	m.link.counts.missingProtocol.Add(1)
	if _, before := m.warned.LoadOrStore(mb.protocol, true); !before {
		m.env.Logger.LogAttrs(m.ctx, slog.LevelWarn,
			"clients closed: another node sends without their protocol; let all nodes serve the same",
			slog.String("protocol", mb.protocol))
	}
	mb.conn.Close()
}
