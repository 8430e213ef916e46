package hubs

import (
	"context"
	"fmt"
	"reflect"
)

// ErrSingleClientOnly is returned when a client is asked for its result through
// a target of several connections. Only Client and Caller can be asked.
var ErrSingleClientOnly error = &fault{kind: kindInvalidOperation, text: "InvokeAsync only works with Single clients."}

// clientTarget is a [Proxy] or a [SingleProxy].
type clientTarget interface {
	Send(ctx context.Context, method string, args ...any) error
}

// fill gives every func field of client, a struct of the plan's type, a
// function that calls the client method on the target.
func (p *clientPlan) fill(client reflect.Value, to clientTarget) {
	for i := range p.methods {
		m := &p.methods[i]
		client.FieldByIndex(m.index).Set(reflect.MakeFunc(m.fn, func(in []reflect.Value) []reflect.Value {
			if m.result != nil {
				return m.ask(to, in)
			}
			return m.send(to, in)
		}))
	}
}

func (m *clientMethod) send(to clientTarget, in []reflect.Value) []reflect.Value {
	ctx, args, err := m.arguments(in)
	if err == nil {
		err = to.Send(ctx, m.name, args...)
	}
	return []reflect.Value{errorValue(err)}
}

func (m *clientMethod) ask(to clientTarget, in []reflect.Value) []reflect.Value {
	ctx, args, err := m.arguments(in)
	if err != nil {
		return []reflect.Value{reflect.Zero(m.result), errorValue(err)}
	}
	single, ok := to.(SingleProxy)
	if !ok {
		return []reflect.Value{reflect.Zero(m.result), errorValue(ErrSingleClientOnly)}
	}
	result := reflect.New(m.result)
	if err := single.Invoke(ctx, result.Interface(), m.name, args...); err != nil {
		return []reflect.Value{reflect.Zero(m.result), errorValue(err)}
	}
	return []reflect.Value{result.Elem(), noError}
}

// arguments takes what a func field was called with apart.
func (m *clientMethod) arguments(in []reflect.Value) (context.Context, []any, error) {
	ctx, _ := reflect.TypeAssert[context.Context](in[0])
	if ctx == nil {
		return nil, nil, fmt.Errorf("hubs: %s was called with a nil context", m.field)
	}
	args := make([]any, len(in)-1)
	for i, arg := range in[1:] {
		args[i] = arg.Interface()
	}
	return ctx, args, nil
}

var noError = reflect.Zero(errorType)

// errorValue is err as a value of type error, nil included.
func errorValue(err error) reflect.Value {
	if err == nil {
		return noError
	}
	return reflect.ValueOf(&err).Elem()
}
