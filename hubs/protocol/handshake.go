package protocol

// RecordSeparator ends a handshake message, and every message of the JSON protocol.
const RecordSeparator = 0x1e

// HandshakeRequest is the first message of a client.
type HandshakeRequest struct {
	Protocol string // as the client spelt it
	Version  int    // 0 and 1: plain; 2: may use Ack and Sequence
}

// SplitHandshake cuts the handshake message, JSON text whatever protocol it
// asks for, off buf. What follows it in rest are frames of that protocol. Both
// results alias buf. ok is false as long as the message is incomplete.
func SplitHandshake(buf []byte) (payload, rest []byte, ok bool) {
	return splitText(buf)
}

// ParseHandshakeRequest reads the request whose bytes [SplitHandshake]
// returned. Members may come in any order and unknown ones are skipped. Whether
// the protocol exists and the version is low enough is for the caller to say.
// The error is an [*Error].
func ParseHandshakeRequest(payload []byte) (HandshakeRequest, error) {
	request, err := parseHandshake(payload)
	if err != nil {
		return HandshakeRequest{}, err
	}
	return request, nil
}

func parseHandshake(payload []byte) (request HandshakeRequest, err *Error) {
	s := jsonScanner{data: payload}
	if err := s.openObject(); err != nil {
		return request, handshakeFault(err)
	}
	hasProtocol, hasVersion := false, false
	for first := true; ; first = false {
		name, done, err := s.member(first)
		switch {
		case err != nil:
			return request, handshakeFault(err)
		case done && !hasProtocol:
			return request, errMissingFrom("protocol", payload)
		case done && !hasVersion:
			return request, errMissingFrom("version", payload)
		case done:
			return request, nil
		}
		switch string(name) {
		case "protocol":
			var text []byte
			text, err = s.text("protocol")
			request.Protocol, hasProtocol = string(text), true
		case "version":
			var version int64
			if hasVersion = !s.null(); hasVersion {
				version, err = s.integer("version", 32)
			}
			request.Version = int(version)
		default:
			err = need(s.skip(1))
		}
		if err != nil {
			return request, handshakeFault(err)
		}
	}
}

// handshakeFault gives malformed JSON the kind that it has in a handshake. The
// reference sends its JSON library's words there, which are not worth copying.
func handshakeFault(err *Error) *Error {
	if err == errReadingJSON {
		return &Error{Kind: "JsonReaderException", Text: "The handshake request is not valid JSON."}
	}
	return err
}

func errMissingFrom(name string, payload []byte) *Error {
	return invalidData("Missing required property '" + name + "'. Message content: " + string(payload))
}

// AppendHandshakeResponse appends the answer to a handshake request to dst. An
// empty errText accepts it.
func AppendHandshakeResponse(dst []byte, errText string) []byte {
	dst = append(dst, '{')
	if errText != "" {
		dst = append(dst, `"error":`...)
		dst = appendJSONString(dst, errText)
	}
	return append(dst, '}', RecordSeparator)
}
