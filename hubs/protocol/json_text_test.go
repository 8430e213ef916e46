package protocol

import (
	"strings"
	"testing"
)

// Both ways to look at eight bytes at once, against looking at each.
func TestPlainText(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		for length := range 20 {
			for at := range length {
				s := strings.Repeat("x", at) + string([]byte{byte(c)}) + strings.Repeat("y", length-at-1)
				special := c == '"' || c == '\\' || c < ' '
				want := length
				if special {
					want = at
				}
				if got := plainPrefix([]byte(s)); got != want {
					t.Fatalf("%q: got a prefix of %d, want %d", s, got, want)
				}
				if got := isPlainASCII(s); got != (!special && c < 0x80) {
					t.Fatalf("%q: got %v", s, got)
				}
				if got := isPlainASCII([]byte(s)); got != (!special && c < 0x80) {
					t.Fatalf("%q as bytes: got %v", s, got)
				}
			}
		}
	}
	// A special byte must not hide behind another, nor behind its neighbours.
	for _, s := range []string{"\x1f!!!!!!!", "!!!!!!!\"", "\"#######", "########\\]]]]]]]", "\xff\x00\xff\x00\xff\x00\xff\x00", "]\\]\\]\\]\\"} {
		if want := strings.IndexFunc(s, func(r rune) bool { return r == '"' || r == '\\' || r < ' ' }); plainPrefix([]byte(s)) != want {
			t.Errorf("%q: got %d, want %d", s, plainPrefix([]byte(s)), want)
		}
		if isPlainASCII(s) {
			t.Errorf("%q is taken for plain", s)
		}
	}
}
