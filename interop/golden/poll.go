package golden

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// poll is what came over the polls of one path. How many messages share a poll
// is the server's business: where an answer brings fewer than the recording's
// did, the script polls again; where it brings more, they are kept for the next
// poll of the script, which then need not be sent.
type poll struct {
	cutter  cutter
	surplus []Message
}

// pollOf returns the polls of the path that the request goes to.
func (r *run) pollOf(request *Request) (*poll, error) {
	path, err := r.bindings.resolve(request.Path)
	if err != nil {
		return nil, err
	}
	p := r.polls[path]
	if p == nil {
		p = &poll{cutter: cutter{protocol: r.scenario.Protocol, handshake: true}}
		r.polls[path] = p
	}
	return p, nil
}

// brings reports whether hub messages are expected: whether it answers a poll.
func (a *Answer) brings() bool {
	return a.BodyHex != nil || a.Decoded != nil || a.Body != nil && strings.HasSuffix(*a.Body, string(rune(recordSeparator)))
}

// messages are the hub messages of an expected poll, as steps.
func (a *Answer) messages() ([]Step, error) {
	var steps []Step
	switch {
	case a.Decoded != nil:
		tree, err := parseJSON(a.Decoded)
		if err != nil {
			return nil, err
		}
		list, ok := tree.(Array)
		if !ok {
			return nil, fmt.Errorf("decoded of a poll is a list of messages, got %T", tree)
		}
		for _, item := range list {
			v, err := fromNotation(item)
			if err != nil {
				return nil, err
			}
			steps = append(steps, Step{Decoded: []byte(toNotation(v)), kind: stepMessage})
		}
	case a.BodyHex != nil:
		b, err := hex.DecodeString(*a.BodyHex)
		if err != nil {
			return nil, err
		}
		messages, err := (&cutter{protocol: protocolMessagePack}).cut("", b)
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			text := hex.EncodeToString(m.Bytes)
			steps = append(steps, Step{ExpectHex: &text, kind: stepMessage})
		}
	default:
		for text := range strings.SplitAfterSeq(*a.Body, string(rune(recordSeparator))) {
			if text != "" {
				steps = append(steps, Step{message: &text, kind: stepMessage})
			}
		}
	}
	return steps, nil
}

// exchange sends a request and judges the answer.
func (r *run) exchange(step *Step) error {
	served, err := r.hasSurplus(step.HTTP, step)
	if err != nil {
		return err
	}
	if served {
		return r.judgeExchange(step, step.HTTP, nil)
	}
	answer, err := r.roundTrip(step, step.HTTP)
	if err != nil {
		return err
	}
	return r.judgeExchange(step, step.HTTP, answer)
}

// hasSurplus reports whether an earlier poll has brought messages that the step
// expects, so that the request is not sent.
func (r *run) hasSurplus(request *Request, expecting *Step) (bool, error) {
	if request.Method != http.MethodGet || expecting == nil || !expecting.answer.brings() {
		return false, nil
	}
	p, err := r.pollOf(request)
	return err == nil && len(p.surplus) > 0, err
}

// start sends a request that is not waited for.
func (r *run) start(step *Step) error {
	if r.started[step.Start] != nil {
		return fmt.Errorf("request %q is under way already", step.Start)
	}
	served, err := r.hasSurplus(step.HTTP, r.finishOf(step))
	if err != nil {
		return err
	}
	if served {
		r.started[step.Start] = unsent(step.HTTP)
		return nil
	}
	r.started[step.Start] = start(r.ctx, r.base, step.HTTP, r.bindings)
	return nil
}

// finishOf is the step that waits for what a step starts, nil without one.
func (r *run) finishOf(step *Step) *Step {
	for i := range r.scenario.Steps {
		if s := &r.scenario.Steps[i]; s.number > step.number && s.Finish == step.Start {
			return s
		}
	}
	return nil
}

// finish waits for the answer to a started request and judges it.
func (r *run) finish(step *Step) error {
	s := r.started[step.Finish]
	if s == nil {
		return fmt.Errorf("there is no request %q", step.Finish)
	}
	if err := s.wait(r.ctx, step.within()); err != nil {
		return differs("waiting for the answer to %s %s: %v", s.request.Method, s.request.Path, err)
	}
	delete(r.started, step.Finish)
	s.cancel()
	if s.err != nil {
		return differs("%s %s: %v", s.request.Method, s.request.Path, s.err)
	}
	return r.judgeExchange(step, s.request, s.answer)
}

// receive cuts the body of a poll and drops what is to be ignored.
func (r *run) receive(p *poll, body []byte) ([]Message, error) {
	all, err := p.cutter.cut("", body)
	var messages []Message
	for _, m := range all {
		if !r.scenario.ignores(m.kind()) {
			messages = append(messages, m)
		}
	}
	return messages, err
}

// collect brings together as many messages as are expected, beginning with the
// answer to the step's own poll (nil if it was not sent).
func (r *run) collect(step *Step, request *Request, answer *response, n int) ([]Message, error) {
	p, err := r.pollOf(request)
	if err != nil {
		return nil, err
	}
	got := p.surplus
	p.surplus = nil
	for deadline := time.Now().Add(step.within()); ; {
		if answer != nil {
			if diff := r.bindings.compareHead(step.answer, answer.status, answer.header); diff != "" {
				return got, differs("answer differs (-expected +received), %d of %d messages received:\n%s  body: %s",
					len(got), n, diff, excerpt(answer.body))
			}
			more, err := r.receive(p, answer.body)
			got = append(got, more...)
			if err != nil {
				return got, differs("%v", err)
			}
		}
		if len(got) >= n {
			p.surplus = got[n:]
			return got[:n], nil
		}
		if time.Now().After(deadline) {
			return got, differs("expected %d messages, got %d %v: %v", n, len(got), got, errLate)
		}
		if answer, err = r.roundTrip(step, request); err != nil {
			return got, fmt.Errorf("polling again, with %d of %d messages received: %w", len(got), n, err)
		}
	}
}
