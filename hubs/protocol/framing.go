package protocol

import (
	"bytes"
	"math"
)

// maxFrameLength is what five bytes of seven bits may announce (MessagePack: HubProtocol.md).
const maxFrameLength = math.MaxInt32

// maxLengthPrefix is the size of the longest length prefix.
const maxLengthPrefix = 5

// splitText cuts off what precedes the first record separator. A JSON string
// never holds that byte: it would have to be escaped.
func splitText(buf []byte) (payload, rest []byte, ok bool) {
	end := bytes.IndexByte(buf, RecordSeparator)
	if end < 0 {
		return nil, buf, false
	}
	return buf[:end:end], buf[end+1:], true
}

// splitBinary cuts off the body behind a length prefix: seven bits a byte, the
// least significant first, the high bit set in all but the last. Over-long
// prefixes are fine as long as they have no more than five bytes.
func splitBinary(buf []byte) (payload, rest []byte, ok bool, err error) {
	var length uint64
	for i := range min(len(buf), maxLengthPrefix) {
		length |= uint64(buf[i]&0x7f) << (7 * i)
		if buf[i]&0x80 != 0 {
			continue
		}
		if length > maxFrameLength {
			return nil, buf, false, errFrameTooLong()
		}
		start := i + 1
		if uint64(len(buf)-start) < length {
			return nil, buf, false, nil
		}
		end := start + int(length)
		return buf[start:end:end], buf[end:], true, nil
	}
	if len(buf) >= maxLengthPrefix {
		return nil, buf, false, errFrameTooLong()
	}
	return nil, buf, false, nil
}

func errFrameTooLong() *Error {
	return &Error{Kind: "FormatException", Text: "Messages over 2GB in size are not supported."}
}

// openFrame leaves room for a length prefix of one byte, which most frames need.
func openFrame(dst []byte) []byte { return append(dst, 0) }

// closeFrame writes the length prefix of the body that follows [openFrame] at
// dst[start], moving the body where the prefix needs more room.
func closeFrame(dst []byte, start int) []byte {
	length := len(dst) - start - 1
	if length < 0x80 {
		dst[start] = byte(length)
		return dst
	}
	var prefix [maxLengthPrefix]byte
	n := 0
	for v := length; ; n++ {
		prefix[n] = byte(v & 0x7f)
		if v >>= 7; v == 0 {
			break
		}
		prefix[n] |= 0x80
	}
	dst = append(dst, prefix[:n]...) // room for the move
	copy(dst[start+n+1:], dst[start+1:start+1+length])
	copy(dst[start:], prefix[:n+1])
	return dst
}
