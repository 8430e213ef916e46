package protocol

import (
	stdjson "encoding/json"
	"reflect"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// jsonPlan is how values of one Go type are written and read. read gets a
// settable value and a decoder that stands at a JSON value, blanks skipped.
type jsonPlan struct {
	write func(e *jsonEncoder, v reflect.Value) error
	read  func(d *jsonDecoder, v reflect.Value) error
}

// fill makes the plan for t: what options say goes before the type's methods,
// and those before its kind.
func (c *jsonValues) fill(b *planner[jsonPlan], t reflect.Type, plan *jsonPlan) {
	if !fillJSONKnown(t, plan) {
		c.fillKind(b, t, plan)
		fillJSONText(c, t, plan)
		fillJSONMethods(t, plan)
	}
	if write, ok := c.writers[t]; ok {
		plan.write = func(e *jsonEncoder, v reflect.Value) error {
			data, err := write(v)
			if err != nil {
				return err
			}
			return e.raw(data)
		}
	}
	if read, ok := c.readers[t]; ok {
		plan.read = func(d *jsonDecoder, v reflect.Value) error {
			data, err := d.value()
			if err != nil {
				return err
			}
			return read(data, v)
		}
	}
}

// fillJSONKnown makes the plan for types that have a form of their own.
func fillJSONKnown(t reflect.Type, plan *jsonPlan) bool {
	switch t {
	case reflect.TypeFor[time.Time]():
		plan.write, plan.read = writeJSONTime, readJSONTime
	case reflect.TypeFor[time.Duration]():
		plan.write, plan.read = writeJSONDuration, readJSONDuration
	case reflect.TypeFor[stdjson.Number]():
		plan.write, plan.read = writeJSONNumber, readJSONNumber
	case reflect.TypeFor[Raw](), reflect.TypeFor[stdjson.RawMessage](), reflect.TypeFor[jsontext.Value]():
		plan.write, plan.read = writeJSONRaw, readJSONRaw
	default:
		return false
	}
	return true
}

func (c *jsonValues) fillKind(b *planner[jsonPlan], t reflect.Type, plan *jsonPlan) {
	switch kind := t.Kind(); kind {
	case reflect.Bool:
		plan.write, plan.read = writeJSONBool, readJSONBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		plan.write, plan.read = writeJSONInt, readJSONInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		plan.write, plan.read = writeJSONUint, readJSONUint
	case reflect.Float32, reflect.Float64:
		plan.write, plan.read = writeJSONFloat, readJSONFloat
	case reflect.String:
		plan.write, plan.read = writeJSONString, readJSONString
	case reflect.Interface:
		plan.write, plan.read = writeJSONInterface, readJSONInterface
	case reflect.Pointer:
		fillJSONPointer(b.of(t.Elem()), plan)
	case reflect.Slice, reflect.Array:
		if isByte(t.Elem()) {
			plan.write, plan.read = writeJSONBytes, readJSONBytes
			return
		}
		fillJSONList(b.of(t.Elem()), plan)
	case reflect.Map:
		c.fillMap(b, t, plan)
	case reflect.Struct:
		c.fillStruct(b, t, plan)
	default:
		plan.write = func(*jsonEncoder, reflect.Value) error { return errUnwritable(t, "JSON") }
		plan.read = func(d *jsonDecoder, _ reflect.Value) error { return d.noFit(t) }
	}
}

// isByte reports whether lists of t are bytes rather than lists.
func isByte(t reflect.Type) bool { return t == reflect.TypeFor[byte]() }

// fillJSONText takes over the type's methods for text.
func fillJSONText(c *jsonValues, t reflect.Type, plan *jsonPlan) {
	text := textualOf(t)
	if text.write != nil && !(c.enumNumbers && isInteger(t.Kind())) {
		plan.write = func(e *jsonEncoder, v reflect.Value) error {
			name, err := text.write(v)
			e.dst = appendJSONString(e.dst, name)
			return err
		}
	}
	if text.read != nil {
		readKind := plan.read
		plan.read = func(d *jsonDecoder, v reflect.Value) error {
			if c := d.peek(); c != '"' && c != 'n' && isInteger(t.Kind()) {
				return readKind(d, v)
			}
			name, err := d.text(t)
			if err != nil {
				return err
			}
			return text.read(v, name)
		}
	}
}

// jsonMethodOptions are for the calls of a type's own methods.
var jsonMethodOptions = json.JoinOptions(
	jsontext.AllowDuplicateNames(true), json.MatchCaseInsensitiveNames(true), json.Deterministic(true))

// fillJSONMethods takes over the type's methods for JSON, of either version of
// encoding/json. The library calls them and checks what they write.
func fillJSONMethods(t reflect.Type, plan *jsonPlan) {
	receiver := receiverOf(t, reflect.TypeFor[json.MarshalerTo]())
	if receiver == nil {
		receiver = receiverOf(t, reflect.TypeFor[json.Marshaler]())
	}
	if receiver != nil {
		plan.write = func(e *jsonEncoder, v reflect.Value) error {
			data, err := json.Marshal(receiver(v), jsonMethodOptions)
			e.dst = append(e.dst, data...)
			return err
		}
	}
	receiverTo := receiverOf(t, reflect.TypeFor[json.UnmarshalerFrom]())
	if receiverTo == nil {
		receiverTo = receiverOf(t, reflect.TypeFor[json.Unmarshaler]())
	}
	if receiverTo != nil {
		plan.read = func(d *jsonDecoder, v reflect.Value) error {
			data, err := d.value()
			if err != nil {
				return err
			}
			return json.Unmarshal(data, v.Addr().Interface(), jsonMethodOptions)
		}
	}
}
