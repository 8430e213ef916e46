package protocol

import "strconv"

// The order of members is the reference's, to the byte. InvocationID comes
// before target as its parser, like ours, need not look ahead then.

// AppendInvocation implements [Encoder].
func (j JSON) AppendInvocation(dst []byte, invocationID, target string, args []any) ([]byte, error) {
	start := len(dst)
	dst = append(dst, `{"type":1`...)
	if invocationID != "" {
		dst = appendJSONID(dst, invocationID)
	}
	dst = append(dst, `,"target":`...)
	dst = appendJSONString(dst, target)
	dst = append(dst, `,"arguments":[`...)
	var err error
	for i, arg := range args {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = j.appendValue(dst, arg); err != nil {
			return dst[:start], inArgument(i, err)
		}
	}
	return append(dst, ']', '}', RecordSeparator), nil
}

// AppendStreamItem implements [Encoder].
func (j JSON) AppendStreamItem(dst []byte, invocationID string, item any) ([]byte, error) {
	return j.appendWithValue(dst, `{"type":2`, invocationID, `,"item":`, item)
}

// AppendResult implements [Encoder].
func (j JSON) AppendResult(dst []byte, invocationID string, result any) ([]byte, error) {
	return j.appendWithValue(dst, `{"type":3`, invocationID, `,"result":`, result)
}

func (j JSON) appendWithValue(dst []byte, head, invocationID, member string, value any) ([]byte, error) {
	start := len(dst)
	dst = append(dst, head...)
	dst = appendJSONID(dst, invocationID)
	dst = append(dst, member...)
	dst, err := j.appendValue(dst, value)
	if err != nil {
		return dst[:start], err
	}
	return append(dst, '}', RecordSeparator), nil
}

// AppendError implements [Encoder].
func (JSON) AppendError(dst []byte, invocationID, text string) []byte {
	dst = append(dst, `{"type":3`...)
	dst = appendJSONID(dst, invocationID)
	if text != "" {
		dst = append(dst, `,"error":`...)
		dst = appendJSONString(dst, text)
	}
	return append(dst, '}', RecordSeparator)
}

// AppendEnd implements [Encoder].
func (JSON) AppendEnd(dst []byte, invocationID string) []byte {
	dst = append(dst, `{"type":3`...)
	dst = appendJSONID(dst, invocationID)
	return append(dst, '}', RecordSeparator)
}

// AppendPing implements [Encoder].
func (JSON) AppendPing(dst []byte) []byte {
	return append(dst, `{"type":6}`+"\x1e"...)
}

// AppendClose implements [Encoder].
func (JSON) AppendClose(dst []byte, text string, allowReconnect bool) []byte {
	dst = append(dst, `{"type":7`...)
	if text != "" {
		dst = append(dst, `,"error":`...)
		dst = appendJSONString(dst, text)
	}
	if allowReconnect {
		dst = append(dst, `,"allowReconnect":true`...)
	}
	return append(dst, '}', RecordSeparator)
}

// AppendAck implements [Encoder].
func (JSON) AppendAck(dst []byte, sequenceID int64) []byte {
	return appendJSONSequence(dst, `{"type":8`, sequenceID)
}

// AppendSequence implements [Encoder].
func (JSON) AppendSequence(dst []byte, sequenceID int64) []byte {
	return appendJSONSequence(dst, `{"type":9`, sequenceID)
}

func appendJSONSequence(dst []byte, head string, sequenceID int64) []byte {
	dst = append(dst, head...)
	dst = append(dst, `,"sequenceId":`...)
	dst = strconv.AppendInt(dst, sequenceID, 10)
	return append(dst, '}', RecordSeparator)
}

func appendJSONID(dst []byte, invocationID string) []byte {
	dst = append(dst, `,"invocationId":`...)
	return appendJSONString(dst, invocationID)
}
