package protocol

import (
	"errors"
	"reflect"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// packPlan is how values of one Go type are written and read. read gets a
// settable value and a decoder that stands at a MessagePack value.
type packPlan struct {
	write func(e *packEncoder, v reflect.Value) error
	read  func(d *packDecoder, v reflect.Value) error
}

// fill makes the plan for t: what options say goes before the type's methods,
// and those before its kind.
func (c *packValues) fill(b *planner[packPlan], t reflect.Type, plan *packPlan) {
	if !fillPackKnown(t, plan) {
		c.fillKind(b, t, plan)
		fillPackText(t, plan)
		fillPackMethods(t, plan)
	}
	if write, ok := c.writers[t]; ok {
		plan.write = func(e *packEncoder, v reflect.Value) (err error) {
			return e.foreign(func(dst []byte) ([]byte, error) { return write(dst, v) })
		}
	}
	if read, ok := c.readers[t]; ok {
		plan.read = func(d *packDecoder, v reflect.Value) error {
			data, err := d.value()
			if err != nil {
				return err
			}
			return read(data, v)
		}
	}
}

// fillPackKnown makes the plan for types that have a form of their own.
func fillPackKnown(t reflect.Type, plan *packPlan) bool {
	switch t {
	case reflect.TypeFor[time.Time]():
		plan.write, plan.read = writePackTime, readPackTime
	case reflect.TypeFor[time.Duration]():
		plan.write, plan.read = writePackDuration, readPackDuration
	case reflect.TypeFor[Raw](), reflect.TypeFor[msgp.Raw]():
		plan.write, plan.read = writePackRaw, readPackRaw
	default:
		return false
	}
	return true
}

func (c *packValues) fillKind(b *planner[packPlan], t reflect.Type, plan *packPlan) {
	switch kind := t.Kind(); kind {
	case reflect.Bool:
		plan.write, plan.read = writePackBool, readPackBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		plan.write, plan.read = writePackInt, readPackInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		plan.write, plan.read = writePackUint, readPackUint
	case reflect.Float32, reflect.Float64:
		plan.write, plan.read = writePackFloat, readPackFloat
	case reflect.Complex64, reflect.Complex128:
		plan.write, plan.read = writePackComplex, readPackComplex
	case reflect.String:
		plan.write, plan.read = writePackString, readPackString
	case reflect.Interface:
		plan.write, plan.read = writePackInterface, readPackInterface
	case reflect.Pointer:
		fillPackPointer(b.of(t.Elem()), plan)
	case reflect.Slice, reflect.Array:
		if isByte(t.Elem()) {
			plan.write, plan.read = writePackBytes, readPackBytes
			return
		}
		fillPackList(b.of(t.Elem()), plan)
	case reflect.Map:
		fillPackMap(b.of(t.Key()), b.of(t.Elem()), plan)
	case reflect.Struct:
		c.fillStruct(b, t, plan)
	default:
		plan.write = func(*packEncoder, reflect.Value) error { return errUnwritable(t, "MessagePack") }
		plan.read = func(d *packDecoder, _ reflect.Value) error { return d.noFit(t) }
	}
}

// fillPackText takes over the type's methods for text.
func fillPackText(t reflect.Type, plan *packPlan) {
	text := textualOf(t)
	if text.write != nil {
		plan.write = func(e *packEncoder, v reflect.Value) error {
			name, err := text.write(v)
			e.dst = msgp.AppendStringFromBytes(e.dst, validUTF8(name))
			return err
		}
	}
	if text.read != nil {
		plan.read = func(d *packDecoder, v reflect.Value) error {
			name, err := d.text(t)
			if err != nil {
				return err
			}
			return text.read(v, name)
		}
	}
}

// fillPackMethods takes over the methods that msgp generates.
func fillPackMethods(t reflect.Type, plan *packPlan) {
	if receiver := receiverOf(t, reflect.TypeFor[msgp.Marshaler]()); receiver != nil {
		plan.write = func(e *packEncoder, v reflect.Value) error {
			return e.foreign(receiver(v).(msgp.Marshaler).MarshalMsg)
		}
	}
	if receiver := receiverOf(t, reflect.TypeFor[msgp.Unmarshaler]()); receiver != nil {
		plan.read = func(d *packDecoder, v reflect.Value) error {
			data, err := d.value()
			if err != nil {
				return err
			}
			_, err = receiver(v).(msgp.Unmarshaler).UnmarshalMsg(data)
			return err
		}
	}
}

// errNotOneValue is the error for bytes that are given out as a value.
var errNotOneValue = errors.New("the raw value is not one MessagePack value")
