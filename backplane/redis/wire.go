package redis

import (
	"encoding/binary"
	"math"
)

// The payloads that nodes publish. Which kind one is follows from its channel;
// each is a MessagePack array that readers may find longer than they know it.

// invocation is a call of a client method, on the channels of all, groups,
// users and connections.
type invocation struct {
	excluded []string
	blobs    []blob

	// Both set if a result is wanted.
	id            string
	returnChannel string // without the prefix
}

// blob is the call as a finished, framed message of one hub protocol.
type blob struct {
	protocol string
	frame    []byte
}

// frame returns the message in a protocol, or nil.
func (m *invocation) frame(protocol string) []byte {
	for i := range m.blobs {
		if m.blobs[i].protocol == protocol {
			return m.blobs[i].frame
		}
	}
	return nil
}

// groupCommand asks the node that has the connection to change its groups.
type groupCommand struct {
	id           int32
	server       string // who wants the ack
	action       int64
	group        string
	connectionID string
}

// The actions of a group command. Any other is acknowledged and does nothing.
const (
	actionAdd    = 1
	actionRemove = 2
)

// completion is a client's result, on its way to who asked.
type completion struct {
	protocol string
	frame    []byte
}

func appendInvocation(dst []byte, m *invocation) []byte {
	if m.id == "" {
		dst = append(dst, 0x92)
	} else {
		dst = append(dst, 0x94)
	}
	dst = appendArrayLen(dst, len(m.excluded))
	for _, id := range m.excluded {
		dst = appendStr(dst, id)
	}
	dst = appendMapLen(dst, len(m.blobs))
	for _, b := range m.blobs {
		dst = appendStr(dst, b.protocol)
		dst = appendBin(dst, b.frame)
	}
	if m.id != "" {
		dst = appendStr(dst, m.id)
		dst = appendStr(dst, m.returnChannel)
	}
	return dst
}

func (c *groupCommand) encode() []byte {
	dst := []byte{0x95}
	dst = appendInt(dst, int64(c.id))
	dst = appendStr(dst, c.server)
	dst = appendInt(dst, c.action)
	dst = appendStr(dst, c.group)
	return appendStr(dst, c.connectionID)
}

func encodeAck(id int32) []byte {
	return appendInt([]byte{0x91}, int64(id))
}

func (c *completion) encode() []byte {
	dst := []byte{0x92}
	dst = appendStr(dst, c.protocol)
	return appendBin(dst, c.frame)
}

// parseInvocation reads a payload into m, whose slices are used again. What it
// stores aliases payload.
func parseInvocation(payload []byte, m *invocation) error {
	r := reader{rest: payload}
	items := r.array(2)
	m.excluded, m.blobs, m.id, m.returnChannel = m.excluded[:0], m.blobs[:0], "", ""
	for range r.array(0) {
		m.excluded = append(m.excluded, r.str())
	}
	for range r.mapping() {
		m.blobs = append(m.blobs, blob{protocol: r.str(), frame: r.bin()})
	}
	if items > 3 { // with three, the third is for others
		m.id, m.returnChannel = r.strOrNil(), r.strOrNil()
	}
	return r.err
}

func parseGroupCommand(payload []byte) (groupCommand, error) {
	r := reader{rest: payload}
	r.array(5)
	var c groupCommand
	c.id = r.int32()
	c.server = r.str()
	c.action = r.int()
	c.group = r.str()
	c.connectionID = r.str()
	return c, r.err
}

func parseAck(payload []byte) (int32, error) {
	r := reader{rest: payload}
	r.array(1)
	id := r.int32()
	return id, r.err
}

func parseCompletion(payload []byte) (completion, error) {
	r := reader{rest: payload}
	r.array(2)
	c := completion{protocol: r.str(), frame: r.bin()}
	return c, r.err
}

// The writers use the shortest form there is, and for numbers that are not
// negative an unsigned one.

func appendArrayLen(dst []byte, n int) []byte {
	switch {
	case n < 16:
		return append(dst, 0x90|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, 0xdc), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, 0xdd), uint32(n))
}

func appendMapLen(dst []byte, n int) []byte {
	if n < 16 {
		return append(dst, 0x80|byte(n))
	}
	return binary.BigEndian.AppendUint16(append(dst, 0xde), uint16(n))
}

func appendStr(dst []byte, s string) []byte {
	n := len(s)
	switch {
	case n < 32:
		dst = append(dst, 0xa0|byte(n))
	case n <= math.MaxUint8:
		dst = append(dst, 0xd9, byte(n))
	case n <= math.MaxUint16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0xda), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint32(append(dst, 0xdb), uint32(n))
	}
	return append(dst, s...)
}

func appendBin(dst, b []byte) []byte {
	n := len(b)
	switch {
	case n <= math.MaxUint8:
		dst = append(dst, 0xc4, byte(n))
	case n <= math.MaxUint16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0xc5), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint32(append(dst, 0xc6), uint32(n))
	}
	return append(dst, b...)
}

func appendInt(dst []byte, v int64) []byte {
	switch {
	case v >= 0 && v < 0x80:
		return append(dst, byte(v))
	case v >= 0 && v <= math.MaxUint8:
		return append(dst, 0xcc, byte(v))
	case v >= 0 && v <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, 0xcd), uint16(v))
	case v >= 0 && v <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, 0xce), uint32(v))
	case v >= 0:
		return binary.BigEndian.AppendUint64(append(dst, 0xcf), uint64(v))
	case v >= -32:
		return append(dst, byte(v))
	case v >= math.MinInt8:
		return append(dst, 0xd0, byte(v))
	case v >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(dst, 0xd1), uint16(v))
	case v >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(dst, 0xd2), uint32(v))
	}
	return binary.BigEndian.AppendUint64(append(dst, 0xd3), uint64(v))
}
