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
	for i := range len(s) {
		if c := s[i]; c == '"' || c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			// The error tells of invalid UTF-8, which has been replaced.
			dst, _ = jsontext.AppendQuote(dst, s)
			return dst
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
