package golden

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxSafe is the largest integer that every JSON reader keeps exact; beyond it
// the notation writes {"$int":"..."}.
const maxSafe = 1<<53 - 1

// fromNotation turns a JSON tree as the recordings write MessagePack ("decoded",
// "encode") into the MessagePack value it stands for.
func fromNotation(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string:
		return v, nil
	case Number:
		if !isInteger(v) {
			return nil, fmt.Errorf("notation: a plain number is an integer, got %s", v)
		}
		return Int(v), nil
	case Array:
		out := make(Array, len(v))
		for i, item := range v {
			var err error
			if out[i], err = fromNotation(item); err != nil {
				return nil, err
			}
		}
		return out, nil
	case Object:
		if len(v) == 1 {
			if key := v[0].Key.(string); strings.HasPrefix(key, "$") {
				return fromMarked(key, v[0].Value)
			}
		}
		out := make(Object, len(v))
		for i, m := range v {
			value, err := fromNotation(m.Value)
			if err != nil {
				return nil, err
			}
			out[i] = Member{Key: m.Key, Value: value}
		}
		return out, nil
	default:
		return nil, fmt.Errorf("notation: unexpected %T", v)
	}
}

// fromMarked reads what JSON lacks: an object with one property that starts with "$".
func fromMarked(mark string, v any) (any, error) {
	text, isText := v.(string)
	switch {
	case mark == "$int" && isText:
		return Int(text), nil
	case mark == "$f32":
		f, err := parseFloat(v, 32)
		return Float32(f), err
	case mark == "$f64":
		f, err := parseFloat(v, 64)
		return Float64(f), err
	case mark == "$bin" && isText:
		return Bin(text), nil
	case mark == "$hex" && isText:
		return raw(text), nil
	case mark == "$ext":
		return extFromNotation(v)
	case mark == "$map":
		return mapFromNotation(v)
	default:
		return nil, fmt.Errorf("notation: %s with a %T", mark, v)
	}
}

func parseFloat(v any, bits int) (float64, error) {
	var text string
	switch v := v.(type) {
	case Number:
		text = string(v)
	case string:
		text = v
	default:
		return 0, fmt.Errorf("notation: a float of %T", v)
	}
	f, err := strconv.ParseFloat(text, bits)
	if err != nil {
		return 0, fmt.Errorf("notation: %w", err)
	}
	return f, nil
}

func extFromNotation(v any) (any, error) {
	pair, ok := v.(Array)
	if !ok || len(pair) != 2 {
		return nil, fmt.Errorf("notation: $ext wants [type, bytes]")
	}
	kind, okType := pair[0].(Number)
	data, okData := pair[1].(string)
	if !okType || !okData {
		return nil, fmt.Errorf("notation: $ext wants [type, bytes]")
	}
	n, err := strconv.ParseInt(string(kind), 10, 8)
	if err != nil {
		return nil, fmt.Errorf("notation: $ext: %w", err)
	}
	return Ext{Type: int8(n), Data: Bin(data)}, nil
}

func mapFromNotation(v any) (any, error) {
	pairs, ok := v.(Array)
	if !ok {
		return nil, fmt.Errorf("notation: $map wants [[key, value]]")
	}
	out := make(Object, len(pairs))
	for i, item := range pairs {
		pair, ok := item.(Array)
		if !ok || len(pair) != 2 {
			return nil, fmt.Errorf("notation: $map wants [[key, value]]")
		}
		key, err := fromNotation(pair[0])
		if err != nil {
			return nil, err
		}
		value, err := fromNotation(pair[1])
		if err != nil {
			return nil, err
		}
		out[i] = Member{Key: key, Value: value}
	}
	return out, nil
}

// toNotation writes a MessagePack value as the recordings do.
func toNotation(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case string:
		return jsonText(v)
	case Int:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil && n <= maxSafe && n >= -maxSafe {
			return string(v)
		}
		return `{"$int":"` + string(v) + `"}`
	case Float32:
		return `{"$f32":` + floatNotation(float64(v), 32) + `}`
	case Float64:
		return `{"$f64":` + floatNotation(float64(v), 64) + `}`
	case Bin:
		return `{"$bin":"` + string(v) + `"}`
	case Ext:
		return `{"$ext":[` + strconv.Itoa(int(v.Type)) + `,"` + string(v.Data) + `"]}`
	case Array:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = toNotation(item)
		}
		return "[" + strings.Join(items, ",") + "]"
	case Object:
		return mapNotation(v)
	default:
		return fmt.Sprintf(`"%T"`, v)
	}
}

func mapNotation(v Object) string {
	entries := make([]string, len(v))
	if v.plain() && (len(v) != 1 || !strings.HasPrefix(v[0].Key.(string), "$")) {
		for i, m := range v {
			entries[i] = jsonText(m.Key.(string)) + ":" + toNotation(m.Value)
		}
		return "{" + strings.Join(entries, ",") + "}"
	}
	for i, m := range v {
		entries[i] = "[" + toNotation(m.Key) + "," + toNotation(m.Value) + "]"
	}
	return `{"$map":[` + strings.Join(entries, ",") + `]}`
}

func floatNotation(f float64, bits int) string {
	text := formatFloat(f, bits)
	if math.IsNaN(f) || math.IsInf(f, 0) || text == "-0" {
		return `"` + text + `"`
	}
	if bits == 32 {
		return jsonText(float32(f))
	}
	return jsonText(f)
}
