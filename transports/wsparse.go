package transports

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// frameReader takes the frames of a client apart (RFC 6455, 5). It works in
// place on whatever has come, and keeps what it has to know of a frame or a
// message that has not come as a whole.
type frameReader struct {
	left   int64  // payload bytes of the frame at hand that have not come
	key    uint32 // its mask, turned so that the next byte's is lowest
	final  bool   // it is the last of its message
	inside bool   // a message has begun and not ended
	text   bool   // it is a text message
	check  utf8Checker
}

// errPeerClosed is the end of a stream with a close frame.
var errPeerClosed = fmt.Errorf("received a close frame: %w", ErrClosedByClient)

// consume takes b apart, which goes on where the call before stopped. It moves
// the payloads of data frames to the front of b and returns how many bytes that
// makes, and where what it could not use yet begins: the start of a header, or
// of a control frame, of which it needs all. Pings go to pong. The error is
// errPeerClosed or wraps ErrProtocol; the payloads before it are good.
func (f *frameReader) consume(b []byte, pong func(payload []byte)) (payload, rest int, err error) {
	for {
		if f.left > 0 {
			n := int(min(f.left, int64(len(b)-rest)))
			if err := f.unmask(b[payload:payload+n], b[rest:rest+n]); err != nil {
				return payload, rest, err
			}
			payload += n
			rest += n
			if f.left > 0 {
				return payload, rest, nil
			}
		}
		n, err := f.begin(b[rest:], pong)
		rest += n
		if err != nil || n == 0 {
			return payload, rest, err
		}
	}
}

// unmask moves a part of a payload to its place, and checks it.
func (f *frameReader) unmask(part, masked []byte) error {
	f.key = unmask(part, masked, f.key)
	f.left -= int64(len(part))
	if f.text && !f.check.write(part) {
		return ErrInvalidUTF8
	}
	if f.left == 0 {
		return f.frameEnd()
	}
	return nil
}

// begin reads the header that b begins with, of a control frame all of it, and
// returns how many bytes that is; zero if they are not all there.
func (f *frameReader) begin(b []byte, pong func([]byte)) (n int, err error) {
	h, ok := parseHeader(b)
	if !ok {
		return 0, nil
	}
	if err := f.judge(h); err != nil {
		return h.size, err
	}
	if h.op >= opClose {
		whole := h.size + int(h.length)
		if len(b) < whole {
			return 0, nil
		}
		body := b[h.size:whole]
		unmask(body, body, h.key)
		return whole, control(h.op, body, pong)
	}
	if h.op != opContinuation {
		f.text = h.op == opText
	}
	f.left, f.key, f.final, f.inside = h.length, h.key, h.final, true
	if f.left == 0 {
		return h.size, f.frameEnd()
	}
	return h.size, nil
}

// frameEnd ends the frame at hand, and with it perhaps the message.
func (f *frameReader) frameEnd() error {
	if !f.final {
		return nil
	}
	f.inside = false
	if f.text && !f.check.end() {
		return ErrInvalidUTF8
	}
	return nil
}

func violation(what string) error { return fmt.Errorf("%w: %s", ErrProtocol, what) }

// judge says what is wrong with a frame at this place.
func (f *frameReader) judge(h header) error {
	switch {
	case h.length < 0:
		return violation("length is out of range")
	case h.reserved:
		return violation("reserved bits are set")
	case !h.masked:
		return violation("frame is not masked")
	case h.op >= opClose && !h.final:
		return violation("control frame in fragments")
	case h.op >= opClose && h.length > maxControl:
		return violation("control frame is too long")
	}
	switch h.op {
	case opContinuation:
		if !f.inside {
			return violation("continuation of nothing")
		}
	case opText, opBinary:
		if f.inside {
			return violation("message within a message")
		}
	case opClose, opPing, opPong:
	default:
		return violation("unknown opcode")
	}
	return nil
}

// control does what a control frame asks for. Pongs ask for nothing.
func control(op byte, body []byte, pong func([]byte)) error {
	switch op {
	case opPing:
		pong(body)
	case opClose:
		switch {
		case len(body) == 0:
		case len(body) == 1 || !validCloseCode(binary.BigEndian.Uint16(body)):
			return violation("bad close code")
		case !utf8.Valid(body[2:]):
			return ErrInvalidUTF8
		}
		return errPeerClosed
	}
	return nil
}

// validCloseCode reports whether a close frame may have this code (RFC 6455,
// 7.4, and IANA's registry).
func validCloseCode(code uint16) bool {
	switch {
	case code < 1000, code == 1004, code == 1005, code == 1006:
		return false
	}
	return code <= 1014 || code >= 3000 && code <= 4999
}

// header is that of a client's frame.
type header struct {
	size     int   // of the header itself
	length   int64 // of the payload; negative: more than there can be
	key      uint32
	op       byte
	final    bool
	masked   bool
	reserved bool
}

// parseHeader reads the header that b begins with, if it is there as a whole.
func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < 2 {
		return h, false
	}
	h.op, h.final, h.reserved = b[0]&0xF, b[0]&final != 0, b[0]&0x70 != 0
	h.size, h.length, h.masked = 2, int64(b[1]&0x7F), b[1]&0x80 != 0
	switch h.length {
	case 126:
		if h.size = 4; len(b) < h.size {
			return h, false
		}
		h.length = int64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		if h.size = 10; len(b) < h.size {
			return h, false
		}
		n := binary.BigEndian.Uint64(b[2:])
		if n > math.MaxInt64 {
			h.length = -1
			return h, true
		}
		h.length = int64(n)
	}
	if h.masked {
		if len(b) < h.size+4 {
			return h, false
		}
		h.key = binary.LittleEndian.Uint32(b[h.size:])
		h.size += 4
	}
	return h, true
}

// unmask writes src without its mask to dst, which may begin before src in the
// same memory, and returns the key for what follows.
func unmask(dst, src []byte, key uint32) uint32 {
	long := uint64(key) | uint64(key)<<32
	for len(src) >= 8 && len(dst) >= 8 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(src)^long)
		dst, src = dst[8:], src[8:]
	}
	for i := range src {
		dst[i] = src[i] ^ byte(key)
		key = key>>8 | key<<24
	}
	return key
}
