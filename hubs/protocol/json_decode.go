package protocol

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// errNotJSON is the error for a value that is no JSON at all. A message that
// Parse has read holds none.
var errNotJSON = errors.New("the value is not JSON")

// jsonDecoder reads one value.
type jsonDecoder struct {
	jsonScanner

	values *jsonValues
	depth  int // objects and arrays around the current value
}

// Unmarshal implements [Protocol]. The error says where inside the value
// something did not fit, and what. v may then hold a part of the value.
func (j JSON) Unmarshal(raw Raw, v any) error {
	c := j.config()
	if len(c.readers) == 0 {
		if done, err := unmarshalSimpleJSON(raw, v); done {
			return err
		}
	}
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("cannot unmarshal into %T: not a pointer, or nil", v)
	}
	d := jsonDecoder{jsonScanner: jsonScanner{data: raw}, values: c}
	d.peek()
	err := c.plans.of(target.Type().Elem()).read(&d, target.Elem())
	if err == nil && !d.end() {
		return errNotJSON
	}
	return err
}

// unmarshalSimpleJSON reads into the simplest types, which most arguments
// are: they need no plan, and the decoder no place on the heap.
func unmarshalSimpleJSON(raw Raw, v any) (done bool, err error) {
	d := jsonDecoder{jsonScanner: jsonScanner{data: raw}}
	switch v := v.(type) {
	case *string:
		*v, err = d.string(stringType)
	case *bool:
		*v, err = d.bool(boolType)
	case *int:
		var n int64
		n, err = d.int(intType, strconv.IntSize)
		*v = int(n)
	case *float64:
		*v, err = d.float(floatType, 64)
	case *[]byte:
		*v, err = d.bytes(bytesType)
	case *any:
		*v, err = d.any()
	default:
		return false, nil
	}
	if err == nil && !d.end() {
		err = errNotJSON
	}
	return true, err
}

var (
	stringType = reflect.TypeFor[string]()
	boolType   = reflect.TypeFor[bool]()
	intType    = reflect.TypeFor[int]()
	floatType  = reflect.TypeFor[float64]()
	bytesType  = reflect.TypeFor[[]byte]()
)

// value takes the next value as it stands, provided that it is text.
func (d *jsonDecoder) value() ([]byte, error) {
	raw, ok := d.raw(d.depth)
	switch {
	case !ok:
		return nil, errNotJSON
	case !utf8.Valid(raw):
		return nil, errNotUTF8
	}
	return raw, nil
}

var errNotUTF8 = errors.New("the value is not UTF-8")

// noFit is the error for the value that comes next, which t does not take.
func (d *jsonDecoder) noFit(t reflect.Type) error {
	c := d.peek()
	if _, ok := d.raw(d.depth); !ok {
		return errNotJSON
	}
	return errNoFit(jsonKind(c), t)
}

func jsonKind(c byte) string {
	switch c {
	case '"':
		return "a string"
	case '[':
		return "an array"
	case '{':
		return "an object"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

// text reads a string into its bytes, which may alias the data.
func (d *jsonDecoder) text(t reflect.Type) ([]byte, error) {
	if d.peek() != '"' {
		return nil, d.noFit(t)
	}
	raw, escaped, ok := d.str()
	if !ok {
		return nil, errNotJSON
	}
	text, ok := unquote(raw, escaped)
	if !ok {
		return nil, errors.New("the string is not valid Unicode")
	}
	return text, nil
}

// string reads a string or null, which is "".
func (d *jsonDecoder) string(t reflect.Type) (string, error) {
	if d.null() {
		return "", nil
	}
	text, err := d.text(t)
	return string(text), err
}

func (d *jsonDecoder) bool(t reflect.Type) (bool, error) {
	c := d.peek()
	if c != 't' && c != 'f' {
		return false, d.noFit(t)
	}
	if !d.skip(d.depth) {
		return false, errNotJSON
	}
	return c == 't', nil
}

// digitsOf reads the text of a number.
func (d *jsonDecoder) digitsOf(t reflect.Type) ([]byte, error) {
	if c := d.peek(); c != '-' && c-'0' > 9 {
		return nil, d.noFit(t)
	}
	text, ok := d.number()
	if !ok {
		return nil, errNotJSON
	}
	return text, nil
}

func (d *jsonDecoder) int(t reflect.Type, bits int) (int64, error) {
	text, err := d.digitsOf(t)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(text), 10, bits)
	if err != nil {
		return 0, errNumber(text, t)
	}
	return n, nil
}

func (d *jsonDecoder) uint(t reflect.Type, bits int) (uint64, error) {
	text, err := d.digitsOf(t)
	if err != nil || string(text) == "-0" {
		return 0, err
	}
	n, err := strconv.ParseUint(string(text), 10, bits)
	if err != nil {
		return 0, errNumber(text, t)
	}
	return n, nil
}

func (d *jsonDecoder) float(t reflect.Type, bits int) (float64, error) {
	text, err := d.digitsOf(t)
	if err != nil {
		return 0, err
	}
	f, err := strconv.ParseFloat(string(text), bits)
	if err != nil {
		return 0, errNumber(text, t)
	}
	return f, nil
}

// errNumber is the error for a number that is out of range or not whole.
func errNumber(text []byte, t reflect.Type) error {
	const longest = 40
	if len(text) > longest {
		return errNoFit("a number of "+strconv.Itoa(len(text))+" characters", t)
	}
	return errNoFit("the number "+string(text), t)
}

func readJSONString(d *jsonDecoder, v reflect.Value) error {
	s, err := d.string(v.Type())
	v.SetString(s)
	return err
}

func readJSONBool(d *jsonDecoder, v reflect.Value) error {
	b, err := d.bool(v.Type())
	v.SetBool(b)
	return err
}

func readJSONInt(d *jsonDecoder, v reflect.Value) error {
	n, err := d.int(v.Type(), v.Type().Bits())
	v.SetInt(n)
	return err
}

func readJSONUint(d *jsonDecoder, v reflect.Value) error {
	n, err := d.uint(v.Type(), v.Type().Bits())
	v.SetUint(n)
	return err
}

func readJSONFloat(d *jsonDecoder, v reflect.Value) error {
	f, err := d.float(v.Type(), v.Type().Bits())
	v.SetFloat(f)
	return err
}

func readJSONNumber(d *jsonDecoder, v reflect.Value) error {
	text, err := d.digitsOf(v.Type())
	v.SetString(string(text))
	return err
}

// readJSONRaw keeps a value as it stands, as a copy.
func readJSONRaw(d *jsonDecoder, v reflect.Value) error {
	raw, err := d.value()
	v.SetBytes(append([]byte(nil), raw...))
	return err
}

// readJSONInterface reads into an any: other interfaces take null alone, as
// nothing says what to make for them.
func readJSONInterface(d *jsonDecoder, v reflect.Value) error {
	if d.null() {
		v.SetZero()
		return nil
	}
	if v.NumMethod() > 0 {
		return d.noFit(v.Type())
	}
	x, err := d.any()
	if err == nil {
		v.Set(reflect.ValueOf(x))
	}
	return err
}

// any reads a value of whatever kind.
func (d *jsonDecoder) any() (any, error) {
	switch d.peek() {
	case '"':
		return d.string(stringType)
	case 't', 'f':
		return d.bool(boolType)
	case 'n':
		if !d.null() {
			return nil, errNotJSON
		}
		return nil, nil
	case '[':
		list := []any{}
		err := d.elements(func(int) error {
			x, err := d.any()
			list = append(list, x)
			return err
		})
		return list, err
	case '{':
		object := map[string]any{}
		err := d.members(func(name []byte) error {
			x, err := d.any()
			object[string(name)] = x
			return err
		})
		return object, err
	}
	text, err := d.digitsOf(floatType)
	return stdjson.Number(text), err
}
