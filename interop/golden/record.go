package golden

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Record plays the sends of s against the real server at base and returns the
// file with its answers. What was expected and still fits stays as it is, with
// its placeholders; the rest is replaced by what came. The shape of the script
// is the author's: a message where silence is expected, or nothing where a
// message is, is an error.
func Record(ctx context.Context, base string, s *Scenario) ([]byte, error) {
	r, err := newRun(ctx, base, s)
	if err != nil {
		return nil, err
	}
	defer r.release()
	r.recorder = &recorder{run: r, changed: make(map[int]string)}
	if err := r.play(); err != nil {
		return nil, fmt.Errorf("recording %s: %w", s.Name, err)
	}
	return s.withSteps(r.recorder.changed), nil
}

// withSteps returns the file with some steps replaced, by number. All other
// bytes stay.
func (s *Scenario) withSteps(changed map[int]string) []byte {
	var out bytes.Buffer
	at := int64(0)
	for i := range s.Steps {
		step := &s.Steps[i]
		if text, ok := changed[step.number]; ok {
			out.Write(s.text[at:step.span.start])
			out.WriteString(text)
			at = step.span.end
		}
	}
	out.Write(s.text[at:])
	return out.Bytes()
}

// recorder writes down what the real server does.
type recorder struct {
	run     *run
	changed map[int]string // by number of the step
}

func (rec *recorder) replace(step *Step, with Step) {
	rec.changed[step.number] = jsonText(with)
}

func (rec *recorder) message(step *Step, m Message) error {
	changed, err := rec.expectation(*step, m)
	if err != nil {
		return err
	}
	rec.replace(step, changed)
	return nil
}

// expectation is the step with m as what it expects.
func (rec *recorder) expectation(step Step, m Message) (Step, error) {
	step.Expect, step.ExpectHex, step.Decoded = nil, nil, nil
	if m.Handshake && m.Frame != "" {
		step.Frame = m.Frame // less obvious than for later messages
	}
	if !m.Binary {
		step.Expect = []byte(jsonText(rec.run.bindings.mask(string(m.Bytes))))
		return step, nil
	}
	v, err := m.value()
	if err != nil {
		return step, fmt.Errorf("recording a message: %w", err)
	}
	literal := toNotation(v)
	masked := rec.run.bindings.mask(literal)
	step.Decoded = []byte(masked)
	if masked == literal {
		text := hex.EncodeToString(m.Bytes)
		step.ExpectHex = &text
	} else if step.Exact {
		return step, errors.New("an exact MessagePack message cannot hold placeholders")
	}
	return step, nil
}

func (rec *recorder) set(step *Step, got []Message) error {
	changed := *step
	changed.ExpectSet = nil
	for _, m := range got {
		one, err := rec.expectation(Step{}, m)
		if err != nil {
			return err
		}
		changed.ExpectSet = append(changed.ExpectSet, one)
	}
	rec.replace(step, changed)
	return nil
}

func (rec *recorder) event(step *Step, event []byte) {
	changed := *step
	text := rec.run.bindings.mask(string(event))
	changed.ExpectRaw = &text
	rec.replace(step, changed)
}

func (rec *recorder) end(step *Step, end *ended) {
	changed := *step
	changed.Ends = &Ending{Code: end.code, Reason: end.reason}
	rec.replace(step, changed)
}

// exchange records the answer to a request, which may be a poll.
func (rec *recorder) exchange(step *Step, p *poll, answer *response) error {
	r := rec.run
	isPoll := answer.status == http.StatusOK && answer.header.Get("Content-Type") == "application/octet-stream"
	if !isPoll || len(answer.body) == 0 {
		return r.judgeAnswer(step, answer)
	}
	got, err := r.receive(p, answer.body)
	if err != nil {
		return err
	}
	if step.answer.brings() && r.bindings.compareHead(step.answer, answer.status, answer.header) == "" {
		want, err := step.answer.messages()
		if err != nil {
			return err
		}
		trial := r.bindings.clone()
		if len(want) == len(got) && trial.comparePolled(r.scenario, want, got) == nil {
			r.bindings.values = trial.values
			return nil
		}
	}
	return rec.answer(step, answer, got)
}

// answer records status, headers and body. polled are the messages of a poll.
func (rec *recorder) answer(step *Step, answer *response, polled []Message) error {
	b := rec.run.bindings
	old := step.answer
	fresh := old.Status == 0
	changed := &Answer{Status: answer.status, Headers: b.recordHeaders(old.Headers, answer.header, fresh)}
	opened := step.Open != nil && answer.body == nil
	switch {
	case len(polled) > 0 && polled[0].Binary:
		if err := changed.recordPolled(b, polled); err != nil {
			return err
		}
	case !opened && (fresh || old.Body != nil || old.BodyHex != nil || old.Decoded != nil):
		text := string(answer.body)
		if old.Body != nil && b.compareText(*old.Body, text) == "" {
			text = *old.Body
		} else {
			text = b.maskBody(text)
		}
		changed.Body = &text
	case opened:
		changed.Body = old.Body
	}
	with := *step
	with.Expect = []byte(jsonText(changed))
	rec.replace(step, with)
	return nil
}

// recordPolled writes the MessagePack messages of a poll.
func (a *Answer) recordPolled(b *Bindings, polled []Message) error {
	var all []byte
	notations := make([]string, len(polled))
	for i, m := range polled {
		v, err := m.value()
		if err != nil {
			return fmt.Errorf("recording a poll: %w", err)
		}
		all = append(all, m.Bytes...)
		notations[i] = toNotation(v)
	}
	literal := "[" + strings.Join(notations, ",") + "]"
	masked := b.mask(literal)
	a.Decoded = []byte(masked)
	if masked == literal {
		text := hex.EncodeToString(all)
		a.BodyHex = &text
	}
	return nil
}

// volatileHeaders differ from run to run, or belong to the host and not to SignalR.
var volatileHeaders = []string{
	"Connection", "Content-Length", "Date", "Keep-Alive", "Sec-Websocket-Accept", "Server", "Transfer-Encoding", "Upgrade",
}

// recordHeaders writes the headers that old lists; where nothing is recorded
// yet, all but the volatile ones.
func (b *Bindings) recordHeaders(old Headers, got http.Header, fresh bool) Headers {
	if fresh && len(old) == 0 {
		for name := range got {
			if !slices.Contains(volatileHeaders, name) {
				old = append(old, Header{Name: strings.ToLower(name)})
			}
		}
		slices.SortFunc(old, func(a, b Header) int { return strings.Compare(a.Name, b.Name) })
	}
	out := make(Headers, len(old))
	for i, h := range old {
		out[i] = Header{Name: h.Name}
		value, present := headerValue(got, h.Name)
		switch {
		case !present:
		case h.Value != nil && b.match(withoutBlanks(*h.Value), withoutBlanks(value)):
			out[i].Value = h.Value
		default:
			value = b.maskText(value)
			out[i].Value = &value
		}
	}
	return out
}
