package golden

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// errEnded is a message expected on a stream that has ended.
var errEnded = errors.New("the stream has ended")

// next returns the next message that is not to be ignored.
func (r *run) next(st *stream, deadline time.Time) (Message, error) {
	for {
		for len(st.inbox) > 0 {
			m := st.inbox[0]
			st.inbox = st.inbox[1:]
			if !st.ignores(m.kind()) {
				return m, nil
			}
		}
		c, end, err := st.feed.next(r.ctx, deadline)
		switch {
		case err != nil:
			return Message{}, err
		case end != nil:
			return Message{}, fmt.Errorf("%w: %s", errEnded, st.describe(end))
		case c.err != nil:
			return Message{}, c.err
		}
		messages, err := st.cutter.cut(c.frame, c.data)
		st.inbox = append(st.inbox, messages...)
		if err != nil {
			return Message{}, err
		}
	}
}

// describe tells how the stream ended, and what may have to do with it.
func (s *stream) describe(end *ended) string {
	var out strings.Builder
	if s.socket != nil {
		fmt.Fprintf(&out, "code %d, reason %q", end.code, end.reason)
	} else {
		out.WriteString("the response is over")
	}
	if end.err != nil {
		fmt.Fprintf(&out, " (%v)", end.err)
	}
	if s.sendErr != nil {
		fmt.Fprintf(&out, "; a send failed before: %v", s.sendErr)
	}
	return out.String()
}

func (r *run) expect(st *stream, step *Step) error {
	m, err := r.next(st, time.Now().Add(step.within()))
	if err != nil {
		return differs("expected %s: %v", step.wanted(), err)
	}
	return r.judgeMessage(step, m)
}

// expectSet takes as many messages as the set has and finds an order in which
// they fit. The first that fits is not always right where placeholders are met
// for the first time, so all orders are tried.
func (r *run) expectSet(st *stream, step *Step) error {
	deadline := time.Now().Add(step.within())
	got := make([]Message, 0, len(step.ExpectSet))
	for range step.ExpectSet {
		m, err := r.next(st, deadline)
		if err != nil {
			return differs("expected %d messages in any order, got %d %v: %v", len(step.ExpectSet), len(got), got, err)
		}
		got = append(got, m)
	}
	return r.judgeSet(step, got)
}

// matchSet reports whether the messages fit the expectations in some order.
func (b *Bindings) matchSet(scenario *Scenario, wants []Step, got []Message) bool {
	if len(wants) == 0 {
		return true
	}
	for i := range got {
		trial := b.clone()
		if trial.compareMessage(scenario, &wants[0], got[i]) != "" {
			continue
		}
		if trial.matchSet(scenario, wants[1:], slices.Delete(slices.Clone(got), i, i+1)) {
			b.values = trial.values
			return true
		}
	}
	return false
}

// expectRaw takes the next event as it came.
func (r *run) expectRaw(st *stream, step *Step) error {
	if st.events == nil {
		return errors.New("expectRaw is for event streams")
	}
	if len(st.inbox) > 0 {
		return differs("expected the next event, but the last one held more messages: %v", st.inbox)
	}
	deadline := time.Now().Add(step.within())
	for {
		c, end, err := st.feed.next(r.ctx, deadline)
		switch {
		case err != nil:
			return differs("expected an event: %v", err)
		case end != nil:
			return differs("expected an event: %s", st.describe(end))
		case c.err == nil && r.ignorable(st, c):
			continue
		}
		return r.judgeEvent(step, c.event)
	}
}

// ignorable reports whether an event holds messages to be ignored and no other.
// It also moves the cutter on, which knows whether the handshake is over.
func (r *run) ignorable(st *stream, c chunk) bool {
	messages, err := st.cutter.cut("", c.data)
	return err == nil && len(messages) > 0 &&
		!slices.ContainsFunc(messages, func(m Message) bool { return !st.ignores(m.kind()) })
}

func (r *run) silence(st *stream, step *Step) error {
	m, err := r.next(st, time.Now().Add(time.Duration(step.Silence)*time.Millisecond))
	switch {
	case errors.Is(err, errLate):
		return nil
	case err != nil:
		return differs("expected silence: %v", err)
	default:
		return differs("expected silence, got %s", m)
	}
}

func (r *run) ends(st *stream, step *Step) error {
	m, err := r.next(st, time.Now().Add(step.within()))
	switch {
	case errors.Is(err, errEnded):
		return r.judgeEnd(st, step, st.feed.ending())
	case err != nil:
		return differs("expected the end of the stream: %v", err)
	default:
		return differs("expected the end of the stream, got %s", m)
	}
}

// wanted shows what a message step waits for.
func (s *Step) wanted() string {
	switch {
	case s.message != nil:
		return excerpt([]byte(*s.message))
	case s.Decoded != nil:
		return excerpt(s.Decoded)
	default:
		return *s.ExpectHex
	}
}

// compareMessage reports how a message differs from what the step expects, ""
// if it does not.
func (b *Bindings) compareMessage(scenario *Scenario, step *Step, m Message) string {
	if diff := compareFrame(scenario, step, m); diff != "" {
		return diff
	}
	if step.Exact {
		return b.compareBytes(step, m)
	}
	if step.message != nil {
		if m.Binary {
			return fmt.Sprintf("expected the text %s, got MessagePack %s", excerpt([]byte(*step.message)), m)
		}
		want, err := parseJSON(bytes.TrimSuffix([]byte(*step.message), []byte{recordSeparator}))
		if err != nil {
			return fmt.Sprintf("what is expected cannot be read: %v", err)
		}
		return b.compareTree(want, m)
	}
	if !m.Binary {
		return fmt.Sprintf("expected MessagePack %s, got %s", step.wanted(), m)
	}
	want, err := step.decoded()
	if err != nil {
		return fmt.Sprintf("what is expected cannot be read: %v", err)
	}
	return b.compareTree(want, m)
}

func (b *Bindings) compareTree(want any, m Message) string {
	got, err := m.value()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, m)
	}
	if diff := b.compareValues(want, got); diff != "" {
		return fmt.Sprintf("message differs (-expected +received):\n%sreceived: %s", diff, m)
	}
	return ""
}

// decoded is the MessagePack value that is expected, from its notation or else
// from its bytes.
func (s *Step) decoded() (any, error) {
	if s.Decoded != nil {
		tree, err := parseJSON(s.Decoded)
		if err != nil {
			return nil, err
		}
		return fromNotation(tree)
	}
	b, err := hex.DecodeString(*s.ExpectHex)
	if err != nil {
		return nil, err
	}
	return Message{Bytes: b, Binary: true}.value()
}

// compareBytes is the comparison of an exact step.
func (b *Bindings) compareBytes(step *Step, m Message) string {
	if step.message != nil {
		if b.match(*step.message, string(m.Bytes)) {
			return ""
		}
		return fmt.Sprintf("bytes differ:\n  -%s\n  +%s", excerpt([]byte(*step.message)), excerpt(m.Bytes))
	}
	if step.ExpectHex == nil {
		return "an exact MessagePack message needs expectHex"
	}
	if got := hex.EncodeToString(m.Bytes); !strings.EqualFold(*step.ExpectHex, got) {
		return fmt.Sprintf("bytes differ:\n  -%s\n  +%s", *step.ExpectHex, m)
	}
	return ""
}

// compareFrame checks the opcode: what the step says, else text for JSON and
// binary for MessagePack. For the handshake's answer in a MessagePack scenario
// the step has to say.
func compareFrame(scenario *Scenario, step *Step, m Message) string {
	want := step.Frame
	switch {
	case m.Frame == "" || want == "" && m.Handshake && scenario.Protocol != protocolJSON:
		return ""
	case want == "" && m.Binary:
		want = frameBinary
	case want == "":
		want = frameText
	}
	if want == m.Frame {
		return ""
	}
	return fmt.Sprintf("expected a %s message, got a %s one: %s", want, m.Frame, m)
}

// compareEnd reports how the end differs, "" if it does not.
func (s *stream) compareEnd(want *Ending, end *ended) string {
	if s.socket == nil {
		if end.err != nil {
			return "the response broke off: " + s.describe(end)
		}
		return ""
	}
	codes := want.Codes
	if codes == nil {
		codes = []int{want.Code}
	}
	if slices.Contains(codes, end.code) && want.Reason == end.reason {
		return ""
	}
	return fmt.Sprintf("end differs:\n  -code %v, reason %q\n  +%s", codes, want.Reason, s.describe(end))
}
