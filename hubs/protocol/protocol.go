package protocol

// TransferFormat says which kind of transport message a hub protocol needs.
type TransferFormat uint8

// The transfer formats, under the names that negotiate uses.
const (
	Text   TransferFormat = 1 // UTF-8 text; every transport carries it
	Binary TransferFormat = 2 // arbitrary bytes; not on server-sent events
)

// String returns the format's name on the wire, "Text" or "Binary".
func (f TransferFormat) String() string {
	if f == Binary {
		return "Binary"
	}
	return "Text"
}

// Protocol turns the messages of a hub into bytes and back. [JSON] and
// [MessagePack] implement it; a program may bring its own.
//
// A Protocol holds no state of a connection and must be safe for concurrent
// use. Its methods never keep a slice that they were given.
type Protocol interface {
	// Name is what clients ask for in the handshake, such as "json". Names are
	// compared without regard to case.
	Name() string

	// TransferFormat is the kind of transport message the protocol needs.
	TransferFormat() TransferFormat

	// Split cuts the first frame off buf. payload is the frame without its
	// framing and rest what follows it; both alias buf. ok is false as long as
	// the frame is incomplete. An error is fatal for the connection.
	Split(buf []byte) (payload, rest []byte, ok bool, err error)

	// Parse reads one payload that Split returned into m, which it resets
	// first. The slices it stores in m alias payload. An unknown message type
	// is no error: it is stored in m.Type and the caller skips the message.
	// An error is fatal for the connection and is an [*Error].
	Parse(payload []byte, m *Message) error

	// Unmarshal stores one encoded value (an argument, item or result of a
	// parsed message) in the value that v, a non-nil pointer, points to.
	// What it stores never aliases raw.
	Unmarshal(raw Raw, v any) error

	Encoder
}

// Encoder appends complete frames to dst and returns the longer slice. Where
// an error is returned (a value that cannot be encoded), dst comes back as it
// was given.
type Encoder interface {
	// AppendInvocation writes an Invocation. An empty invocationID means that
	// no answer is wanted.
	AppendInvocation(dst []byte, invocationID, target string, args []any) ([]byte, error)

	// AppendStreamItem writes one item of a server-to-client stream.
	AppendStreamItem(dst []byte, invocationID string, item any) ([]byte, error)

	// AppendResult writes a Completion that has a result, which may be nil.
	AppendResult(dst []byte, invocationID string, result any) ([]byte, error)

	// AppendError writes a Completion that carries an error text.
	AppendError(dst []byte, invocationID, text string) []byte

	// AppendEnd writes a Completion with neither result nor error: the end of
	// a stream.
	AppendEnd(dst []byte, invocationID string) []byte

	// AppendPing writes a Ping.
	AppendPing(dst []byte) []byte

	// AppendClose writes a Close. An empty text means no error.
	AppendClose(dst []byte, text string, allowReconnect bool) []byte

	// AppendAck writes an Ack for all messages up to sequenceID.
	AppendAck(dst []byte, sequenceID int64) []byte

	// AppendSequence writes a Sequence that announces the message that follows.
	AppendSequence(dst []byte, sequenceID int64) []byte
}

// Raw is one value as it stands on the wire, encoded in the protocol that
// parsed it. Given to an [Encoder] of the same protocol as an argument, item
// or result it is written as it is.
type Raw []byte
