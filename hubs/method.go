package hubs

import (
	"context"
	"reflect"
	"sync"
)

// method is a hub method after it was looked at, once, when the hub was
// registered: all that a call needs to know.
type method struct {
	goName string // in code
	name   string // on the wire

	params   []param // without receiver and leading context
	takesCtx bool
	wired    int // how many parameters are arguments of the client
	streams  int // how many are upload streams
	services []Service

	result  reflect.Type // nil: none
	stream  bool         // the result is a stream
	open    opener       // of that stream
	failing bool         // the last result is an error

	policies []Policy

	// call calls the method of hub with what args holds. Set before start.
	call invoker

	pool sync.Pool // of *arguments
}

// invoker calls a hub method; ctx is in args too, where reflection needs it.
type invoker func(hub instance, ctx context.Context, args *arguments) (any, error)

// source says where the value for a parameter comes from.
type source uint8

const (
	fromClient  source = iota // the next argument of the message
	fromUpload                // a stream that the client uploads
	fromService               // the hub's services
)

// param is one parameter of a hub method.
type param struct {
	typ      reflect.Type
	from     source
	service  int          // fromService: index in method.services
	injected injected     // fromService: how to wrap the service; nil if it is not
	open     uploadOpener // fromUpload: makes the stream
}

// streamKind is the form in which a hub method takes or returns a stream.
type streamKind uint8

const (
	seqStream  streamKind = iota // iter.Seq[T]
	seq2Stream                   // iter.Seq2[T, error]
	chanStream                   // <-chan T
)

// streaming reports whether t is exactly one of the three forms of a stream,
// and the type of its items.
func streaming(t reflect.Type) (item reflect.Type, kind streamKind, ok bool) {
	switch {
	case t.Kind() == reflect.Chan && t.ChanDir() == reflect.RecvDir && t.Name() == "":
		return t.Elem(), chanStream, true
	case t.Kind() != reflect.Func || t.PkgPath() != "iter":
		return nil, 0, false
	case t.NumIn() == 1 && t.In(0).NumIn() == 1:
		return t.In(0).In(0), seqStream, true
	case t.NumIn() == 1 && t.In(0).NumIn() == 2 && t.In(0).In(1) == errorType:
		return t.In(0).In(0), seq2Stream, true
	}
	return nil, 0, false
}

// arguments are the values of one call, in cells that reflection and decoders
// can write to. They are used again for the next call of the method.
type arguments struct {
	in   []reflect.Value  // receiver, context if taken, parameters; all but the first are cells
	ctx  *context.Context // the cell of the context; nil if it is not taken
	wire []any            // pointers to the cells of the client's arguments, in order
}

// newArguments returns empty arguments for a call of m.
func (m *method) newArguments() *arguments {
	if args, ok := m.pool.Get().(*arguments); ok {
		return args
	}
	args := &arguments{in: make([]reflect.Value, 1, 2+len(m.params))}
	if m.takesCtx {
		args.ctx = new(context.Context)
		args.in = append(args.in, reflect.ValueOf(args.ctx).Elem())
	}
	for i := range m.params {
		cell := reflect.New(m.params[i].typ)
		args.in = append(args.in, cell.Elem())
		if m.params[i].from == fromClient {
			args.wire = append(args.wire, cell.Interface())
		}
	}
	return args
}

// cell returns the cell of parameter i.
func (m *method) cell(args *arguments, i int) reflect.Value {
	return args.in[len(args.in)-len(m.params)+i]
}

// release empties args for another call.
func (m *method) release(args *arguments) {
	args.in[0] = reflect.Value{}
	if args.ctx != nil {
		*args.ctx = nil
	}
	for i := range m.params {
		m.cell(args, i).SetZero()
	}
	m.pool.Put(args)
}

// callByReflection is the invoker for methods of every shape.
func (m *method) callByReflection(fn reflect.Value) invoker {
	return func(hub instance, ctx context.Context, args *arguments) (any, error) {
		args.in[0] = reflect.ValueOf(hub)
		if args.ctx != nil {
			*args.ctx = ctx
		}
		out := fn.Call(args.in)
		var result any
		if m.result != nil {
			result = out[0].Interface()
		}
		if !m.failing {
			return result, nil
		}
		err, _ := reflect.TypeAssert[error](out[len(out)-1])
		return result, err
	}
}
