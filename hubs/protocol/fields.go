package protocol

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// field is a struct field, of the struct itself or promoted from an embedded
// one, as an encoding sees it.
type field struct {
	name   string // on the wire
	typ    reflect.Type
	index  []int
	tagged bool

	omitEmpty, omitZero bool
	quoted              bool // a number written as a string
	composite           bool // read in parts, into what is there already
}

// fieldRules say how an encoding finds and names fields.
type fieldRules struct {
	tag  string                     // key of the struct tag
	name func(goName string) string // of a field without a name in its tag
}

// of returns the fields of struct type t in the order of their declaration.
// What embedding promotes and hides follows the rules of Go and encoding/json:
// the shallowest field of a name wins, among equals a tagged one, else none.
// Two fields of t itself with one name are an error.
func (r fieldRules) of(t reflect.Type) ([]field, error) {
	var all []field
	if err := r.collect(t, nil, map[reflect.Type]bool{}, &all); err != nil {
		return nil, err
	}
	groups := make(map[string][]field, len(all))
	for _, f := range all {
		groups[f.name] = append(groups[f.name], f)
	}
	var fields []field
	for _, f := range all {
		group := groups[f.name]
		best := dominant(group)
		switch {
		case best < 0 && len(group[0].index) == 1:
			return nil, fmt.Errorf("%v has two fields called %q", t, f.name)
		case best >= 0 && slices.Equal(group[best].index, f.index):
			fields = append(fields, f)
		}
	}
	return fields, nil
}

// dominant returns the index of the field that hides the others of its name,
// or -1. It leaves group sorted, the strongest first.
func dominant(group []field) int {
	slices.SortStableFunc(group, func(a, b field) int {
		return cmp.Or(cmp.Compare(len(a.index), len(b.index)), boolOrder(a.tagged, b.tagged))
	})
	if len(group) > 1 && len(group[0].index) == len(group[1].index) && group[0].tagged == group[1].tagged {
		return -1
	}
	return 0
}

// boolOrder puts true first.
func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// collect appends the fields of t and of what it embeds to all. within holds
// the types on the way to t, so that a type embedding a pointer to itself ends.
func (r fieldRules) collect(t reflect.Type, index []int, within map[reflect.Type]bool, all *[]field) error {
	if within[t] {
		return nil
	}
	within[t] = true
	defer delete(within, t)
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := sf.Tag.Get(r.tag)
		if tag == "-" {
			continue
		}
		path := append(slices.Clone(index), i)
		name, options, _ := strings.Cut(tag, ",")
		if inner := embedded(sf); inner != nil && name == "" {
			if err := r.collect(inner, path, within, all); err != nil {
				return err
			}
			continue
		}
		if !sf.IsExported() {
			continue
		}
		f := field{name: name, typ: sf.Type, index: path, tagged: name != ""}
		f.composite = sf.Type.Kind() == reflect.Struct || sf.Type.Kind() == reflect.Array
		if name == "" {
			f.name = r.name(sf.Name)
		}
		for option := range strings.SplitSeq(options, ",") {
			f.omitEmpty = f.omitEmpty || option == "omitempty"
			f.omitZero = f.omitZero || option == "omitzero"
			f.quoted = f.quoted || option == "string"
		}
		*all = append(*all, f)
	}
	return nil
}

// embedded returns the struct type that sf embeds, directly or by a pointer, or nil.
func embedded(sf reflect.StructField) reflect.Type {
	if !sf.Anonymous {
		return nil
	}
	t := sf.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	return t
}

// in returns the field of struct value v for reading; ok is false where it
// lies behind a nil pointer.
func (f *field) in(v reflect.Value) (value reflect.Value, ok bool) {
	for i, n := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}, false
			}
			v = v.Elem()
		}
		v = v.Field(n)
	}
	return v, true
}

// settable returns the field of struct value v for writing, making what
// embedded pointers lack.
func (f *field) settable(v reflect.Value) (reflect.Value, error) {
	for i, n := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !v.CanSet() {
					return v, fmt.Errorf("the embedded pointer to the unexported type %v is nil", v.Type().Elem())
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(n)
	}
	return v, nil
}

// omitted reports whether value v of the field is left out.
func (f *field) omitted(v reflect.Value) bool {
	return f.omitEmpty && isEmpty(v) || f.omitZero && isZero(v)
}

// isEmpty is what encoding/json means by omitempty.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	default:
		return v.IsZero()
	}
}

// isZero is what encoding/json means by omitzero.
func isZero(v reflect.Value) bool {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return true
	}
	if z, ok := reflect.TypeAssert[interface{ IsZero() bool }](v); ok {
		return z.IsZero()
	}
	return v.IsZero()
}
