package transports

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/hubwire/signalr/internal/bufpool"
)

// What frames are made of (RFC 6455, 5.2 and 7.4).
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA

	final = 0x80

	closeNormal         = 1000
	closeProtocolError  = 1002
	closeInvalidPayload = 1007

	closeFrameSize = 4
	maxControl     = 125
)

// headerSize is the length of the header for a payload of n bytes.
func headerSize(n int) int {
	switch {
	case n < 126:
		return 2
	case n <= math.MaxUint16:
		return 4
	}
	return 10
}

// putHeader writes the header for a payload of n bytes to the start of b.
func putHeader(b []byte, op byte, n int) {
	b[0] = final | op
	switch headerSize(n) {
	case 2:
		b[1] = byte(n)
	case 4:
		b[1] = 126
		binary.BigEndian.PutUint16(b[2:], uint16(n))
	default:
		b[1] = 127
		binary.BigEndian.PutUint64(b[2:], uint64(n))
	}
}

// frameInPlace makes one message of the payload of buf, or two where split says
// that it changes from text to binary, and returns where the first begins.
func frameInPlace(buf *bufpool.Buffer, split int, isBinary bool) (framed *bufpool.Buffer, start int) {
	op := byte(opText) // a server's frames are final and not masked
	if isBinary {
		op = opBinary
	}
	if split > frameRoom && split < len(buf.B) {
		n := len(buf.B) - split
		size := headerSize(n)
		buf = buf.Grow(size)
		buf.B = buf.B[:len(buf.B)+size]
		copy(buf.B[split+size:], buf.B[split:split+n])
		putHeader(buf.B[split:], opBinary, n)
		op = opText
	} else {
		if split >= len(buf.B) {
			op = opText
		}
		split = len(buf.B)
	}
	n := split - frameRoom
	start = frameRoom - headerSize(n)
	putHeader(buf.B[start:], op, n)
	return buf, start
}

// appendClose appends a close frame without a reason.
func appendClose(b []byte, code uint16) []byte {
	return append(b, final|opClose, 2, byte(code>>8), byte(code))
}

// appendPong appends the answer to a ping, whose payload has at most 125 bytes.
func appendPong(b, payload []byte) []byte {
	return append(append(b, final|opPong, byte(len(payload))), payload...)
}

// utf8Checker checks the text of a message that comes in pieces.
type utf8Checker struct {
	part [utf8.UTFMax]byte // the start of a character
	n    int               // bytes of it
}

// write reports whether p can go on what came before.
func (u *utf8Checker) write(p []byte) bool {
	for u.n > 0 && len(p) > 0 {
		u.part[u.n] = p[0]
		u.n++
		p = p[1:]
		if utf8.FullRune(u.part[:u.n]) {
			r, size := utf8.DecodeRune(u.part[:u.n])
			if r == utf8.RuneError && size < 2 {
				return false
			}
			u.n = 0
		}
	}
	if u.n > 0 {
		return true
	}
	whole := len(p)
	for back := 1; back <= min(len(p), utf8.UTFMax-1); back++ {
		if b := p[len(p)-back]; utf8.RuneStart(b) {
			if !utf8.FullRune(p[len(p)-back:]) {
				whole = len(p) - back
			}
			break
		}
	}
	u.n = copy(u.part[:], p[whole:])
	return utf8.Valid(p[:whole])
}

// end reports whether the message may end here, and begins a new one.
func (u *utf8Checker) end() bool {
	whole := u.n == 0
	u.n = 0
	return whole
}
