package protocol

import "reflect"

// JSON is the hub protocol "json": UTF-8 JSON objects, each followed by a
// record separator. Its zero value is ready for use; [NewJSON] takes options.
// A JSON is safe for concurrent use.
//
// Values are written and read as the JSON hub protocol of ASP.NET Core does:
//
//   - A struct is an object. A field is called as its json tag says, else its
//     Go name in camel case; see [CamelCase] and [ExactNames]. The tag's options
//     omitempty, omitzero and string (for numbers) and the tag "-" are those of
//     encoding/json. On reading, names are compared without regard to case,
//     unknown members are skipped and of two alike the last one counts.
//   - A slice or array is an array, a map an object sorted by key, a []byte or
//     array of bytes a base64 string. A nil slice or map is written empty, a nil
//     pointer or interface as null: use a pointer to a slice to tell them apart.
//   - null is read into pointers, slices, maps and interfaces as nil and into a
//     string as "", since a .NET string may be null; nothing else takes it.
//   - Integers must be written whole: 1.0 and 1e2 are refused. Numbers in
//     quotes and numbers out of range are refused too.
//   - A [time.Time] is an RFC 3339 string with up to seven decimals. One without
//     a zone is read as UTC. A [time.Duration] is a string as .NET writes a
//     TimeSpan, such as "1.02:03:04.5000000".
//   - An any takes nil, bool, string, [encoding/json.Number], []any and
//     map[string]any. Number keeps what was sent, such as 2.50.
//   - Types with methods of encoding/json, of its version 2, or of
//     [encoding.TextMarshaler] and [encoding.TextUnmarshaler] are written and
//     read by them. An integer type with text methods is read from a number as
//     well; see [EnumNumbers]. [encoding/json.RawMessage] and [Raw] are written
//     as they are.
//   - What cannot be JSON is an error: NaN, infinities, functions, channels,
//     complex numbers, rings, and more than 64 levels.
type JSON struct{ values *jsonValues }

var _ Protocol = JSON{}

// NewJSON makes a JSON protocol with options.
func NewJSON(opts ...JSONOption) *JSON {
	c := newJSONValues()
	for _, opt := range opts {
		opt.applyJSON(c)
	}
	return &JSON{values: c}
}

// defaultJSONValues serves the zero value.
var defaultJSONValues = newJSONValues()

func (j JSON) config() *jsonValues {
	if j.values == nil {
		return defaultJSONValues
	}
	return j.values
}

// Name implements [Protocol].
func (JSON) Name() string { return "json" }

// TransferFormat implements [Protocol].
func (JSON) TransferFormat() TransferFormat { return Text }

// Split implements [Protocol]. A frame ends at its record separator.
func (JSON) Split(buf []byte) (payload, rest []byte, ok bool, err error) {
	payload, rest, ok = splitText(buf)
	return payload, rest, ok, nil
}

// jsonValues holds what options changed and the plans made under them.
type jsonValues struct {
	rules       fieldRules
	enumNumbers bool
	writers     map[reflect.Type]func(reflect.Value) ([]byte, error)
	readers     map[reflect.Type]func([]byte, reflect.Value) error
	plans       plans[jsonPlan]
}

func newJSONValues() *jsonValues {
	c := &jsonValues{
		rules:   fieldRules{tag: "json", name: CamelCase},
		writers: make(map[reflect.Type]func(reflect.Value) ([]byte, error)),
		readers: make(map[reflect.Type]func([]byte, reflect.Value) error),
	}
	c.plans.fill = c.fill
	return c
}
