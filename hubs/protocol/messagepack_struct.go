package protocol

import (
	"reflect"
	"strings"

	"github.com/tinylib/msgp/msgp"
)

// packStruct is the plan for a struct type.
type packStruct struct {
	fields  []packField
	byName  map[string]int // index in fields
	asArray bool
	all     bool // no field is ever left out
}

type packField struct {
	field

	label []byte // the name encoded
	plan  *packPlan
}

func (c *packValues) fillStruct(b *planner[packPlan], t reflect.Type, plan *packPlan) {
	fields, err := c.rules.of(t)
	if err != nil {
		plan.write = func(*packEncoder, reflect.Value) error { return err }
		plan.read = func(*packDecoder, reflect.Value) error { return err }
		return
	}
	s := &packStruct{byName: make(map[string]int, len(fields)), asArray: isPackArray(t), all: true}
	for i, f := range fields {
		s.fields = append(s.fields, packField{f, appendPackString(nil, f.name), b.of(f.typ)})
		s.byName[f.name] = i
		s.all = s.all && !f.omitEmpty && !f.omitZero && len(f.index) == 1
	}
	if plan.write, plan.read = s.writeMap, s.readMap; s.asArray {
		plan.write, plan.read = s.writeArray, s.readArray
	}
}

// isPackArray looks for the blank field that makes a struct an array.
func isPackArray(t reflect.Type) bool {
	for sf := range t.Fields() {
		if sf.Name == "_" {
			_, options, _ := strings.Cut(sf.Tag.Get("msgpack"), ",")
			if options == "as_array" {
				return true
			}
		}
	}
	return false
}

func (s *packStruct) writeMap(e *packEncoder, v reflect.Value) error {
	if err := e.enter(); err != nil {
		return err
	}
	e.dst = msgp.AppendMapHeader(e.dst, uint32(s.count(v)))
	for i := range s.fields {
		f := &s.fields[i]
		value, ok := f.in(v)
		if !ok || f.omitted(value) {
			continue
		}
		e.dst = append(e.dst, f.label...)
		if err := f.plan.write(e, value); err != nil {
			return inMember(f.name, err)
		}
	}
	e.depth--
	return nil
}

// count returns how many fields of v are written.
func (s *packStruct) count(v reflect.Value) int {
	if s.all {
		return len(s.fields)
	}
	n := 0
	for i := range s.fields {
		f := &s.fields[i]
		if value, ok := f.in(v); ok && !f.omitted(value) {
			n++
		}
	}
	return n
}

func (s *packStruct) writeArray(e *packEncoder, v reflect.Value) error {
	if err := e.enter(); err != nil {
		return err
	}
	e.dst = msgp.AppendArrayHeader(e.dst, uint32(len(s.fields)))
	for i := range s.fields {
		f := &s.fields[i]
		value, ok := f.in(v)
		if !ok {
			e.null()
			continue
		}
		if err := f.plan.write(e, value); err != nil {
			return inMember(f.name, err)
		}
	}
	e.depth--
	return nil
}

func (s *packStruct) readMap(d *packDecoder, v reflect.Value) error {
	n, err := d.open(packMap, v.Type())
	if err != nil {
		return err
	}
	for range n / 2 {
		head := scanPack(d.rest)
		if head.kind != packStr {
			return within("<key>", d.noFit(stringType))
		}
		name := d.rest[head.body:head.size]
		d.rest = d.rest[head.size:]
		i, ok := s.byName[string(name)]
		if !ok {
			if _, err := d.value(); err != nil {
				return inMember(string(name), err)
			}
			continue
		}
		if err := s.readField(d, v, i); err != nil {
			return err
		}
	}
	d.depth--
	return nil
}

// readArray reads as many fields as there are elements, and skips elements
// that have no field.
func (s *packStruct) readArray(d *packDecoder, v reflect.Value) error {
	n, err := d.open(packArray, v.Type())
	if err != nil {
		return err
	}
	for i := range n {
		if i < len(s.fields) {
			err = s.readField(d, v, i)
		} else {
			_, err = d.value()
		}
		if err != nil {
			return err
		}
	}
	d.depth--
	return nil
}

func (s *packStruct) readField(d *packDecoder, v reflect.Value, i int) error {
	f := &s.fields[i]
	value, err := f.settable(v)
	if err == nil {
		if f.composite {
			value.SetZero() // of two entries alike, the last is all there is
		}
		err = f.plan.read(d, value)
	}
	if err != nil {
		return inMember(f.name, err)
	}
	return nil
}
