package protocol

// JSON is the hub protocol "json": UTF-8 JSON objects, each followed by a
// record separator.
type JSON struct{ values *jsonValues }

var _ Protocol = JSON{}

// Name implements [Protocol].
func (JSON) Name() string { return "json" }

// TransferFormat implements [Protocol].
func (JSON) TransferFormat() TransferFormat { return Text }

// Split implements [Protocol]. A frame ends at its record separator.
func (JSON) Split(buf []byte) (payload, rest []byte, ok bool, err error) {
	payload, rest, ok = splitText(buf)
	return payload, rest, ok, nil
}
