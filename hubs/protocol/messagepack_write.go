package protocol

import (
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"
)

// AppendInvocation implements [Encoder].
func (p MessagePack) AppendInvocation(dst []byte, invocationID, target string, args []any) ([]byte, error) {
	start := len(dst)
	dst = openPack(dst, 6, Invocation)
	dst = msgp.AppendMapHeader(dst, 0)
	if invocationID == "" {
		dst = msgp.AppendNil(dst)
	} else {
		dst = appendPackString(dst, invocationID)
	}
	dst = appendPackString(dst, target)
	dst = msgp.AppendArrayHeader(dst, uint32(len(args)))
	var err error
	for i, arg := range args {
		if dst, err = p.appendValue(dst, arg); err != nil {
			return dst[:start], inArgument(i, err)
		}
	}
	dst = msgp.AppendArrayHeader(dst, 0) // streams
	return closeFrame(dst, start), nil
}

// AppendStreamItem implements [Encoder].
func (p MessagePack) AppendStreamItem(dst []byte, invocationID string, item any) ([]byte, error) {
	start := len(dst)
	dst = openPackWithID(dst, 4, StreamItem, invocationID)
	dst, err := p.appendValue(dst, item)
	if err != nil {
		return dst[:start], err
	}
	return closeFrame(dst, start), nil
}

// AppendResult implements [Encoder].
func (p MessagePack) AppendResult(dst []byte, invocationID string, result any) ([]byte, error) {
	start := len(dst)
	dst = openPackWithID(dst, 5, Completion, invocationID)
	dst = append(dst, resultValue)
	dst, err := p.appendValue(dst, result)
	if err != nil {
		return dst[:start], err
	}
	return closeFrame(dst, start), nil
}

// AppendError implements [Encoder].
func (MessagePack) AppendError(dst []byte, invocationID, text string) []byte {
	start := len(dst)
	dst = openPackWithID(dst, 5, Completion, invocationID)
	dst = append(dst, resultError)
	dst = appendPackString(dst, text)
	return closeFrame(dst, start)
}

// AppendEnd implements [Encoder].
func (MessagePack) AppendEnd(dst []byte, invocationID string) []byte {
	start := len(dst)
	dst = openPackWithID(dst, 4, Completion, invocationID)
	dst = append(dst, resultVoid)
	return closeFrame(dst, start)
}

// AppendPing implements [Encoder].
func (MessagePack) AppendPing(dst []byte) []byte {
	return append(dst, 0x02, 0x91, byte(Ping))
}

// AppendClose implements [Encoder].
func (MessagePack) AppendClose(dst []byte, text string, allowReconnect bool) []byte {
	start := len(dst)
	dst = openPack(dst, 3, Close)
	if text == "" {
		dst = msgp.AppendNil(dst)
	} else {
		dst = appendPackString(dst, text)
	}
	dst = msgp.AppendBool(dst, allowReconnect)
	return closeFrame(dst, start)
}

// AppendAck implements [Encoder].
func (MessagePack) AppendAck(dst []byte, sequenceID int64) []byte {
	return appendPackSequence(dst, Ack, sequenceID)
}

// AppendSequence implements [Encoder].
func (MessagePack) AppendSequence(dst []byte, sequenceID int64) []byte {
	return appendPackSequence(dst, Sequence, sequenceID)
}

func appendPackSequence(dst []byte, t Type, sequenceID int64) []byte {
	start := len(dst)
	dst = openPack(dst, 2, t)
	dst = appendPackInt(dst, sequenceID)
	return closeFrame(dst, start)
}

// openPack begins a message of so many items, the type being the first.
func openPack(dst []byte, items uint32, t Type) []byte {
	dst = openFrame(dst)
	dst = msgp.AppendArrayHeader(dst, items)
	return append(dst, byte(t))
}

// openPackWithID begins a message whose next items are headers and an id.
func openPackWithID(dst []byte, items uint32, t Type, invocationID string) []byte {
	dst = openPack(dst, items, t)
	dst = msgp.AppendMapHeader(dst, 0)
	return appendPackString(dst, invocationID)
}

// appendPackInt writes n in the shortest form, and in the unsigned family where
// it can: the reference does, and the MessagePack specification lets both.
func appendPackInt(dst []byte, n int64) []byte {
	if n >= 0 {
		return msgp.AppendUint64(dst, uint64(n))
	}
	return msgp.AppendInt64(dst, n)
}

// appendPackString writes s as text. What is no UTF-8 becomes U+FFFD.
func appendPackString(dst []byte, s string) []byte {
	if !utf8.ValidString(s) {
		return msgp.AppendStringFromBytes(dst, validUTF8([]byte(s)))
	}
	return msgp.AppendString(dst, s)
}
