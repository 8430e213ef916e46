package protocol

import "reflect"

// MessagePack is the hub protocol "messagepack": MessagePack arrays, each
// preceded by its length. Its zero value is ready for use; [NewMessagePack]
// takes options. A MessagePack is safe for concurrent use.
//
// Values are written and read as the MessagePack hub protocol of ASP.NET Core
// does:
//
//   - A struct is a map. A field is called as its msgpack tag says, else exactly
//     as in Go, whatever JSON calls it. The tag's option omitempty and the tag
//     "-" are those of encoding/json. On reading, names are compared by case,
//     unknown ones are skipped and of two alike the last one counts. A struct
//     with a blank field tagged `msgpack:",as_array"` is an array of its fields.
//   - A slice or array is an array, a map a map sorted by key, a []byte or array
//     of bytes bin. A nil slice or map is written empty, a nil pointer or
//     interface as nil. Of two keys alike in a map the message is refused.
//   - nil is read into pointers, slices, maps and interfaces as nil and into a
//     string as "", since a .NET string may be null; nothing else takes it.
//   - Integers are written in the shortest form and read from any that fits;
//     floats take integers too, integers no floats.
//   - A [time.Time] is a timestamp, cut to 100 ns and read as UTC; the array
//     that a .NET client makes of a DateTimeOffset is read too. A
//     [time.Duration] is its number of ticks of 100 ns, a complex number an
//     array of two.
//   - A []byte is read from str and from an array of integers as well, a string
//     from str alone. What is no UTF-8 in it becomes U+FFFD.
//   - An any takes nil, bool, int64, or uint64 beyond that, float32, float64,
//     string, []byte, [time.Time], []any and map[string]any, or map[any]any if
//     not every key is a string.
//   - Types with methods of [encoding.TextMarshaler] and
//     [encoding.TextUnmarshaler], such as enumerations and UUIDs, are strings;
//     types with MarshalMsg and UnmarshalMsg of tinylib/msgp are written and
//     read by them. [Raw] is written as it is.
//   - What cannot be MessagePack is an error: functions, channels, rings, and
//     more than 500 levels.
type MessagePack struct{ values *packValues }

var _ Protocol = MessagePack{}

// NewMessagePack makes a MessagePack protocol with options.
func NewMessagePack(opts ...MessagePackOption) *MessagePack {
	c := newPackValues()
	for _, opt := range opts {
		opt.applyMessagePack(c)
	}
	return &MessagePack{values: c}
}

// defaultPackValues serves the zero value.
var defaultPackValues = newPackValues()

func (p MessagePack) config() *packValues {
	if p.values == nil {
		return defaultPackValues
	}
	return p.values
}

// Name implements [Protocol].
func (MessagePack) Name() string { return "messagepack" }

// TransferFormat implements [Protocol].
func (MessagePack) TransferFormat() TransferFormat { return Binary }

// Split implements [Protocol]. A frame begins with its length.
func (MessagePack) Split(buf []byte) (payload, rest []byte, ok bool, err error) {
	return splitBinary(buf)
}

// MessagePackOption changes how [MessagePack] writes and reads values; see
// [NewMessagePack].
type MessagePackOption interface{ applyMessagePack(c *packValues) }

type packOption func(c *packValues)

func (o packOption) applyMessagePack(c *packValues) { o(c) }

// MarshalMessagePackFunc makes MessagePack write values of type T, which must
// not be an interface or pointer type, with fn instead of in its own way. fn
// appends one MessagePack value to dst and must be safe for concurrent use.
func MarshalMessagePackFunc[T any](fn func(dst []byte, value T) ([]byte, error)) MessagePackOption {
	return packOption(func(c *packValues) {
		c.writers[reflect.TypeFor[T]()] = func(dst []byte, v reflect.Value) ([]byte, error) {
			return fn(dst, v.Interface().(T))
		}
	})
}

// UnmarshalMessagePackFunc makes MessagePack read values of type T, which must
// not be an interface or pointer type, with fn instead of in its own way. fn
// gets one MessagePack value, nil included, may not keep it and must be safe
// for concurrent use.
func UnmarshalMessagePackFunc[T any](fn func(data []byte, value *T) error) MessagePackOption {
	return packOption(func(c *packValues) {
		c.readers[reflect.TypeFor[T]()] = func(data []byte, v reflect.Value) error {
			return fn(data, v.Addr().Interface().(*T))
		}
	})
}

// packValues holds what options changed and the plans made under them.
type packValues struct {
	rules   fieldRules
	writers map[reflect.Type]func([]byte, reflect.Value) ([]byte, error)
	readers map[reflect.Type]func([]byte, reflect.Value) error
	plans   plans[packPlan]
}

func newPackValues() *packValues {
	c := &packValues{
		rules:   fieldRules{tag: "msgpack", name: sameName},
		writers: make(map[reflect.Type]func([]byte, reflect.Value) ([]byte, error)),
		readers: make(map[reflect.Type]func([]byte, reflect.Value) error),
	}
	c.plans.fill = c.fill
	return c
}
