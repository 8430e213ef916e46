package protocol

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/tinylib/msgp/msgp"
)

// readPackInterface reads into an any: other interfaces take nil alone, as
// nothing says what to make for them.
func readPackInterface(d *packDecoder, v reflect.Value) error {
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
func (d *packDecoder) any() (any, error) {
	switch head := scanPack(d.rest); head.kind {
	case packNil:
		d.null()
		return nil, nil
	case packBool:
		return d.bool(boolType)
	case packInt, packUint:
		return d.anyInteger()
	case packFloat:
		return d.anyFloat()
	case packStr:
		return d.string(stringType)
	case packBin:
		return d.bytes(bytesType)
	case packExt:
		return d.time(timeType)
	case packArray:
		return d.anyList()
	case packMap:
		return d.anyMap()
	}
	return nil, errNotPack
}

func (d *packDecoder) anyInteger() (any, error) {
	if n, rest, err := msgp.ReadInt64Bytes(d.rest); err == nil {
		d.rest = rest
		return n, nil
	}
	n, rest, err := msgp.ReadUint64Bytes(d.rest)
	if err != nil {
		return nil, errNotPack
	}
	d.rest = rest
	return n, nil
}

// anyFloat keeps the width of the float.
func (d *packDecoder) anyFloat() (any, error) {
	if d.rest[0] == 0xca {
		f, rest, err := msgp.ReadFloat32Bytes(d.rest)
		d.rest = rest
		return f, err
	}
	f, rest, err := msgp.ReadFloat64Bytes(d.rest)
	d.rest = rest
	return f, err
}

func (d *packDecoder) anyList() (any, error) {
	n, err := d.open(packArray, reflect.TypeFor[[]any]())
	if err != nil {
		return nil, err
	}
	list := make([]any, 0, min(n, firstElements(reflect.TypeFor[any]())))
	for i := range n {
		x, err := d.any()
		if err != nil {
			return nil, inElement(i, err)
		}
		list = append(list, x)
	}
	d.depth--
	return list, nil
}

// anyMap makes a map[string]any until a key is no string.
func (d *packDecoder) anyMap() (any, error) {
	n, err := d.open(packMap, reflect.TypeFor[map[string]any]())
	if err != nil {
		return nil, err
	}
	names := map[string]any{}
	var keys map[any]any
	for range n / 2 {
		key, err := d.any()
		if err != nil {
			return nil, inMember("<key>", err)
		}
		name, isName := key.(string)
		if !isName && keys == nil {
			keys = make(map[any]any, len(names)+1)
			for name, x := range names {
				keys[name] = x
			}
		}
		switch {
		case !reflect.ValueOf(&key).Elem().Comparable():
			return nil, fmt.Errorf("a %T cannot be a key", key)
		case isTwice(names, keys, name, key):
			return nil, inMember(fmt.Sprint(key), errors.New("the key is there twice"))
		}
		x, err := d.any()
		if err != nil {
			return nil, inMember(fmt.Sprint(key), err)
		}
		if keys != nil {
			keys[key] = x
		} else {
			names[name] = x
		}
	}
	d.depth--
	if keys != nil {
		return keys, nil
	}
	return names, nil
}

func isTwice(names map[string]any, keys map[any]any, name string, key any) bool {
	if keys != nil {
		_, twice := keys[key]
		return twice
	}
	_, twice := names[name]
	return twice
}
