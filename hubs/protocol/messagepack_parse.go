package protocol

import (
	"strconv"

	"github.com/tinylib/msgp/msgp"
)

// Parse implements [Protocol] (HubProtocol.md, MessagePack encoding). The
// number of items is asked only where the protocol has grown; surplus items and
// bytes are ignored.
func (MessagePack) Parse(payload []byte, m *Message) error {
	m.Reset()
	p := packParser{rest: payload, m: m}
	if err := p.message(); err != nil {
		return err
	}
	return nil
}

// packParser reads one message; rest is what it has not read.
type packParser struct {
	rest []byte
	m    *Message
}

func (p *packParser) message() *Error {
	items, ok := p.open(packArray)
	if !ok {
		return errUnexpected(p.rest, packArray)
	}
	n, rest, err := msgp.ReadInt32Bytes(p.rest)
	if err != nil {
		return errReading("messageType", "Int32")
	}
	p.rest, p.m.Type = rest, Type(n)
	switch p.m.Type {
	case Invocation, StreamInvocation:
		return p.invocation(items > 5)
	case StreamItem:
		return p.streamItem()
	case Completion:
		return p.completion()
	case CancelInvocation:
		return p.headersAndID()
	case Close:
		return p.close(items > 2)
	case Ack, Sequence:
		return p.sequence()
	}
	return nil // a ping has no more, of other types nothing is known
}

// open reads the head of an array or map and returns how many values follow,
// which are there: each has at least a byte. Where ok is false nothing is read.
func (p *packParser) open(kind packKind) (values int, ok bool) {
	head := scanPack(p.rest)
	if head.kind != kind || head.values() > uint64(len(p.rest)-head.size) {
		return 0, false
	}
	p.rest = p.rest[head.size:]
	return int(head.values()), true
}

func (p *packParser) invocation(hasStreams bool) *Error {
	if err := p.headersAndID(); err != nil {
		return err
	}
	target, err := p.text("target")
	switch {
	case err != nil:
		return err
	case len(target) == 0:
		return errEmpty("target for " + p.typeName() + " message")
	}
	p.m.Target = target
	// What is wrong with the arguments fails the call alone, so nothing behind
	// them is looked at either.
	if p.m.ArgumentsErr = p.arguments(); p.m.ArgumentsErr == nil && hasStreams {
		return p.streamIDs()
	}
	return nil
}

func (p *packParser) arguments() error {
	n, ok := p.open(packArray)
	if !ok {
		return errReadingLength("array", "arguments")
	}
	b := p.rest
	for range n {
		rest, ok := skipPack(b, 0)
		if !ok {
			return errArguments
		}
		p.m.Arguments = append(p.m.Arguments, Raw(b[:len(b)-len(rest):len(b)-len(rest)]))
		b = rest
	}
	p.rest = b
	return nil
}

func (p *packParser) streamIDs() *Error {
	n, ok := p.open(packArray)
	if !ok {
		return errReadingLength("array", "streamIds")
	}
	for range n {
		id, ok := p.optionalText()
		switch {
		case !ok:
			return errUnexpected(p.rest, packStr)
		case len(id) == 0:
			return errEmpty("value in streamIds received")
		}
		p.m.StreamIDs = append(p.m.StreamIDs, string(id))
	}
	return nil
}

func (p *packParser) streamItem() *Error {
	if err := p.headersAndID(); err != nil {
		return err
	}
	p.m.Item = p.value()
	return nil
}

// value takes the next value. One that is broken or missing is the business of
// whoever unmarshals it: the reference, too, tells the stream, not the connection.
func (p *packParser) value() Raw {
	rest, ok := skipPack(p.rest, 0)
	if !ok {
		return Raw(p.rest)
	}
	end := len(p.rest) - len(rest)
	return Raw(p.rest[:end:end])
}

// The kinds of a completion.
const (
	resultError = 1
	resultVoid  = 2
	resultValue = 3
)

func (p *packParser) completion() *Error {
	if err := p.headersAndID(); err != nil {
		return err
	}
	kind, rest, err := msgp.ReadInt32Bytes(p.rest)
	if err != nil {
		return errReading("resultKind", "Int32")
	}
	p.rest = rest
	switch kind {
	case resultError:
		return p.error()
	case resultVoid:
	case resultValue:
		p.m.Result, p.m.HasResult = p.value(), true
	default:
		return invalidData("Invalid invocation result kind.")
	}
	return nil
}

func (p *packParser) error() *Error {
	text, err := p.text("error")
	p.m.Error, p.m.HasError = string(text), text != nil
	return err
}

func (p *packParser) close(hasAllowReconnect bool) *Error {
	if err := p.error(); err != nil || !hasAllowReconnect {
		return err
	}
	allow, _, err := msgp.ReadBoolBytes(p.rest)
	if err != nil {
		return errReading("allowReconnect", "Boolean")
	}
	p.m.AllowReconnect = allow
	return nil
}

func (p *packParser) sequence() *Error {
	id, _, err := msgp.ReadInt64Bytes(p.rest)
	if err != nil {
		return errReading("sequenceId", "Int64")
	}
	p.m.SequenceID = id
	return nil
}

// headersAndID reads what five of the message types begin with.
func (p *packParser) headersAndID() *Error {
	if err := p.headers(); err != nil {
		return err
	}
	id, err := p.text("invocationId")
	switch {
	case err != nil:
		return err
	case len(id) == 0 && p.m.Type != Invocation:
		return errEmpty("invocation ID for " + p.typeName() + " message")
	}
	p.m.InvocationID = string(id)
	return nil
}

func (p *packParser) headers() *Error {
	n, ok := p.open(packMap)
	if !ok {
		return errReadingLength("map", "headers")
	}
	for i := range n / 2 {
		key, err := p.header(i, "Key")
		if err != nil {
			return err
		}
		value, err := p.header(i, "Value")
		if err != nil {
			return err
		}
		if p.m.Headers == nil {
			p.m.Headers = make(map[string]string)
		}
		if _, exists := p.m.Headers[key]; exists {
			return &Error{Kind: "ArgumentException", Text: "An item with the same key has already been added. Key: " + key}
		}
		p.m.Headers[key] = value
	}
	return nil
}

// header reads the key or the value of header i.
func (p *packParser) header(i int, part string) (string, *Error) {
	text, ok := p.optionalText()
	switch {
	case !ok:
		return "", errReading("headers["+strconv.Itoa(i)+"]."+part, "String")
	case len(text) > 0:
		return string(text), nil
	case part == "Key":
		return "", errEmpty("key in header")
	}
	return "", errEmpty("value in header")
}

// text reads a string or nil, the item called name. It is valid UTF-8 and
// aliases the payload where that was valid already.
func (p *packParser) text(name string) ([]byte, *Error) {
	text, ok := p.optionalText()
	if !ok {
		return nil, errReading(name, "String")
	}
	return text, nil
}

// optionalText is nil for nil, and not nil for an empty string.
func (p *packParser) optionalText() (text []byte, ok bool) {
	head := scanPack(p.rest)
	switch head.kind {
	case packStr:
		text = validUTF8(p.rest[head.body:head.size:head.size])
	case packNil:
	default:
		return nil, false
	}
	p.rest = p.rest[head.size:]
	return text, true
}

func (p *packParser) typeName() string {
	switch p.m.Type {
	case Invocation:
		return "Invocation"
	case StreamInvocation:
		return "StreamInvocation"
	case StreamItem:
		return "StreamItem"
	case Completion:
		return "Completion"
	}
	return "CancelInvocation"
}

// errArguments is why a call fails whose arguments are no MessagePack.
var errArguments = invalidData("Error binding arguments. " +
	"Make sure that the types of the provided values match the types of the hub method being invoked.")

func errReading(name, kind string) *Error {
	return invalidData("Reading '" + name + "' as " + kind + " failed.")
}

func errReadingLength(kind, name string) *Error {
	return invalidData("Reading " + kind + " length for '" + name + "' failed.")
}

func errEmpty(what string) *Error { return invalidData("Null or empty " + what + ".") }

// errUnexpected is the error for b where a value of the wanted kind must be, in
// the words of the reference's MessagePack library: if it begins like one, there
// is too little of it.
func errUnexpected(b []byte, want packKind) *Error {
	if len(b) == 0 || packKindOf(b[0]) == want {
		return &Error{Kind: "EndOfStreamException", Text: "Attempted to read past the end of the stream."}
	}
	return &Error{
		Kind: "MessagePackSerializationException",
		Text: "Unexpected msgpack code " + strconv.Itoa(int(b[0])) + " (" + packFormatName(b[0]) + ") encountered.",
	}
}

// packKindOf is the kind of values whose first byte is c.
func packKindOf(c byte) packKind {
	var b [9]byte
	b[0] = c
	return packHeadOf(b[:]).kind
}
