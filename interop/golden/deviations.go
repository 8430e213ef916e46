package golden

import (
	"fmt"
	"slices"
)

// Deviation is a step at which our server deliberately does otherwise than the
// real one, and better.
type Deviation struct {
	Scenario string
	Step     int      // from 1
	Reason   string   // for whoever wonders
	Ours     []string // the steps that hold for our server in its place, in the notation of the files; may be empty
}

// Deviations lists them all.
var Deviations = []Deviation{
	{
		Scenario: "close/shutdown",
		Step:     17,
		Reason: "a client that gets a Close message with allowReconnect reconnects at once; " +
			"a connection that just breaks makes it find out first",
		Ours: []string{
			`{"on":"a","expect":"{\"type\":7,\"allowReconnect\":true}\u001e"}`,
			`{"on":"a","ends":{"codes":[1000,1001],"reason":""}}`,
		},
	},
	{
		Scenario: "close/shutdown",
		Step:     18,
		Reason:   "the same on an event stream",
		Ours: []string{
			`{"on":"s","expect":"{\"type\":7,\"allowReconnect\":true}\u001e"}`,
			`{"on":"s","ends":{}}`,
		},
	},
}

// Ours is the scenario as it holds for our server: with its deviations. It
// reports false if the scenario is a fact about the real server that ours has
// nothing to set against.
func Ours(s *Scenario) (*Scenario, bool, error) {
	ours := *s
	ours.Steps = nil
	deviates := false
	for _, step := range s.Steps {
		at := slices.IndexFunc(Deviations, func(d Deviation) bool { return d.Scenario == s.Name && d.Step == step.number })
		if at < 0 {
			ours.Steps = append(ours.Steps, step)
			continue
		}
		deviates = true
		steps, err := Deviations[at].steps(step)
		if err != nil {
			return nil, false, err
		}
		ours.Steps = append(ours.Steps, steps...)
	}
	return &ours, deviates || !s.ReferenceOnly, nil
}

// steps reads Ours; diagnostics point at the step that is replaced.
func (d *Deviation) steps(replaced Step) ([]Step, error) {
	steps := make([]Step, len(d.Ours))
	for i, text := range d.Ours {
		step := &steps[i]
		err := decodeStrictly([]byte(text), step)
		step.number, step.line = replaced.number, replaced.line
		if err == nil {
			err = step.settle()
		}
		if err != nil {
			return nil, fmt.Errorf("deviation at %s, step %d: %w", d.Scenario, d.Step, err)
		}
	}
	return steps, nil
}
