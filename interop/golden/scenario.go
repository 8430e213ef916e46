package golden

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Scenario is one recorded exchange: a file of testdata.
type Scenario struct {
	Format        int      `json:"format"`
	Name          string   `json:"name"`  // path below testdata, without .json
	Shows         string   `json:"shows"` // what it is about
	Hub           string   `json:"hub"`
	Transport     string   `json:"transport"`
	Protocol      string   `json:"protocol"`      // json or messagepack: how messages are cut
	Frame         string   `json:"frame"`         // opcode of what is sent, where a step does not say; usually missing
	Ignore        []string `json:"ignore"`        // messages to skip wherever they come; missing: ping
	EndsServer    bool     `json:"endsServer"`    // give it a server of its own
	ReferenceOnly bool     `json:"referenceOnly"` // our server deliberately does otherwise
	Vars          Vars     `json:"vars"`
	Steps         []Step   `json:"steps"`

	file string // as diagnostics name it
	text []byte // the file, for the recorder
}

// Transports, as scenarios name them.
const (
	webSockets       = "WebSockets"
	serverSentEvents = "ServerSentEvents"
)

// Protocols, as scenarios name them.
const (
	protocolJSON        = "json"
	protocolMessagePack = "messagepack"
)

// Vars are the declared placeholders, in the order of the file.
type Vars []Var

// Var is a placeholder and the regular expression of what it stands for.
type Var struct {
	Name, Pattern string
}

// UnmarshalJSON reads an object and keeps its order, which the recorder needs.
func (v *Vars) UnmarshalJSON(text []byte) error {
	pairs, err := orderedStrings(text)
	if err != nil {
		return err
	}
	*v = make(Vars, len(pairs))
	for i, p := range pairs {
		if p.value == nil {
			return fmt.Errorf("placeholder %q has no expression", p.name)
		}
		(*v)[i] = Var{Name: p.name, Pattern: *p.value}
	}
	return nil
}

// Load reads the scenario at dir/name.json.
func Load(dir, name string) (*Scenario, error) {
	file := filepath.Join(dir, filepath.FromSlash(name)+".json")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("loading scenario: %w", err)
	}
	s, err := parseScenario(text)
	if err != nil {
		return nil, fmt.Errorf("loading scenario %s: %w", file, err)
	}
	if s.Name != name {
		return nil, fmt.Errorf("loading scenario %s: it calls itself %q", file, s.Name)
	}
	s.file = file
	return s, nil
}

// LoadAll reads every scenario below dir, in the order of their names.
func LoadAll(dir string) ([]*Scenario, error) {
	var all []*Scenario
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		name, err := filepath.Rel(dir, strings.TrimSuffix(path, ".json"))
		if err != nil {
			return err
		}
		s, err := Load(dir, filepath.ToSlash(name))
		all = append(all, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("loading scenarios of %s: %w", dir, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("loading scenarios of %s: there are none", dir)
	}
	return all, nil
}

func parseScenario(text []byte) (*Scenario, error) {
	s := &Scenario{text: text}
	if err := decodeStrictly(text, s); err != nil {
		return nil, err
	}
	if s.Format != 1 {
		return nil, fmt.Errorf("format %d is unknown", s.Format)
	}
	if s.Protocol != protocolJSON && s.Protocol != protocolMessagePack {
		return nil, fmt.Errorf("protocol %q is unknown", s.Protocol)
	}
	if s.Ignore == nil {
		s.Ignore = []string{"ping"}
	}
	for _, name := range s.Ignore {
		if _, ok := ignorable[name]; !ok {
			return nil, fmt.Errorf("messages of kind %q cannot be ignored", name)
		}
	}
	spans, err := stepSpans(text)
	if err != nil {
		return nil, err
	}
	for i := range s.Steps {
		step := &s.Steps[i]
		step.number, step.span = i+1, spans[i]
		step.line = 1 + bytes.Count(text[:spans[i].start], []byte("\n"))
		if err := step.settle(); err != nil {
			return nil, fmt.Errorf("line %d, step %d: %w", step.line, step.number, err)
		}
	}
	return s, nil
}

// ignorable are the messages that may come at any time, by type.
var ignorable = map[string]int{"ping": 6, "ack": 8}

// ignores reports whether messages of this type are to be skipped.
func (s *Scenario) ignores(messageType int) bool {
	return slices.ContainsFunc(s.Ignore, func(name string) bool { return ignorable[name] == messageType })
}

// span is where a step stands in its file.
type span struct {
	start, end int64
}

// stepSpans finds the bytes of each step, so that a recording changes those
// steps alone whose answers changed.
func stepSpans(text []byte) ([]span, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		if key != "steps" {
			var skipped json.RawMessage
			if err := dec.Decode(&skipped); err != nil {
				return nil, err
			}
			continue
		}
		if _, err := dec.Token(); err != nil {
			return nil, err
		}
		var spans []span
		for dec.More() {
			var step json.RawMessage
			if err := dec.Decode(&step); err != nil {
				return nil, err
			}
			end := dec.InputOffset()
			spans = append(spans, span{start: end - int64(len(step)), end: end})
		}
		return spans, nil
	}
	return nil, errors.New("there are no steps")
}

// decodeStrictly refuses what the notation does not know: a misspelt field
// would otherwise be a rule that is never applied.
func decodeStrictly(text []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}
