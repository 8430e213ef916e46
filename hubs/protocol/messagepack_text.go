package protocol

import (
	"unicode/utf8"
)

// validUTF8 returns b, or where it is no UTF-8 a copy in which each bad part is
// a U+FFFD: as .NET decodes, not as Go does. A sequence that begins well and
// breaks off is one part; else each byte is.
func validUTF8(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	out := make([]byte, 0, len(b)+utf8.UTFMax)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			n = badPart(b)
		}
		out = utf8.AppendRune(out, r)
		b = b[n:]
	}
	return out
}

// badPart is the length of the longest start of b that could have become a
// rune, at least 1 (The Unicode Standard, "maximal subpart").
func badPart(b []byte) int {
	n := 1
	for n < len(b) && n < utf8.UTFMax && !utf8.FullRune(b[:n+1]) {
		n++
	}
	if utf8.FullRune(b[:1]) {
		return 1 // no lead byte
	}
	return n
}

// packFormatName is the reference's name of the format whose first byte is c.
func packFormatName(c byte) string {
	switch {
	case c < 0x80:
		return "positive fixint"
	case c >= 0xe0:
		return "negative fixint"
	case c >= 0xc0:
		return [...]string{
			"nil", "(never used)", "false", "true", "bin 8", "bin 16", "bin 32", "ext 8", "ext 16", "ext 32", "float 32", "float 64",
			"uint 8", "uint 16", "uint 32", "uint 64", "int 8", "int 16", "int 32", "int 64", "fixext 1", "fixext 2", "fixext 4",
			"fixext 8", "fixext 16", "str 8", "str 16", "str 32", "array 16", "array 32", "map 16", "map 32",
		}[c-0xc0]
	case c >= 0xa0:
		return "fixstr"
	case c >= 0x90:
		return "fixarray"
	}
	return "fixmap"
}
