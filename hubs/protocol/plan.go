package protocol

import (
	"reflect"
	"sync"
)

// plans holds what has been found out about Go types, once each: P says how
// values of a type are written and read in one encoding. It is safe for
// concurrent use.
type plans[P any] struct {
	made sync.Map // reflect.Type to *P
	fill func(b *planner[P], t reflect.Type, plan *P)
}

// of returns the plan for t.
func (c *plans[P]) of(t reflect.Type) *P {
	if plan, ok := c.made.Load(t); ok {
		return plan.(*P)
	}
	b := planner[P]{plans: c, open: make(map[reflect.Type]*P)}
	plan := b.of(t)
	// Only now: until the outermost type is done, an inner one that refers to it is not.
	for t, plan := range b.open {
		c.made.LoadOrStore(t, plan)
	}
	return plan
}

// planner makes the plans for a type and for those inside it.
type planner[P any] struct {
	plans *plans[P]
	open  map[reflect.Type]*P
}

// of returns the plan for t, which is complete only when the planner is done: a
// type may contain itself.
func (b *planner[P]) of(t reflect.Type) *P {
	if plan, ok := b.plans.made.Load(t); ok {
		return plan.(*P)
	}
	if plan, ok := b.open[t]; ok {
		return plan
	}
	plan := new(P)
	b.open[t] = plan
	b.plans.fill(b, t, plan)
	return plan
}

// maxIndirections is how many pointers and interfaces may follow each other on
// the way into a value. They add no depth to what is written, but may form a ring.
const maxIndirections = 1000

// receiverOf returns how to make an interface of the given type from a value of
// type t, by its address where only the pointer has the methods; nil if t does
// not implement it. Pointers and interfaces implement nothing here: they are
// followed first, since a nil one is written as null whatever its methods.
func receiverOf(t, iface reflect.Type) func(reflect.Value) any {
	switch {
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface:
		return nil
	case t.Implements(iface):
		return reflect.Value.Interface
	case reflect.PointerTo(t).Implements(iface):
		return func(v reflect.Value) any { return addressable(v).Addr().Interface() }
	}
	return nil
}

// addressable returns v, or a copy of it that has an address.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}
