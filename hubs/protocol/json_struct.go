package protocol

import (
	"reflect"
)

// jsonStruct is the plan for a struct type.
type jsonStruct struct {
	fields []jsonField
	exact  map[string]int // index in fields by name
	folded map[string]int // the same by folded name; of two alike the first
}

type jsonField struct {
	field

	label []byte // the name quoted, and a colon
	plan  *jsonPlan
}

func (c *jsonValues) fillStruct(b *planner[jsonPlan], t reflect.Type, plan *jsonPlan) {
	fields, err := c.rules.of(t)
	if err != nil {
		plan.write = func(*jsonEncoder, reflect.Value) error { return err }
		plan.read = func(*jsonDecoder, reflect.Value) error { return err }
		return
	}
	s := &jsonStruct{exact: make(map[string]int, len(fields)), folded: make(map[string]int, len(fields))}
	for i, f := range fields {
		inner := b.of(f.typ)
		if f.quoted {
			inner = quotedJSON(f.typ, inner)
		}
		s.fields = append(s.fields, jsonField{f, append(appendJSONString(nil, f.name), ':'), inner})
		s.exact[f.name] = i
		folded := string(appendFolded(nil, []byte(f.name)))
		if _, taken := s.folded[folded]; !taken {
			s.folded[folded] = i
		}
	}
	plan.write, plan.read = s.write, s.read
}

func (s *jsonStruct) write(e *jsonEncoder, v reflect.Value) error {
	if err := e.enter('{'); err != nil {
		return err
	}
	first := true
	for i := range s.fields {
		f := &s.fields[i]
		value, ok := f.in(v)
		if !ok || f.omitted(value) {
			continue
		}
		if !first {
			e.dst = append(e.dst, ',')
		}
		first = false
		e.dst = append(e.dst, f.label...)
		if err := f.plan.write(e, value); err != nil {
			return inMember(f.name, err)
		}
	}
	e.depth--
	e.dst = append(e.dst, '}')
	return nil
}

func (s *jsonStruct) read(d *jsonDecoder, v reflect.Value) error {
	if d.peek() != '{' {
		return d.noFit(v.Type())
	}
	return d.members(func(name []byte) error {
		f := s.find(name)
		if f == nil {
			return d.skipElement()
		}
		value, err := f.settable(v)
		if err != nil {
			return err
		}
		if f.composite {
			value.SetZero() // of two members alike, the last is all there is
		}
		return f.plan.read(d, value)
	})
}

// find returns the field of that name, in another case if need be.
func (s *jsonStruct) find(name []byte) *jsonField {
	i, ok := s.exact[string(name)]
	if !ok {
		var buf [64]byte
		if i, ok = s.folded[string(appendFolded(buf[:0], name))]; !ok {
			return nil
		}
	}
	return &s.fields[i]
}

// quotedJSON returns the plan for a field of type t whose tag has the option
// "string": a number, or a pointer to one, between quotes.
func quotedJSON(t reflect.Type, inner *jsonPlan) *jsonPlan {
	kind := t.Kind()
	if kind == reflect.Pointer {
		kind = t.Elem().Kind()
	}
	if !isInteger(kind) && kind != reflect.Float32 && kind != reflect.Float64 {
		return inner
	}
	return &jsonPlan{
		write: func(e *jsonEncoder, v reflect.Value) error {
			if v.Kind() == reflect.Pointer && v.IsNil() {
				e.null()
				return nil
			}
			e.dst = append(e.dst, '"')
			err := inner.write(e, v)
			e.dst = append(e.dst, '"')
			return err
		},
		read: func(d *jsonDecoder, v reflect.Value) error {
			if v.Kind() == reflect.Pointer && d.null() {
				v.SetZero()
				return nil
			}
			text, err := d.text(t)
			if err != nil {
				return err
			}
			number := jsonDecoder{jsonScanner: jsonScanner{data: text}, values: d.values}
			if err := inner.read(&number, v); err != nil || !number.end() {
				return errNoFit("the text in quotes", t)
			}
			return nil
		},
	}
}
