package protocol

import (
	"unicode"
	"unicode/utf8"
)

// CamelCase is how [JSON] names a struct field that has no name in its tag, as
// ASP.NET Core does: capitals at the start become small, up to the one before a
// small letter. ID becomes id, URLValue urlValue, IPAddress ipAddress.
func CamelCase(name string) string {
	runes := []rune(name)
	if len(runes) == 0 || !unicode.IsUpper(runes[0]) {
		return name
	}
	for i := range runes {
		if i == 1 && !unicode.IsUpper(runes[i]) {
			break
		}
		if i > 0 && i+1 < len(runes) && !unicode.IsUpper(runes[i+1]) {
			break
		}
		runes[i] = unicode.ToLower(runes[i])
	}
	return string(runes)
}

// appendFolded appends name in the form in which names that differ only in
// case are alike.
func appendFolded(dst, name []byte) []byte {
	for i := 0; i < len(name); {
		c := name[i]
		switch {
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(name[i:])
			dst = utf8.AppendRune(dst, unicode.ToLower(unicode.ToUpper(r)))
			i += n
			continue
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		dst = append(dst, c)
		i++
	}
	return dst
}
