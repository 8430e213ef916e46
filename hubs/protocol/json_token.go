package protocol

import "strconv"

// Members that both a message and a handshake request may have.
const propertyType = "type"

// openObject skips the brace that opens the root, or says what else is there.
func (s *jsonScanner) openObject() *Error {
	if s.accept('{') {
		return nil
	}
	c := s.peek()
	if _, ok := s.raw(0); !ok && c != '[' {
		return errReadingJSON
	}
	return invalidData("Unexpected JSON Token Type '" + tokenName(c) + "'. Expected a JSON Object.")
}

// tokenName is how the reference names the kind of the value that begins with c.
func tokenName(c byte) string {
	switch c {
	case '"':
		return "String"
	case '[':
		return "Array"
	case '{':
		return "Object"
	case 't':
		return "True"
	case 'f':
		return "False"
	case 'n':
		return "Null"
	}
	return "Number"
}

// member skips to the value of the next member and returns the member's name.
// done is true behind the closing brace instead. first says that no member has been read.
func (s *jsonScanner) member(first bool) (name []byte, done bool, err *Error) {
	if s.accept('}') {
		return nil, true, nil
	}
	if !first && !s.accept(',') || s.peek() != '"' {
		return nil, false, errReadingJSON
	}
	name, escaped, ok := s.str()
	if ok && escaped {
		// A name that is no text is the name of nothing.
		name, _ = unquote(name, true)
	}
	return name, false, need(ok && s.accept(':'))
}

// null skips a null, if that is what comes.
func (s *jsonScanner) null() bool {
	return s.peek() == 'n' && s.literal("null")
}

// need turns a failed read into the error for malformed JSON.
func need(ok bool) *Error {
	if ok {
		return nil
	}
	return errReadingJSON
}

// text reads a string that must be one, the value of the property called name.
// Without escapes it aliases the data.
func (s *jsonScanner) text(name string) ([]byte, *Error) {
	if s.peek() != '"' {
		return nil, s.unexpected(name, "String")
	}
	raw, escaped, ok := s.str()
	if !ok {
		return nil, errReadingJSON
	}
	text, ok := unquote(raw, escaped)
	if !ok {
		return nil, errNoText(escaped)
	}
	return text, nil
}

// integer reads a number that must be whole and fit, the value of the property called name.
func (s *jsonScanner) integer(name string, bits int) (int64, *Error) {
	if c := s.peek(); c != '-' && c-'0' > 9 {
		return 0, s.unexpected(name, "Number")
	}
	text, ok := s.number()
	if !ok {
		return 0, errReadingJSON
	}
	if len(text) == 1 { // most message types
		return int64(text[0] - '0'), nil
	}
	n, err := strconv.ParseInt(string(text), 10, bits)
	if err != nil {
		return 0, &Error{
			Kind: "FormatException",
			Text: "Either the JSON value is not in a supported format, or is out of bounds for an Int" + strconv.Itoa(bits) + ".",
		}
	}
	return n, nil
}

// unexpected is the error for a value of the wrong kind, unless it is not even JSON.
func (s *jsonScanner) unexpected(name, want string) *Error {
	if c := s.peek(); c != '{' && c != '[' && !s.skip(0) {
		return errReadingJSON
	}
	return invalidData("Expected '" + name + "' to be of type " + want + ".")
}

// errReadingJSON is the error for text that is no JSON.
var errReadingJSON = invalidData("Error reading JSON.")

func errMissing(name string) *Error {
	return invalidData("Missing required property '" + name + "'.")
}

// errNoText is the error for a string that has no text: invalid UTF-8 or a
// surrogate without its other half.
func errNoText(escaped bool) *Error {
	text := "Cannot transcode invalid UTF-8 JSON text to UTF-16 string."
	if escaped {
		text = "Cannot read incomplete UTF-16 JSON text as string with missing low surrogate."
	}
	return &Error{Kind: "InvalidOperationException", Text: text}
}
