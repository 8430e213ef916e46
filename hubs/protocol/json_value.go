package protocol

import (
	"fmt"

	"github.com/go-json-experiment/json"
)

type jsonValues struct{}

func (j JSON) appendValue(dst []byte, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	return append(dst, b...), err
}

func (j JSON) Unmarshal(raw Raw, v any) error { return json.Unmarshal(raw, v) }

func inArgument(i int, err error) error { return fmt.Errorf("argument %d: %w", i+1, err) }

// JSONOption changes how [JSON] writes and reads values.
type JSONOption interface{ applyJSON(*jsonValues) }

// NewJSON makes a JSON protocol.
func NewJSON(opts ...JSONOption) *JSON {
	j := &JSON{values: &jsonValues{}}
	for _, o := range opts {
		o.applyJSON(j.values)
	}
	return j
}
