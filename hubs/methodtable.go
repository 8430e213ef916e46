package hubs

import (
	"unicode"
	"unicode/utf8"
)

// methodTable finds hub methods by their name on the wire, without regard to
// case. It is complete before it is used and never changes then.
type methodTable struct {
	exact  map[string]*method
	folded map[string]*method // by folded name
}

func newMethodTable() *methodTable {
	return &methodTable{exact: make(map[string]*method), folded: make(map[string]*method)}
}

// add adds m, unless another method has its name: then it returns that.
func (t *methodTable) add(m *method) (other *method) {
	key := string(appendFolded(nil, []byte(m.name)))
	if other, taken := t.folded[key]; taken {
		return other
	}
	t.exact[m.name], t.folded[key] = m, m
	return nil
}

// find returns the method of that name, or nil. It does not allocate for names
// of usual length.
func (t *methodTable) find(name []byte) *method {
	if m, ok := t.exact[string(name)]; ok {
		return m
	}
	var short [64]byte
	return t.folded[string(appendFolded(short[:0], name))]
}

// appendFolded appends name with every rune in upper case, rune by rune, which
// is how .NET's ordinal comparison ignores case.
func appendFolded(dst, name []byte) []byte {
	for len(name) > 0 {
		c := name[0]
		if c < utf8.RuneSelf {
			if 'a' <= c && c <= 'z' {
				c -= 'a' - 'A'
			}
			dst = append(dst, c)
			name = name[1:]
			continue
		}
		r, size := utf8.DecodeRune(name)
		dst = utf8.AppendRune(dst, unicode.ToUpper(r))
		name = name[size:]
	}
	return dst
}
