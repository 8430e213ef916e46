package protocol

// RecordSeparator ends a handshake message, and every message of the JSON protocol.
const RecordSeparator = 0x1e

// HandshakeRequest is the first message of a client.
type HandshakeRequest struct {
	Protocol string // as the client spelt it
	Version  int    // 0 and 1: plain; 2: may use Ack and Sequence
}
