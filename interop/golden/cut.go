package golden

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// recordSeparator ends a handshake answer and every message of the JSON protocol.
const recordSeparator = 0x1e

// Message is one hub message as it was received.
type Message struct {
	Bytes     []byte // with its record separator or length prefix
	Frame     string // opcode of its WebSocket message, text or binary; else empty
	Handshake bool   // the answer to the handshake, JSON in every protocol
	Binary    bool   // MessagePack
}

// cutter cuts what one connection received into hub messages.
type cutter struct {
	protocol  string
	handshake bool // the answer to the handshake is still to come
}

// cut returns the messages of one WebSocket message, event or poll. How many
// share it is the server's business, but each must be whole: official clients
// parse what they receive at once and do not wait for a rest.
func (c *cutter) cut(frame string, data []byte) ([]Message, error) {
	var messages []Message
	for len(data) > 0 {
		m := Message{Frame: frame, Handshake: c.handshake, Binary: c.protocol == protocolMessagePack && !c.handshake}
		n, err := endOfMessage(data, m.Binary)
		if err != nil {
			return messages, fmt.Errorf("cutting what was received into hub messages: %w (left: %s)", err, excerpt(data))
		}
		c.handshake = false
		m.Bytes, data = data[:n], data[n:]
		messages = append(messages, m)
	}
	return messages, nil
}

// errNotWhole is a hub message that does not end where its carrier ends.
var errNotWhole = errors.New("the last message is not whole")

func endOfMessage(data []byte, binaryProtocol bool) (int, error) {
	if !binaryProtocol {
		at := bytes.IndexByte(data, recordSeparator)
		if at < 0 {
			return 0, errNotWhole
		}
		return at + 1, nil
	}
	length, width := binary.Uvarint(data)
	switch {
	case width == 0:
		return 0, errNotWhole
	case width < 0 || width > 5 || length > math.MaxInt32:
		return 0, errors.New("a length prefix of more than 31 bits")
	case length > uint64(len(data)-width):
		return 0, errNotWhole
	}
	return width + int(length), nil
}

// payload is the message without record separator or length prefix.
func (m Message) payload() []byte {
	if !m.Binary {
		return bytes.TrimSuffix(m.Bytes, []byte{recordSeparator})
	}
	_, width := binary.Uvarint(m.Bytes)
	return m.Bytes[width:]
}

// value parses the message.
func (m Message) value() (any, error) {
	if m.Binary {
		return parseMessagePack(m.payload())
	}
	return parseJSON(m.payload())
}

// kind is the type of the hub message, 0 for what has none or cannot be read.
func (m Message) kind() int {
	if m.Handshake {
		return 0
	}
	v, err := m.value()
	if err != nil {
		return 0
	}
	switch v := v.(type) {
	case Array:
		if len(v) > 0 {
			return typeNumber(v[0])
		}
	case Object:
		for _, member := range v {
			if member.Key == "type" {
				return typeNumber(member.Value)
			}
		}
	}
	return 0
}

// typeNumber reads a message type; all there are have one digit.
func typeNumber(v any) int {
	var text string
	switch v := v.(type) {
	case Int:
		text = string(v)
	case Number:
		text = string(v)
	}
	if len(text) != 1 || text[0] < '0' || text[0] > '9' {
		return 0
	}
	return int(text[0] - '0')
}

// String shows the message in diagnostics.
func (m Message) String() string {
	if m.Binary {
		if v, err := m.value(); err == nil {
			return fmt.Sprintf("%s = %s", excerpt(m.Bytes), toNotation(v))
		}
	}
	return excerpt(m.Bytes)
}

// excerpt shows bytes at a length that fits a test's output: text as text,
// else in hexadecimal.
func excerpt(b []byte) string {
	const most = 400
	readable := utf8.Valid(b) && !bytes.ContainsFunc(b, func(r rune) bool {
		return r < ' ' && r != recordSeparator && r != '\r' && r != '\n' && r != '\t'
	})
	more := ""
	if len(b) > most {
		more = fmt.Sprintf(" ... (%d bytes in all)", len(b))
		b = b[:most]
	}
	if readable {
		return fmt.Sprintf("%q%s", b, more)
	}
	return fmt.Sprintf("%x%s", b, more)
}
