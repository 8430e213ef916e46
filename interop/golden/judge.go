package golden

import (
	"bytes"
	"fmt"
)

// Every step that expects something ends here: what came is compared with what
// the step says, and a difference either ends the run or, when recording,
// becomes what the step says from now on.

func (r *run) judgeMessage(step *Step, m Message) error {
	diff := r.bindings.compareMessage(r.scenario, step, m)
	switch {
	case diff == "":
		return nil
	case r.recorder != nil:
		return r.recorder.message(step, m)
	default:
		return differs("%s", diff)
	}
}

func (r *run) judgeSet(step *Step, got []Message) error {
	switch {
	case r.bindings.matchSet(r.scenario, step.ExpectSet, got):
		return nil
	case r.recorder != nil:
		return r.recorder.set(step, got)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "messages do not fit in any order (-expected +received):\n")
	for i := range step.ExpectSet {
		fmt.Fprintf(&out, "  - %s\n", step.ExpectSet[i].wanted())
	}
	for _, m := range got {
		fmt.Fprintf(&out, "  + %s\n", m)
	}
	return differs("%s", out.String())
}

func (r *run) judgeEvent(step *Step, event []byte) error {
	switch {
	case r.bindings.match(*step.ExpectRaw, string(event)):
		return nil
	case r.recorder != nil:
		r.recorder.event(step, event)
		return nil
	default:
		return differs("event differs:\n  -%q\n  +%q", *step.ExpectRaw, event)
	}
}

func (r *run) judgeEnd(st *stream, step *Step, end *ended) error {
	diff := st.compareEnd(step.Ends, end)
	switch {
	case diff == "":
		return nil
	case r.recorder != nil && st.socket != nil:
		r.recorder.end(step, end)
		return nil
	default:
		return differs("%s", diff)
	}
}

// judgeOpened judges the answer that accepted a WebSocket or an event stream; it
// has no body to compare.
func (r *run) judgeOpened(step *Step, answer *response) error {
	diff := r.bindings.compareHead(step.answer, answer.status, answer.header)
	switch {
	case diff == "":
		return nil
	case r.recorder != nil:
		return r.recorder.answer(step, answer, nil)
	default:
		return differs("answer differs (-expected +received):\n%s", diff)
	}
}

// judgeExchange judges the answer to a request, nil if an earlier poll brought it.
func (r *run) judgeExchange(step *Step, request *Request, answer *response) error {
	p, err := r.pollOf(request)
	if err != nil {
		return err
	}
	switch {
	case r.recorder != nil:
		return r.recorder.exchange(step, p, answer)
	case step.answer.brings():
		return r.judgePoll(step, request, answer)
	case len(p.surplus) > 0:
		return differs("earlier polls brought messages that nothing expects: %v", p.surplus)
	default:
		return r.judgeAnswer(step, answer)
	}
}

// judgeAnswer judges an answer that brings no hub messages.
func (r *run) judgeAnswer(step *Step, answer *response) error {
	diff := r.bindings.compareHead(step.answer, answer.status, answer.header)
	if step.answer.Body != nil {
		diff += r.bindings.compareText(*step.answer.Body, string(answer.body))
	}
	switch {
	case diff == "":
		return nil
	case r.recorder != nil:
		return r.recorder.answer(step, answer, nil)
	default:
		return differs("answer differs (-expected +received):\n%sreceived: %d %s", diff, answer.status, excerpt(answer.body))
	}
}

// judgePoll judges the hub messages of a poll.
func (r *run) judgePoll(step *Step, request *Request, answer *response) error {
	want, err := step.answer.messages()
	if err != nil {
		return fmt.Errorf("what is expected cannot be read: %w", err)
	}
	got, err := r.collect(step, request, answer, len(want))
	if err != nil {
		return err
	}
	return r.bindings.comparePolled(r.scenario, want, got)
}

// comparePolled compares as many messages as are expected, in order.
func (b *Bindings) comparePolled(scenario *Scenario, want []Step, got []Message) error {
	for i, m := range got {
		if diff := b.compareMessage(scenario, &want[i], m); diff != "" {
			return differs("message %d of the poll: %s", i+1, diff)
		}
	}
	return nil
}
