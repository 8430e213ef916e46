package protocol

// Parse implements [Protocol] (HubProtocol.md, JSON encoding). Members may come
// in any order, unknown ones are skipped and of two alike the last one counts.
// Everything is checked against JSON's grammar up to the closing brace; what
// follows that is ignored, and UTF-8 inside arguments, items and results is
// left for Unmarshal to judge.
func (JSON) Parse(payload []byte, m *Message) error {
	m.Reset()
	p := jsonParser{jsonScanner: jsonScanner{data: payload}, m: m}
	if err := p.message(); err != nil {
		return err
	}
	return nil
}

// jsonParser reads one message. The flags say which members were there.
type jsonParser struct {
	jsonScanner

	m *Message

	hasType, hasID, hasTarget, hasArguments, hasItem, hasSequenceID bool
}

func (p *jsonParser) message() *Error {
	if err := p.openObject(); err != nil {
		return err
	}
	for first := true; ; first = false {
		name, done, err := p.member(first)
		if err != nil {
			return err
		}
		if done {
			return p.check()
		}
		if err := p.property(name); err != nil {
			return err
		}
	}
}

// property reads the value of one member. Types are checked even where the
// message's type has no use for the member.
func (p *jsonParser) property(name []byte) (err *Error) {
	switch string(name) {
	case propertyType:
		var n int64
		n, err = p.integer(propertyType, 32)
		p.m.Type, p.hasType = Type(n), true
	case "invocationId":
		p.m.InvocationID, err = p.id()
	case "target":
		p.m.Target, err = p.text("target")
		p.hasTarget = true
	case "arguments":
		err = p.arguments()
	case "headers":
		err = p.headers()
	case "streamIds":
		err = p.streamIDs()
	case "item":
		p.m.Item, err = p.value()
		p.hasItem = true
	case "result":
		p.m.Result, err = p.value()
		p.m.HasResult = true
	case "error":
		var text []byte
		text, err = p.text("error")
		p.m.Error, p.m.HasError = string(text), true
	case "allowReconnect":
		err = p.allowReconnect()
	case "sequenceId":
		if p.hasSequenceID = !p.null(); p.hasSequenceID {
			p.m.SequenceID, err = p.integer("sequenceId", 64)
		}
	default:
		err = need(p.skip(1))
	}
	return err
}

func (p *jsonParser) id() (string, *Error) {
	text, err := p.text("invocationId")
	p.hasID = true
	return string(text), err
}

func (p *jsonParser) value() (Raw, *Error) {
	raw, ok := p.raw(1)
	return raw, need(ok)
}

func (p *jsonParser) allowReconnect() *Error {
	switch c := p.peek(); c {
	case 't', 'f':
		p.m.AllowReconnect = c == 't'
		return need(p.skip(1))
	}
	if err := p.unexpected("allowReconnect", ""); err == errReadingJSON {
		return err
	}
	return invalidData("Expected 'allowReconnect' to be true or false.")
}

// arguments notes where each argument lies.
func (p *jsonParser) arguments() *Error {
	if p.peek() != '[' {
		return p.unexpected("arguments", "Array")
	}
	p.hasArguments = true
	p.m.Arguments = p.m.Arguments[:0]
	return p.elements(func() *Error {
		raw, ok := p.raw(2)
		p.m.Arguments = append(p.m.Arguments, raw)
		return need(ok)
	})
}

func (p *jsonParser) streamIDs() *Error {
	if p.peek() != '[' {
		return p.unexpected("streamIds", "Array")
	}
	p.m.StreamIDs = p.m.StreamIDs[:0]
	return p.elements(func() *Error {
		switch c := p.peek(); c {
		case '"':
			text, err := p.text("streamIds")
			p.m.StreamIDs = append(p.m.StreamIDs, string(text))
			return err
		case 'n':
			if p.null() {
				return invalidData("Null value for 'streamIds' is not valid.")
			}
			return errReadingJSON
		default:
			if (c != '{' && c != '[') && !p.skip(2) {
				return errReadingJSON
			}
			return errNotAString(c)
		}
	})
}

// errNotAString is what the reference's JSON library says of a value that
// begins with c and is taken for a string.
func errNotAString(c byte) *Error {
	name := tokenName(c)
	if c == '{' || c == '[' {
		name = "Start" + name
	}
	return &Error{Kind: "InvalidOperationException", Text: "Cannot get the value of a token type '" + name + "' as a string."}
}

// elements calls element at each element of the array that comes next.
func (p *jsonParser) elements(element func() *Error) *Error {
	p.pos++
	if p.accept(']') {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if !p.accept(',') {
			return need(p.accept(']'))
		}
	}
}

func (p *jsonParser) headers() *Error {
	if p.peek() != '{' {
		return p.unexpected("headers", "StartObject")
	}
	p.pos++
	p.m.Headers = nil
	for first := true; ; first = false {
		name, done, err := p.member(first)
		if err != nil || done {
			return err
		}
		if p.peek() != '"' {
			if err := p.unexpected("", ""); err == errReadingJSON {
				return err
			}
			return invalidData("Expected header '" + string(name) + "' to be of type String.")
		}
		value, err := p.text("")
		if err != nil {
			return err
		}
		if p.m.Headers == nil {
			p.m.Headers = make(map[string]string)
		}
		p.m.Headers[string(name)] = string(value)
	}
}

// check makes sure that the message has what its type needs, in the order in
// which the reference asks.
func (p *jsonParser) check() *Error {
	m := p.m
	if !p.hasType {
		return errMissing(propertyType)
	}
	switch m.Type {
	case Invocation, StreamInvocation:
		switch {
		case !p.hasTarget:
			return errMissing("target")
		case m.Type == StreamInvocation && m.InvocationID == "":
			return errMissing("invocationId")
		case !p.hasArguments:
			return errMissing("arguments")
		}
	case StreamItem:
		switch {
		case p.hasItem && p.hasID && m.InvocationID == "":
			return &Error{Kind: "KeyNotFoundException", Text: "No stream with id '' could be found."}
		case m.InvocationID == "":
			return errMissing("invocationId")
		case !p.hasItem:
			return errMissing("item")
		}
	case Completion:
		switch {
		case m.InvocationID == "":
			return errMissing("invocationId")
		case m.HasError && m.HasResult:
			return invalidData("The 'error' and 'result' properties are mutually exclusive.")
		}
	case CancelInvocation:
		if m.InvocationID == "" {
			return errMissing("invocationId")
		}
	case Ack, Sequence:
		if !p.hasSequenceID {
			return errMissing("sequenceId")
		}
	}
	return nil
}
