package protocol

// Error is bytes from the wire that break the rules of the protocol. A client
// sees Kind and Text in detailed errors only.
type Error struct {
	Kind string // the name that ASP.NET Core gives this kind of fault, such as "InvalidDataException"
	Text string
}

// Error returns the text alone.
func (e *Error) Error() string { return e.Text }

// invalidData is the usual kind of fault.
func invalidData(text string) *Error { return &Error{Kind: "InvalidDataException", Text: text} }
