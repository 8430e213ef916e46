package protocol

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// elements calls element at each element of the array that comes next.
func (d *jsonDecoder) elements(element func(i int) error) error {
	if d.depth++; d.depth > maxJSONDepth {
		return errNotJSON
	}
	d.pos++
	if !d.accept(']') {
		for i := 0; ; i++ {
			d.peek()
			if err := element(i); err != nil {
				return inElement(i, err)
			}
			if d.accept(',') {
				continue
			}
			if !d.accept(']') {
				return errNotJSON
			}
			break
		}
	}
	d.depth--
	return nil
}

// members calls member at each member of the object that comes next.
func (d *jsonDecoder) members(member func(name []byte) error) error {
	if d.depth++; d.depth > maxJSONDepth {
		return errNotJSON
	}
	d.pos++
	for first := true; ; first = false {
		if d.accept('}') {
			d.depth--
			return nil
		}
		if !first && !d.accept(',') || d.peek() != '"' {
			return errNotJSON
		}
		raw, escaped, ok := d.str()
		if !ok || !d.accept(':') {
			return errNotJSON
		}
		name, ok := unquote(raw, escaped)
		if !ok {
			return errNotUTF8
		}
		d.peek()
		if err := member(name); err != nil {
			return inMember(string(name), err)
		}
	}
}

// list reads an array into slice or array v.
func (d *jsonDecoder) list(elem *jsonPlan, v reflect.Value) error {
	fixed := v.Kind() == reflect.Array
	switch {
	case d.peek() == '[':
	case !fixed && d.null():
		v.SetZero()
		return nil
	default:
		return d.noFit(v.Type())
	}
	n := 0
	if !fixed {
		v.SetZero()
	}
	err := d.elements(func(i int) error {
		n = i + 1
		switch {
		case !fixed:
			extend(v, n)
		case n > v.Len():
			return d.skipElement()
		}
		return elem.read(d, v.Index(i))
	})
	switch {
	case err != nil:
		return err
	case fixed && n != v.Len():
		return errNoFit(fmt.Sprintf("an array of %d elements", n), v.Type())
	case !fixed && n == 0:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0)) // empty is not nil
	}
	return nil
}

// extend makes slice v one longer: n elements. The new one is zero.
func extend(v reflect.Value, n int) {
	if n > v.Cap() {
		v.Grow(max(4, v.Len()))
	}
	v.SetLen(n)
}

func (d *jsonDecoder) skipElement() error {
	if !d.skip(d.depth) {
		return errNotJSON
	}
	return nil
}

// mapKeys is how the keys of a map become member names and back.
type mapKeys struct {
	write func(key reflect.Value) ([]byte, error)
	read  func(name []byte, key reflect.Value) error
}

func mapKeysOf(t reflect.Type) (keys mapKeys, ok bool) {
	switch kind := t.Kind(); {
	case kind == reflect.String:
		keys.write = func(key reflect.Value) ([]byte, error) { return []byte(key.String()), nil }
		keys.read = func(name []byte, key reflect.Value) error {
			key.SetString(string(name))
			return nil
		}
	case isInteger(kind):
		keys = integerKeys(t)
	}
	text := textualOf(t)
	if text.write != nil {
		keys.write = text.write
	}
	if text.read != nil {
		keys.read = func(name []byte, key reflect.Value) error { return text.read(key, name) }
	}
	return keys, keys.write != nil && keys.read != nil
}

func integerKeys(t reflect.Type) mapKeys {
	if reflect.Zero(t).CanInt() {
		return mapKeys{
			write: func(key reflect.Value) ([]byte, error) { return strconv.AppendInt(nil, key.Int(), 10), nil },
			read: func(name []byte, key reflect.Value) error {
				n, err := strconv.ParseInt(string(name), 10, t.Bits())
				key.SetInt(n)
				return err
			},
		}
	}
	return mapKeys{
		write: func(key reflect.Value) ([]byte, error) { return strconv.AppendUint(nil, key.Uint(), 10), nil },
		read: func(name []byte, key reflect.Value) error {
			n, err := strconv.ParseUint(string(name), 10, t.Bits())
			key.SetUint(n)
			return err
		},
	}
}

func (c *jsonValues) fillMap(b *planner[jsonPlan], t reflect.Type, plan *jsonPlan) {
	keys, ok := mapKeysOf(t.Key())
	if !ok {
		plan.write = func(*jsonEncoder, reflect.Value) error { return errUnwritable(t, "JSON") }
		plan.read = func(d *jsonDecoder, _ reflect.Value) error { return d.noFit(t) }
		return
	}
	elem := b.of(t.Elem())
	plan.write = func(e *jsonEncoder, v reflect.Value) error { return e.mapping(keys, elem, v) }
	plan.read = func(d *jsonDecoder, v reflect.Value) error { return d.mapping(keys, elem, v) }
}

// mapping writes a map, sorted by name so that equal maps look alike.
func (e *jsonEncoder) mapping(keys mapKeys, elem *jsonPlan, v reflect.Value) error {
	type entry struct {
		name  []byte
		value reflect.Value
	}
	if err := e.enter('{'); err != nil {
		return err
	}
	entries := make([]entry, 0, v.Len())
	for iter := v.MapRange(); iter.Next(); {
		name, err := keys.write(iter.Key())
		if err != nil {
			return err
		}
		entries = append(entries, entry{name, iter.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(a.name, b.name) })
	for i, entry := range entries {
		if i > 0 {
			e.dst = append(e.dst, ',')
		}
		e.dst = appendJSONString(e.dst, entry.name)
		e.dst = append(e.dst, ':')
		if err := elem.write(e, entry.value); err != nil {
			return inMember(string(entry.name), err)
		}
	}
	e.depth--
	e.dst = append(e.dst, '}')
	return nil
}

func (d *jsonDecoder) mapping(keys mapKeys, elem *jsonPlan, v reflect.Value) error {
	t := v.Type()
	switch {
	case d.peek() == '{':
	case d.null():
		v.SetZero()
		return nil
	default:
		return d.noFit(t)
	}
	v.Set(reflect.MakeMap(t))
	key, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
	return d.members(func(name []byte) error {
		key.SetZero()
		if err := keys.read(name, key); err != nil {
			return err
		}
		value.SetZero()
		if err := elem.read(d, value); err != nil {
			return err
		}
		v.SetMapIndex(key, value)
		return nil
	})
}
