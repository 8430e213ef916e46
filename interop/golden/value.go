package golden

import (
	"fmt"
	"math"
	"strconv"
)

// A message is compared as a tree of values. JSON and MessagePack share nil,
// bool, string, [Array] and [Object]; numbers stay apart, because JSON knows
// only a decimal text and MessagePack's widths are visible to a client.
type (
	// Array is a JSON or MessagePack array.
	Array []any

	// Object is a JSON object or a MessagePack map, in the order of its bytes.
	// Order is never compared.
	Object []Member

	// Number is a JSON number, as it was written.
	Number string

	// Int is a MessagePack integer of any format, in decimal.
	Int string

	// Float32 is a MessagePack float 32.
	Float32 float32

	// Float64 is a MessagePack float 64.
	Float64 float64

	// Bin is a MessagePack bin, in hexadecimal.
	Bin string

	// Ext is a MessagePack extension.
	Ext struct {
		Type int8
		Data Bin
	}
)

// Member is one entry of an [Object]. The key is a string but for the maps of
// MessagePack that have others.
type Member struct {
	Key, Value any
}

// plain reports whether all keys are strings and none repeats, so that the
// object can be shown as a map.
func (o Object) plain() bool {
	seen := make(map[string]bool, len(o))
	for _, m := range o {
		key, ok := m.Key.(string)
		if !ok || seen[key] {
			return false
		}
		seen[key] = true
	}
	return true
}

// shown turns a tree into what go-cmp prints best: maps for objects, and text
// for floats, so that NaN equals itself.
func shown(v any) any {
	switch v := v.(type) {
	case Array:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = shown(item)
		}
		return out
	case Object:
		if !v.plain() {
			out := make([]any, len(v))
			for i, m := range v {
				out[i] = map[string]any{"key": shown(m.Key), "value": shown(m.Value)}
			}
			return out
		}
		out := make(map[string]any, len(v))
		for _, m := range v {
			out[m.Key.(string)] = shown(m.Value)
		}
		return out
	case Float32:
		return fmt.Sprintf("float 32 %s", formatFloat(float64(v), 32))
	case Float64:
		return fmt.Sprintf("float 64 %s", formatFloat(float64(v), 64))
	default:
		return v
	}
}

// formatFloat writes f the shortest way that reads back as the same float,
// with the names that JavaScript gives the special ones.
func formatFloat(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0 && math.Signbit(f):
		return "-0"
	default:
		return strconv.FormatFloat(f, 'g', -1, bits)
	}
}
