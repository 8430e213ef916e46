package protocol

// MessagePack is the hub protocol "messagepack": MessagePack arrays, each
// preceded by its length.
type MessagePack struct{ values *packValues }

var _ Protocol = MessagePack{}

// Name implements [Protocol].
func (MessagePack) Name() string { return "messagepack" }

// TransferFormat implements [Protocol].
func (MessagePack) TransferFormat() TransferFormat { return Binary }

// Split implements [Protocol]. A frame begins with its length.
func (MessagePack) Split(buf []byte) (payload, rest []byte, ok bool, err error) {
	return splitBinary(buf)
}
