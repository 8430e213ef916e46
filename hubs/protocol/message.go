package protocol

// Type is the kind of a hub message.
type Type int

// The message types of the hub protocol.
const (
	Invocation       Type = 1
	StreamItem       Type = 2
	Completion       Type = 3
	StreamInvocation Type = 4
	CancelInvocation Type = 5
	Ping             Type = 6
	Close            Type = 7
	Ack              Type = 8
	Sequence         Type = 9
)

// Sequenced reports whether messages of type t are counted, kept and sent
// again by stateful reconnect.
func (t Type) Sequenced() bool { return t >= Invocation && t <= CancelInvocation }

// Message is one parsed hub message of any type; which fields have a meaning
// depends on Type. It is made to be used again for the next message: Parse
// resets it, keeping the capacity of its slices.
//
// Byte slices alias the parsed bytes and are valid as long as those are.
type Message struct {
	Type         Type
	InvocationID string            // empty: none
	Target       []byte            // Invocation, StreamInvocation
	Headers      map[string]string // nil without headers
	Arguments    []Raw             // Invocation, StreamInvocation
	StreamIDs    []string          // Invocation, StreamInvocation

	// ArgumentsErr is why the arguments could not even be told apart; the
	// call fails with it, the connection goes on.
	ArgumentsErr error

	Item Raw // StreamItem

	Result    Raw    // Completion, if HasResult
	HasResult bool   // Completion
	Error     string // Completion and Close, if HasError
	HasError  bool

	AllowReconnect bool  // Close
	SequenceID     int64 // Ack, Sequence
}

// maxKeptElements is how many elements the slices of a message may have room
// for and still be kept: nobody calls a method with so many arguments, and a
// waiting connection should not pay for one that did.
const maxKeptElements = 32

// Reset empties m, keeping the capacity of its slices unless it is out of the
// ordinary, but none of the bytes that they referred to.
func (m *Message) Reset() {
	*m = Message{Arguments: emptied(m.Arguments), StreamIDs: emptied(m.StreamIDs)}
}

func emptied[T any](s []T) []T {
	if cap(s) > maxKeptElements {
		return nil
	}
	clear(s)
	return s[:0]
}
