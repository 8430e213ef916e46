package protocol

// maxJSONDepth is how deep objects and arrays may nest, the message itself included.
const maxJSONDepth = 64

// jsonScanner walks over JSON text without interpreting more of it than its
// grammar. UTF-8 is checked where a string is used, not here: the reference
// does not look into what it skips.
//
// Methods that report ok leave pos undefined where they report false.
type jsonScanner struct {
	data []byte
	pos  int
}

// peek skips blanks and returns the next byte, 0 at the end (no JSON token
// begins with 0).
func (s *jsonScanner) peek() byte {
	if s.pos < len(s.data) && s.data[s.pos] > ' ' { // nobody writes blanks
		return s.data[s.pos]
	}
	return s.peekBehindBlanks()
}

func (s *jsonScanner) peekBehindBlanks() byte {
	for ; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// accept skips blanks and then c, if it is c that comes.
func (s *jsonScanner) accept(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

// end reports whether only blanks are left.
func (s *jsonScanner) end() bool { return s.peek() == 0 && s.pos == len(s.data) }

// raw skips one value, which stands at the given depth, and returns its bytes.
func (s *jsonScanner) raw(depth int) (value []byte, ok bool) {
	s.peek()
	start := s.pos
	if !s.skip(depth) {
		return nil, false
	}
	return s.data[start:s.pos:s.pos], true
}

// skip skips one value. depth is the number of objects and arrays around it.
func (s *jsonScanner) skip(depth int) bool {
	switch c := s.peek(); c {
	case '"':
		_, _, ok := s.str()
		return ok
	case '{':
		return depth < maxJSONDepth && s.skipObject(depth+1)
	case '[':
		return depth < maxJSONDepth && s.skipArray(depth+1)
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	default:
		_, ok := s.number()
		return ok
	}
}

func (s *jsonScanner) skipObject(depth int) bool {
	s.pos++
	if s.accept('}') {
		return true
	}
	for {
		if s.peek() != '"' {
			return false
		}
		if _, _, ok := s.str(); !ok || !s.accept(':') || !s.skip(depth) {
			return false
		}
		if !s.accept(',') {
			return s.accept('}')
		}
	}
}

func (s *jsonScanner) skipArray(depth int) bool {
	s.pos++
	if s.accept(']') {
		return true
	}
	for s.skip(depth) {
		if !s.accept(',') {
			return s.accept(']')
		}
	}
	return false
}

// literal skips the word, which must not run on into another one.
func (s *jsonScanner) literal(word string) bool {
	end := s.pos + len(word)
	if end > len(s.data) || string(s.data[s.pos:end]) != word {
		return false
	}
	s.pos = end
	return s.delimited()
}

// delimited reports whether a word or a number may end here.
func (s *jsonScanner) delimited() bool {
	if s.pos == len(s.data) {
		return true
	}
	switch s.data[s.pos] {
	case ' ', '\t', '\n', '\r', ',', ']', '}':
		return true
	}
	return false
}

// number skips a number and returns its text.
func (s *jsonScanner) number() (text []byte, ok bool) {
	start := s.pos
	if s.pos < len(s.data) && s.data[s.pos] == '-' {
		s.pos++
	}
	first := s.pos
	if n := s.digits(); n == 0 || n > 1 && s.data[first] == '0' {
		return nil, false
	}
	if s.pos < len(s.data) && s.data[s.pos] == '.' {
		s.pos++
		if s.digits() == 0 {
			return nil, false
		}
	}
	if s.pos < len(s.data) && s.data[s.pos]|0x20 == 'e' {
		s.pos++
		if s.pos < len(s.data) && (s.data[s.pos] == '+' || s.data[s.pos] == '-') {
			s.pos++
		}
		if s.digits() == 0 {
			return nil, false
		}
	}
	return s.data[start:s.pos:s.pos], s.delimited()
}

// digits skips digits and returns how many there were.
func (s *jsonScanner) digits() int {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
	}
	return s.pos - start
}

// str skips a string, whose opening quote comes next, and returns what stands
// between the quotes and whether it holds escapes.
func (s *jsonScanner) str() (text []byte, escaped, ok bool) {
	s.pos++
	start := s.pos
	for {
		s.pos += plainPrefix(s.data[s.pos:])
		if s.pos == len(s.data) {
			return nil, false, false
		}
		switch c := s.data[s.pos]; {
		case c == '"':
			text = s.data[start:s.pos:s.pos]
			s.pos++
			return text, escaped, true
		case c == '\\':
			escaped = true
			if !s.escape() {
				return nil, false, false
			}
		default: // a control character
			return nil, false, false
		}
	}
}

// escape skips one escape sequence.
func (s *jsonScanner) escape() bool {
	s.pos++
	if s.pos == len(s.data) {
		return false
	}
	c := s.data[s.pos]
	s.pos++
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if s.pos == len(s.data) || !isHex(s.data[s.pos]) {
				return false
			}
			s.pos++
		}
		return true
	}
	return false
}

func isHex(c byte) bool {
	return c-'0' <= 9 || (c|0x20)-'a' <= 5
}
