package protocol

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/tinylib/msgp/msgp"
)

// errNotPack is the error for a value that is no MessagePack at all, breaks
// off, or nests too deep.
var errNotPack = errors.New("the value is not MessagePack")

// packDecoder reads one value; rest is what it has not read.
type packDecoder struct {
	values *packValues
	rest   []byte
	depth  int // arrays and maps around the current value
}

// Unmarshal implements [Protocol]. The error says where inside the value
// something did not fit, and what. v may then hold a part of the value.
func (p MessagePack) Unmarshal(raw Raw, v any) error {
	c := p.config()
	if len(c.readers) == 0 {
		if done, err := unmarshalSimpleMessagePack(raw, v); done {
			return err
		}
	}
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("cannot unmarshal into %T: not a pointer, or nil", v)
	}
	d := packDecoder{rest: raw, values: c}
	err := c.plans.of(target.Type().Elem()).read(&d, target.Elem())
	if err == nil && len(d.rest) > 0 {
		return errNotPack
	}
	return err
}

// unmarshalSimpleMessagePack reads into the simplest types, which most arguments
// are: they need no plan, and the decoder no place on the heap.
func unmarshalSimpleMessagePack(raw Raw, v any) (done bool, err error) {
	d := packDecoder{rest: raw}
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
		*v, err = d.float(floatType)
	case *[]byte:
		*v, err = d.bytes(bytesType)
	case *any:
		*v, err = d.any()
	default:
		return false, nil
	}
	if err == nil && len(d.rest) > 0 {
		err = errNotPack
	}
	return true, err
}

// value takes the next value as it stands.
func (d *packDecoder) value() ([]byte, error) {
	rest, ok := skipPack(d.rest, d.depth)
	if !ok {
		return nil, errNotPack
	}
	end := len(d.rest) - len(rest)
	value := d.rest[:end:end]
	d.rest = rest
	return value, nil
}

// null skips a nil, if that is what comes.
func (d *packDecoder) null() bool {
	if len(d.rest) == 0 || d.rest[0] != 0xc0 {
		return false
	}
	d.rest = d.rest[1:]
	return true
}

// noFit is the error for the value that comes next, which t does not take.
func (d *packDecoder) noFit(t reflect.Type) error {
	kind := scanPack(d.rest).kind
	if _, err := d.value(); err != nil {
		return err
	}
	return errNoFit(kind.String(), t)
}

// String says what a value of the kind is called in errors.
func (k packKind) String() string {
	return [...]string{
		"no value", "nil", "a boolean", "an integer", "an integer", "a float", "a string", "binary data", "an extension",
		"an array", "a map",
	}[k]
}

// open reads the head of an array or map and returns how many values are in
// it, which are there: each has at least a byte.
func (d *packDecoder) open(kind packKind, t reflect.Type) (values int, err error) {
	head := scanPack(d.rest)
	if head.kind != kind {
		return 0, d.noFit(t)
	}
	n := head.values()
	d.rest = d.rest[head.size:]
	if d.depth++; d.depth > maxPackDepth || n > uint64(len(d.rest)) {
		return 0, errNotPack
	}
	return int(n), nil
}

// text reads a string into its bytes, which may alias the data.
func (d *packDecoder) text(t reflect.Type) ([]byte, error) {
	head := scanPack(d.rest)
	if head.kind != packStr {
		return nil, d.noFit(t)
	}
	text := validUTF8(d.rest[head.body:head.size])
	d.rest = d.rest[head.size:]
	return text, nil
}

// string reads a string or nil, which is "".
func (d *packDecoder) string(t reflect.Type) (string, error) {
	if d.null() {
		return "", nil
	}
	text, err := d.text(t)
	return string(text), err
}

func (d *packDecoder) bool(t reflect.Type) (bool, error) {
	b, rest, err := msgp.ReadBoolBytes(d.rest)
	if err != nil {
		return false, d.noFit(t)
	}
	d.rest = rest
	return b, nil
}

func (d *packDecoder) int(t reflect.Type, bits int) (int64, error) {
	n, rest, err := msgp.ReadInt64Bytes(d.rest)
	if err != nil {
		return 0, d.noFit(t)
	}
	if shift := 64 - bits; n<<shift>>shift != n {
		return 0, errNoFit("the number "+strconv.FormatInt(n, 10), t)
	}
	d.rest = rest
	return n, nil
}

func (d *packDecoder) uint(t reflect.Type, bits int) (uint64, error) {
	n, rest, err := msgp.ReadUint64Bytes(d.rest)
	if err != nil {
		return 0, d.noFit(t)
	}
	if shift := 64 - bits; n<<shift>>shift != n {
		return 0, errNoFit("the number "+strconv.FormatUint(n, 10), t)
	}
	d.rest = rest
	return n, nil
}

// float reads a float of either width or an integer.
func (d *packDecoder) float(t reflect.Type) (f float64, err error) {
	switch scanPack(d.rest).kind {
	case packFloat:
		f, d.rest, err = msgp.ReadFloat64Bytes(d.rest)
	case packInt:
		var n int64
		n, d.rest, err = msgp.ReadInt64Bytes(d.rest)
		f = float64(n)
	case packUint:
		var n uint64
		n, d.rest, err = msgp.ReadUint64Bytes(d.rest)
		f = float64(n)
	default:
		err = d.noFit(t)
	}
	return f, err
}

// bytes reads bin, the bytes of a str, an array of integers, or nil.
func (d *packDecoder) bytes(t reflect.Type) ([]byte, error) {
	head := scanPack(d.rest)
	switch head.kind {
	case packBin, packStr:
		b := append([]byte{}, d.rest[head.body:head.size]...)
		d.rest = d.rest[head.size:]
		return b, nil
	case packNil:
		d.null()
		return nil, nil
	}
	n, err := d.open(packArray, t)
	if err != nil {
		return nil, err
	}
	b := make([]byte, n)
	for i := range b {
		x, err := d.uint(reflect.TypeFor[byte](), 8)
		if err != nil {
			return nil, inElement(i, err)
		}
		b[i] = byte(x)
	}
	d.depth--
	return b, nil
}

func readPackString(d *packDecoder, v reflect.Value) error {
	s, err := d.string(v.Type())
	v.SetString(s)
	return err
}

func readPackBool(d *packDecoder, v reflect.Value) error {
	b, err := d.bool(v.Type())
	v.SetBool(b)
	return err
}

func readPackInt(d *packDecoder, v reflect.Value) error {
	n, err := d.int(v.Type(), v.Type().Bits())
	v.SetInt(n)
	return err
}

func readPackUint(d *packDecoder, v reflect.Value) error {
	n, err := d.uint(v.Type(), v.Type().Bits())
	v.SetUint(n)
	return err
}

// readPackFloat lets a float64 that is too large for a float32 be infinite, as
// the reference does.
func readPackFloat(d *packDecoder, v reflect.Value) error {
	f, err := d.float(v.Type())
	v.SetFloat(f)
	return err
}

func readPackComplex(d *packDecoder, v reflect.Value) error {
	n, err := d.open(packArray, v.Type())
	if err != nil {
		return err
	}
	if n != 2 {
		return errNoFit(fmt.Sprintf("an array of %d elements", n), v.Type())
	}
	d.depth--
	re, err := d.float(v.Type())
	if err != nil {
		return err
	}
	im, err := d.float(v.Type())
	v.SetComplex(complex(re, im))
	return err
}

func readPackBytes(d *packDecoder, v reflect.Value) error {
	if v.Kind() == reflect.Array && scanPack(d.rest).kind == packNil {
		return d.noFit(v.Type())
	}
	b, err := d.bytes(v.Type())
	if err != nil {
		return err
	}
	if v.Kind() == reflect.Slice {
		v.SetBytes(b)
		return nil
	}
	if len(b) != v.Len() {
		return errNoFit(fmt.Sprintf("%d bytes", len(b)), v.Type())
	}
	reflect.Copy(v, reflect.ValueOf(b))
	return nil
}

// readPackRaw keeps a value as it stands, as a copy.
func readPackRaw(d *packDecoder, v reflect.Value) error {
	raw, err := d.value()
	v.SetBytes(append([]byte(nil), raw...))
	return err
}

// list reads an array into slice or array v.
func (d *packDecoder) list(elem *packPlan, v reflect.Value) error {
	t := v.Type()
	fixed := t.Kind() == reflect.Array
	if !fixed && d.null() {
		v.SetZero()
		return nil
	}
	n, err := d.open(packArray, t)
	if err != nil {
		return err
	}
	if fixed && n != v.Len() {
		return errNoFit(fmt.Sprintf("an array of %d elements", n), t)
	}
	if !fixed {
		v.Set(reflect.MakeSlice(t, 0, min(n, firstElements(t.Elem()))))
	}
	for i := range n {
		if !fixed {
			extend(v, i+1)
		}
		if err := elem.read(d, v.Index(i)); err != nil {
			return inElement(i, err)
		}
	}
	d.depth--
	return nil
}

// firstElements is how many elements of type t are made room for before they
// are seen: a byte may announce one of any size.
func firstElements(t reflect.Type) int {
	const room = 1 << 10
	return max(1, room/max(1, int(min(t.Size(), math.MaxInt32))))
}

// mapping reads a map. The same key twice is refused, as the reference does.
func (d *packDecoder) mapping(key, elem *packPlan, v reflect.Value) error {
	t := v.Type()
	if d.null() {
		v.SetZero()
		return nil
	}
	n, err := d.open(packMap, t)
	if err != nil {
		return err
	}
	v.Set(reflect.MakeMap(t))
	k, x := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
	for range n / 2 {
		name := d.rest
		k.SetZero()
		if err := key.read(d, k); err != nil {
			return inMember("<key>", err)
		}
		name = name[:len(name)-len(d.rest)]
		if !k.Comparable() {
			return errNoFit("a key that cannot be compared", t)
		}
		if v.MapIndex(k).IsValid() {
			return inMember(packKeyName(name), errors.New("the key is there twice"))
		}
		x.SetZero()
		if err := elem.read(d, x); err != nil {
			return inMember(packKeyName(name), err)
		}
		v.SetMapIndex(k, x)
	}
	d.depth--
	return nil
}
