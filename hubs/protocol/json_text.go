package protocol

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Eight bytes at a time: each constant is one byte value in all eight lanes.
const (
	lanesOnes      = 0x0101010101010101
	lanesHigh      = 0x8080808080808080
	lanesQuote     = '"' * lanesOnes
	lanesBackslash = '\\' * lanesOnes
	lanesBlank     = ' ' * lanesOnes
)

// plainPrefix is how many bytes at the start of b need no attention inside a
// JSON string: everything but quotes, backslashes and control characters.
func plainPrefix(b []byte) int {
	n := 0
	for ; len(b)-n >= 8; n += 8 {
		w := binary.LittleEndian.Uint64(b[n:])
		quote, backslash := w^lanesQuote, w^lanesBackslash
		// The classic test for a zero lane, and for a lane below a blank: a borrow
		// may raise a false alarm, but only above a true one.
		special := (quote-lanesOnes)&^quote | (backslash-lanesOnes)&^backslash | (w-lanesBlank)&^w
		if special &= lanesHigh; special != 0 {
			return n + bits.TrailingZeros64(special)/8
		}
	}
	for ; n < len(b); n++ {
		if c := b[n]; c == '"' || c == '\\' || c < ' ' {
			break
		}
	}
	return n
}

// unquote returns the text of a JSON string, given what stands between its
// quotes. It is valid UTF-8, or ok is false: a lone surrogate has no text.
// Without escapes it aliases raw.
func unquote(raw []byte, escaped bool) (text []byte, ok bool) {
	if !escaped {
		return raw, utf8.Valid(raw)
	}
	quoted := make([]byte, 0, len(raw)+2)
	quoted = append(quoted, '"')
	quoted = append(quoted, raw...)
	quoted = append(quoted, '"')
	text, err := jsontext.AppendUnquote(make([]byte, 0, len(raw)), quoted)
	return text, err == nil
}

// appendJSONString writes s as a JSON string. What is no UTF-8 becomes U+FFFD.
func appendJSONString[S ~string | ~[]byte](dst []byte, s S) []byte {
	if !isPlainASCII(s) {
		// The error tells of invalid UTF-8, which has been replaced.
		dst, _ = jsontext.AppendQuote(dst, s)
		return dst
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// isPlainASCII reports whether s may stand between quotes as it is.
func isPlainASCII[S ~string | ~[]byte](s S) bool {
	n := 0
	for ; len(s)-n >= 8; n += 8 {
		b := s[n : n+8] // one load: the compiler sees what the next line means
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		quote, backslash := w^lanesQuote, w^lanesBackslash
		if special := (quote - lanesOnes) | (backslash - lanesOnes) | (w - lanesBlank) | w; special&lanesHigh != 0 {
			return false
		}
	}
	for ; n < len(s); n++ {
		if c := s[n]; c == '"' || c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
