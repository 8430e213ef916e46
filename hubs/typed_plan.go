package hubs

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// clientPlan is a client type after it was looked at: what Typed needs to fill
// a value of it.
type clientPlan struct {
	methods []clientMethod
}

// clientMethod is one func field of a client type.
type clientMethod struct {
	index  []int        // of the field, see reflect.Value.FieldByIndex
	fn     reflect.Type // of the field
	result reflect.Type // nil: nobody waits for an answer
	name   string       // on the wire
	field  string       // for error texts, such as "chat.Client.GetMessage"
}

// clientPlans holds a plannedClient for each client type.
var clientPlans sync.Map // reflect.Type -> plannedClient

type plannedClient struct {
	plan *clientPlan
	err  error
}

// planClient returns the plan of a client type. All that is wrong with the type
// is in the error, one line for each field.
func planClient(typ reflect.Type) (*clientPlan, error) {
	if cached, ok := clientPlans.Load(typ); ok {
		planned := cached.(plannedClient)
		return planned.plan, planned.err
	}
	var planned plannedClient
	plan := new(clientPlan)
	if planned.err = plan.build(typ); planned.err == nil {
		planned.plan = plan
	}
	clientPlans.Store(typ, planned)
	return planned.plan, planned.err
}

func (p *clientPlan) build(typ reflect.Type) error {
	if typ.Kind() != reflect.Struct {
		return fmt.Errorf("hubs: Typed[%v]: the client type must be a struct of funcs, not a %v", typ, typ.Kind())
	}
	err := p.addFields(typ, nil)
	if err == nil && len(p.methods) == 0 {
		return fmt.Errorf("hubs: Typed[%v]: the struct has no fields; give it a func for each client method", typ)
	}
	seen := map[string]string{}
	for _, m := range p.methods {
		// Official clients look handlers up without regard to case.
		key := strings.ToLower(m.name)
		if other, taken := seen[key]; taken {
			err = errors.Join(err, fmt.Errorf("hubs: %s: client method %q is taken by %s; rename one with a tag `signalr:\"name\"`",
				m.field, m.name, other))
		}
		seen[key] = m.field
	}
	return err
}

// addFields adds the fields of typ, which is found at index within the client
// type, and those of the structs that it embeds.
func (p *clientPlan) addFields(typ reflect.Type, index []int) error {
	var errs []error
	for i := range typ.NumField() {
		field := typ.Field(i)
		at := slices.Concat(index, []int{i})
		if field.Anonymous && field.Type.Kind() == reflect.Struct {
			errs = append(errs, p.addFields(field.Type, at))
			continue
		}
		m := clientMethod{index: at, fn: field.Type, name: field.Tag.Get("signalr"), field: typ.String() + "." + field.Name}
		if m.name == "" {
			m.name = field.Name
		}
		if mend := m.shape(field); mend != "" {
			errs = append(errs, fmt.Errorf("hubs: %s: %s", m.field, mend))
			continue
		}
		p.methods = append(p.methods, m)
	}
	return errors.Join(errs...)
}

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// shape learns how the field is called and returns what is wrong with it, with
// the mend, or "".
func (m *clientMethod) shape(field reflect.StructField) string {
	const want = "func(ctx context.Context, ...) error, or (T, error) for a client result"
	fn := field.Type
	switch {
	case field.Anonymous:
		return fmt.Sprintf("embeds a %v; embed a struct of funcs, by value", fn.Kind())
	case fn.Kind() != reflect.Func:
		return fmt.Sprintf("is a %v; make it a %s", fn, want)
	case !field.IsExported():
		return "is not exported, so it cannot be filled; begin its name with a capital " +
			"and name the client method in a tag `signalr:\"name\"`"
	case fn.IsVariadic():
		return "is variadic; take a slice as the last parameter instead of ..."
	case fn.NumIn() == 0 || fn.In(0) != contextType:
		return "must take a context.Context first; make it a " + want
	case fn.NumOut() == 0 || fn.NumOut() > 2 || fn.Out(fn.NumOut()-1) != errorType:
		return "must return an error last, and at most one value before it; make it a " + want
	}
	for i := 1; i < fn.NumIn(); i++ {
		if !encodable(fn.In(i)) {
			return fmt.Sprintf("parameter %d is a %v, which has no form on the wire; pass plain values", i, fn.In(i))
		}
	}
	if fn.NumOut() == 2 {
		if m.result = fn.Out(0); !encodable(m.result) {
			return fmt.Sprintf("returns a %v, which has no form on the wire; a client answers with one plain value", m.result)
		}
	}
	return ""
}

// encodable reports whether a hub protocol could carry values of a type, as
// far as its kind tells.
func encodable(typ reflect.Type) bool {
	switch typ.Kind() {
	case reflect.Func, reflect.Chan, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		return false
	default:
		return true
	}
}
