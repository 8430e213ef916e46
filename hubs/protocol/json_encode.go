package protocol

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
)

// jsonEncoder appends one value to dst.
type jsonEncoder struct {
	values *jsonValues
	dst    []byte

	depth        int // objects and arrays around the current value
	indirections int // pointers and interfaces on the way to it
}

// appendValue writes v. The simplest types, which most arguments are, take no
// plan, unless options might change theirs.
func (j JSON) appendValue(dst []byte, v any) ([]byte, error) {
	c := j.config()
	if len(c.writers) == 0 {
		switch v := v.(type) {
		case nil:
			return append(dst, "null"...), nil
		case string:
			return appendJSONString(dst, v), nil
		case bool:
			return strconv.AppendBool(dst, v), nil
		case int:
			return strconv.AppendInt(dst, int64(v), 10), nil
		case int32:
			return strconv.AppendInt(dst, int64(v), 10), nil
		case int64:
			return strconv.AppendInt(dst, v, 10), nil
		case float64:
			return appendJSONFloat(dst, v, 64)
		case []byte:
			return appendJSONBytes(dst, v), nil
		}
	}
	e := jsonEncoder{values: c, dst: dst}
	err := e.dynamic(reflect.ValueOf(v))
	return e.dst, err
}

// dynamic writes a value whose type is known only now.
func (e *jsonEncoder) dynamic(v reflect.Value) error {
	if !v.IsValid() {
		e.null()
		return nil
	}
	return e.values.plans.of(v.Type()).write(e, v)
}

func (e *jsonEncoder) null() { e.dst = append(e.dst, "null"...) }

// enter begins an object or array, which the caller ends by decreasing depth.
func (e *jsonEncoder) enter(open byte) error {
	if e.depth++; e.depth > maxJSONDepth {
		return fmt.Errorf("more than %d levels", maxJSONDepth)
	}
	e.dst = append(e.dst, open)
	return nil
}

// raw writes data, which must be one JSON value: anything else would break the
// message, or the stream of messages, that it becomes a part of.
func (e *jsonEncoder) raw(data []byte) error {
	if len(data) == 0 {
		e.null()
		return nil
	}
	s := jsonScanner{data: data}
	if !s.skip(0) || !s.end() {
		return errors.New("the raw value is not one JSON value")
	}
	e.dst = append(e.dst, data...)
	return nil
}

func writeJSONRaw(e *jsonEncoder, v reflect.Value) error { return e.raw(v.Bytes()) }

func writeJSONBool(e *jsonEncoder, v reflect.Value) error {
	e.dst = strconv.AppendBool(e.dst, v.Bool())
	return nil
}

func writeJSONInt(e *jsonEncoder, v reflect.Value) error {
	e.dst = strconv.AppendInt(e.dst, v.Int(), 10)
	return nil
}

func writeJSONUint(e *jsonEncoder, v reflect.Value) error {
	e.dst = strconv.AppendUint(e.dst, v.Uint(), 10)
	return nil
}

func writeJSONFloat(e *jsonEncoder, v reflect.Value) (err error) {
	e.dst, err = appendJSONFloat(e.dst, v.Float(), v.Type().Bits())
	return err
}

// appendJSONFloat writes f in the fewest digits that tell it apart, with an
// exponent where JavaScript would write one.
func appendJSONFloat(dst []byte, f float64, bits int) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, fmt.Errorf("%v has no form in JSON", f)
	}
	format := byte('f')
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, bits), nil
}

func writeJSONString(e *jsonEncoder, v reflect.Value) error {
	e.dst = appendJSONString(e.dst, v.String())
	return nil
}

// writeJSONNumber writes an encoding/json.Number, which is a string in Go.
func writeJSONNumber(e *jsonEncoder, v reflect.Value) error {
	number := []byte(v.String())
	if len(number) == 0 { // as encoding/json has it
		number = []byte{'0'}
	}
	s := jsonScanner{data: number}
	if _, ok := s.number(); !ok || !s.end() {
		return fmt.Errorf("%q is not a JSON number", stdjson.Number(number))
	}
	e.dst = append(e.dst, number...)
	return nil
}

func writeJSONInterface(e *jsonEncoder, v reflect.Value) error {
	if v.IsNil() {
		e.null()
		return nil
	}
	return e.indirect(e.values.plans.of(v.Elem().Type()), v.Elem())
}

// indirect writes what a pointer or interface refers to.
func (e *jsonEncoder) indirect(plan *jsonPlan, v reflect.Value) error {
	if e.indirections++; e.indirections > maxIndirections {
		return errRing
	}
	err := plan.write(e, v)
	e.indirections--
	return err
}

// errRing is the error for pointers that lead back to themselves.
var errRing = errors.New("the value refers to itself")

func fillJSONPointer(elem *jsonPlan, plan *jsonPlan) {
	plan.write = func(e *jsonEncoder, v reflect.Value) error {
		if v.IsNil() {
			e.null()
			return nil
		}
		return e.indirect(elem, v.Elem())
	}
	plan.read = func(d *jsonDecoder, v reflect.Value) error {
		if d.null() {
			v.SetZero()
			return nil
		}
		target := reflect.New(v.Type().Elem())
		if err := elem.read(d, target.Elem()); err != nil {
			return err
		}
		v.Set(target)
		return nil
	}
}

// fillJSONList makes the plan for slices and arrays.
func fillJSONList(elem *jsonPlan, plan *jsonPlan) {
	plan.write = func(e *jsonEncoder, v reflect.Value) error {
		if err := e.enter('['); err != nil {
			return err
		}
		for i := range v.Len() {
			if i > 0 {
				e.dst = append(e.dst, ',')
			}
			if err := elem.write(e, v.Index(i)); err != nil {
				return inElement(i, err)
			}
		}
		e.depth--
		e.dst = append(e.dst, ']')
		return nil
	}
	plan.read = func(d *jsonDecoder, v reflect.Value) error { return d.list(elem, v) }
}
