package protocol

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/tinylib/msgp/msgp"
)

// packEncoder appends one value to dst.
type packEncoder struct {
	values *packValues
	dst    []byte

	depth        int // arrays and maps around the current value
	indirections int // pointers and interfaces on the way to it
}

// appendValue writes v. The simplest types, which most arguments are, take no
// plan, unless options might change theirs.
func (p MessagePack) appendValue(dst []byte, v any) ([]byte, error) {
	c := p.config()
	if len(c.writers) == 0 {
		switch v := v.(type) {
		case nil:
			return msgp.AppendNil(dst), nil
		case string:
			return appendPackString(dst, v), nil
		case bool:
			return msgp.AppendBool(dst, v), nil
		case int:
			return appendPackInt(dst, int64(v)), nil
		case int32:
			return appendPackInt(dst, int64(v)), nil
		case int64:
			return appendPackInt(dst, v), nil
		case float64:
			return msgp.AppendFloat64(dst, v), nil
		case []byte:
			return msgp.AppendBytes(dst, v), nil
		}
	}
	e := packEncoder{values: c, dst: dst}
	err := e.dynamic(reflect.ValueOf(v))
	return e.dst, err
}

// dynamic writes a value whose type is known only now.
func (e *packEncoder) dynamic(v reflect.Value) error {
	if !v.IsValid() {
		e.null()
		return nil
	}
	return e.values.plans.of(v.Type()).write(e, v)
}

func (e *packEncoder) null() { e.dst = msgp.AppendNil(e.dst) }

// enter begins an array or map, which the caller ends by decreasing depth.
func (e *packEncoder) enter() error {
	if e.depth++; e.depth > maxPackDepth {
		return fmt.Errorf("more than %d levels", maxPackDepth)
	}
	return nil
}

// foreign lets write append a value and makes sure that it is one: anything
// else would break the message that it becomes a part of.
func (e *packEncoder) foreign(write func(dst []byte) ([]byte, error)) error {
	start := len(e.dst)
	dst, err := write(e.dst)
	if err != nil {
		return err
	}
	if len(dst) < start {
		return errNotOneValue
	}
	if rest, ok := skipPack(dst[start:], e.depth); !ok || len(rest) > 0 {
		return errNotOneValue
	}
	e.dst = dst
	return nil
}

func writePackRaw(e *packEncoder, v reflect.Value) error {
	raw := v.Bytes()
	if len(raw) == 0 {
		e.null()
		return nil
	}
	return e.foreign(func(dst []byte) ([]byte, error) { return append(dst, raw...), nil })
}

func writePackBool(e *packEncoder, v reflect.Value) error {
	e.dst = msgp.AppendBool(e.dst, v.Bool())
	return nil
}

func writePackInt(e *packEncoder, v reflect.Value) error {
	e.dst = appendPackInt(e.dst, v.Int())
	return nil
}

func writePackUint(e *packEncoder, v reflect.Value) error {
	e.dst = msgp.AppendUint64(e.dst, v.Uint())
	return nil
}

func writePackFloat(e *packEncoder, v reflect.Value) error {
	if v.Kind() == reflect.Float32 {
		e.dst = msgp.AppendFloat32(e.dst, float32(v.Float()))
	} else {
		e.dst = msgp.AppendFloat64(e.dst, v.Float())
	}
	return nil
}

// writePackComplex writes real and imaginary part in double precision, as .NET
// has no other complex number.
func writePackComplex(e *packEncoder, v reflect.Value) error {
	c := v.Complex()
	e.dst = msgp.AppendArrayHeader(e.dst, 2)
	e.dst = msgp.AppendFloat64(e.dst, real(c))
	e.dst = msgp.AppendFloat64(e.dst, imag(c))
	return nil
}

func writePackString(e *packEncoder, v reflect.Value) error {
	e.dst = appendPackString(e.dst, v.String())
	return nil
}

// writePackBytes writes a slice or an array of bytes.
func writePackBytes(e *packEncoder, v reflect.Value) error {
	if v.Kind() == reflect.Array {
		v = addressable(v)
	}
	e.dst = msgp.AppendBytes(e.dst, v.Bytes())
	return nil
}

func writePackInterface(e *packEncoder, v reflect.Value) error {
	if v.IsNil() {
		e.null()
		return nil
	}
	return e.indirect(e.values.plans.of(v.Elem().Type()), v.Elem())
}

// indirect writes what a pointer or interface refers to.
func (e *packEncoder) indirect(plan *packPlan, v reflect.Value) error {
	if e.indirections++; e.indirections > maxIndirections {
		return errRing
	}
	err := plan.write(e, v)
	e.indirections--
	return err
}

func fillPackPointer(elem *packPlan, plan *packPlan) {
	plan.write = func(e *packEncoder, v reflect.Value) error {
		if v.IsNil() {
			e.null()
			return nil
		}
		return e.indirect(elem, v.Elem())
	}
	plan.read = func(d *packDecoder, v reflect.Value) error {
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

// fillPackList makes the plan for slices and arrays.
func fillPackList(elem *packPlan, plan *packPlan) {
	plan.write = func(e *packEncoder, v reflect.Value) error {
		if err := e.enter(); err != nil {
			return err
		}
		if err := e.arrayHeader(v.Len()); err != nil {
			return err
		}
		for i := range v.Len() {
			if err := elem.write(e, v.Index(i)); err != nil {
				return inElement(i, err)
			}
		}
		e.depth--
		return nil
	}
	plan.read = func(d *packDecoder, v reflect.Value) error { return d.list(elem, v) }
}

func (e *packEncoder) arrayHeader(n int) error {
	if int64(n) > math.MaxUint32 {
		return fmt.Errorf("%d elements are too many for MessagePack", n)
	}
	e.dst = msgp.AppendArrayHeader(e.dst, uint32(n))
	return nil
}

// fillPackMap makes the plan for maps, whose keys may be of any type that Go
// can compare.
func fillPackMap(key, elem *packPlan, plan *packPlan) {
	plan.write = func(e *packEncoder, v reflect.Value) error { return e.mapping(key, elem, v) }
	plan.read = func(d *packDecoder, v reflect.Value) error { return d.mapping(key, elem, v) }
}

// mapping writes a map, sorted by encoded key so that equal maps look alike.
func (e *packEncoder) mapping(key, elem *packPlan, v reflect.Value) error {
	type entry struct {
		key   []byte
		value reflect.Value
	}
	if err := e.enter(); err != nil {
		return err
	}
	if int64(v.Len()) > math.MaxUint32 {
		return fmt.Errorf("%d entries are too many for MessagePack", v.Len())
	}
	keys := packEncoder{values: e.values, depth: e.depth, indirections: e.indirections}
	entries := make([]entry, 0, v.Len())
	for iter := v.MapRange(); iter.Next(); {
		start := len(keys.dst)
		if err := key.write(&keys, iter.Key()); err != nil {
			return inMember(fmt.Sprint(iter.Key()), err)
		}
		entries = append(entries, entry{keys.dst[start:], iter.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
	e.dst = msgp.AppendMapHeader(e.dst, uint32(len(entries)))
	for _, entry := range entries {
		e.dst = append(e.dst, entry.key...)
		if err := elem.write(e, entry.value); err != nil {
			return inMember(packKeyName(entry.key), err)
		}
	}
	e.depth--
	return nil
}

// packKeyName is how an error calls the entry with that encoded key.
func packKeyName(key []byte) string {
	if head := scanPack(key); head.kind == packStr {
		return string(key[head.body:head.size])
	}
	return fmt.Sprintf("<%x>", key)
}
