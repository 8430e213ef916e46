package golden

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Step is one line of a scenario. Which of its fields are there says what to do;
// the field order is the order in which the recorder writes them.
type Step struct {
	Note   string `json:"note,omitempty"`
	On     string `json:"on,omitempty"`     // name of a WebSocket or an event stream
	Start  string `json:"start,omitempty"`  // name of a request that is not waited for
	Finish string `json:"finish,omitempty"` // the request to wait for now

	HTTP    *Request        `json:"http,omitempty"`
	Open    *Open           `json:"open,omitempty"`
	Send    *string         `json:"send,omitempty"`
	SendHex *string         `json:"sendHex,omitempty"`
	Encode  json.RawMessage `json:"encode,omitempty"`
	Pause   int             `json:"pause,omitempty"` // milliseconds, as all times
	Silence int             `json:"silence,omitempty"`
	Ends    *Ending         `json:"ends,omitempty"`
	Close   *Closing        `json:"close,omitempty"`
	Drop    bool            `json:"drop,omitempty"`

	Expect    json.RawMessage `json:"expect,omitempty"` // text of a message, or an Answer
	ExpectHex *string         `json:"expectHex,omitempty"`
	Decoded   json.RawMessage `json:"decoded,omitempty"`
	ExpectSet []Step          `json:"expectSet,omitempty"`
	ExpectRaw *string         `json:"expectRaw,omitempty"`
	Exact     bool            `json:"exact,omitempty"`
	Frame     string          `json:"frame,omitempty"`
	Within    int             `json:"within,omitempty"`

	kind    string  // which of the actions it is
	answer  *Answer // Expect of an HTTP exchange
	message *string // Expect of a hub message
	number  int     // from 1
	line    int     // in the file
	span    span
}

// Request is an HTTP request.
type Request struct {
	Method  string  `json:"method"`
	Path    string  `json:"path"`
	Headers Headers `json:"headers,omitempty"`
	Body    *string `json:"body,omitempty"`
	BodyHex *string `json:"bodyHex,omitempty"`
}

// Open is how a WebSocket or an event stream is opened.
type Open struct {
	Transport    string   `json:"transport"`
	Path         string   `json:"path"`
	Headers      Headers  `json:"headers,omitempty"`
	Subprotocols []string `json:"subprotocols,omitempty"`
	Resumed      bool     `json:"resumed,omitempty"` // no handshake answer will come
}

// Answer is what an HTTP exchange is expected to bring.
type Answer struct {
	Status  int             `json:"status"`
	Headers Headers         `json:"headers"`
	Body    *string         `json:"body,omitempty"`
	BodyHex *string         `json:"bodyHex,omitempty"`
	Decoded json.RawMessage `json:"decoded,omitempty"` // the MessagePack messages of BodyHex
}

// Ending is how a stream is expected to end. An event stream has no code.
type Ending struct {
	Code   int    `json:"code,omitempty"`
	Reason string `json:"reason"`

	// Codes is for [Deviations], where ours may end with any of several.
	Codes []int `json:"codes,omitempty"`
}

// Closing is the close frame of the client.
type Closing struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
}

// Headers keeps the order of the file; a nil value must be absent.
type Headers []Header

// Header is one of [Headers].
type Header struct {
	Name  string
	Value *string
}

// UnmarshalJSON reads an object, keeping its order.
func (h *Headers) UnmarshalJSON(text []byte) error {
	pairs, err := orderedStrings(text)
	if err != nil {
		return err
	}
	*h = make(Headers, len(pairs))
	for i, p := range pairs {
		(*h)[i] = Header{Name: p.name, Value: p.value}
	}
	return nil
}

// MarshalJSON writes an object in the order of h.
func (h Headers) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteByte('{')
	for i, header := range h {
		if i > 0 {
			buf.WriteByte(',')
		}
		fmt.Fprintf(&buf, "%s:%s", jsonText(header.Name), jsonText(header.Value))
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

// orderedString is one property of an object of strings; nil is null.
type orderedString struct {
	name  string
	value *string
}

func orderedStrings(text []byte) ([]orderedString, error) {
	tree, err := parseJSON(text)
	if err != nil {
		return nil, err
	}
	object, ok := tree.(Object)
	if !ok {
		return nil, fmt.Errorf("want an object of strings, got %T", tree)
	}
	out := make([]orderedString, len(object))
	for i, m := range object {
		out[i].name = m.Key.(string)
		switch value := m.Value.(type) {
		case nil:
		case string:
			out[i].value = &value
		default:
			return nil, fmt.Errorf("%s: want a string or null, got %T", out[i].name, value)
		}
	}
	return out, nil
}

// The kinds of steps.
const (
	stepHTTP    = "http"
	stepStart   = "start"
	stepFinish  = "finish"
	stepOpen    = "open"
	stepSend    = "send"
	stepMessage = "expect"
	stepSet     = "expectSet"
	stepRaw     = "expectRaw"
	stepSilence = "silence"
	stepEnds    = "ends"
	stepClose   = "close"
	stepDrop    = "drop"
	stepPause   = "pause"
)

// settle finds out what kind of step it is and reads Expect accordingly.
func (s *Step) settle() error {
	present := []struct {
		kind string
		is   bool
	}{
		{stepStart, s.Start != ""},
		{stepHTTP, s.HTTP != nil && s.Start == ""},
		{stepFinish, s.Finish != ""},
		{stepOpen, s.Open != nil},
		{stepSend, s.Send != nil || s.SendHex != nil || s.Encode != nil},
		{stepSet, s.ExpectSet != nil},
		{stepRaw, s.ExpectRaw != nil},
		{stepSilence, s.Silence > 0},
		{stepEnds, s.Ends != nil},
		{stepClose, s.Close != nil},
		{stepDrop, s.Drop},
		{stepPause, s.Pause > 0},
	}
	for _, p := range present {
		if p.is && s.kind != "" {
			return fmt.Errorf("both %s and %s", s.kind, p.kind)
		}
		if p.is {
			s.kind = p.kind
		}
	}
	if s.kind == "" {
		s.kind = stepMessage
	}
	return s.settleExpect()
}

func (s *Step) settleExpect() error {
	switch s.kind {
	case stepHTTP, stepFinish, stepOpen:
		s.answer = &Answer{}
		if s.Expect == nil {
			return errors.New("no answer is expected")
		}
		if err := decodeStrictly(s.Expect, s.answer); err != nil {
			return fmt.Errorf("expect: %w", err)
		}
	case stepMessage:
		if s.Expect == nil && s.ExpectHex == nil && s.Decoded == nil {
			return errors.New("nothing to do")
		}
		if s.Expect != nil {
			if err := json.Unmarshal(s.Expect, &s.message); err != nil {
				return fmt.Errorf("expect: %w", err)
			}
		}
	case stepSet:
		for i := range s.ExpectSet {
			one := &s.ExpectSet[i]
			if err := one.settle(); err != nil {
				return fmt.Errorf("expectSet: %w", err)
			}
			if one.kind != stepMessage {
				return fmt.Errorf("expectSet: a %s is no message", one.kind)
			}
		}
	}
	needsStream := !slices.Contains([]string{stepHTTP, stepStart, stepFinish, stepPause}, s.kind)
	if needsStream != (s.On != "") && s.number > 0 {
		return fmt.Errorf("a step of kind %s and \"on\" do not go together so", s.kind)
	}
	return nil
}

// patience is how long anything may take that a step does not bound itself.
const patience = 5 * time.Second

func (s *Step) within() time.Duration {
	if s.Within > 0 {
		return time.Duration(s.Within) * time.Millisecond
	}
	return patience
}
