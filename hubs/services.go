package hubs

import (
	"context"
	"errors"
	"reflect"
)

// Service is a value, or a way to get one, for parameters of hub methods: a
// parameter of exactly its type is not an argument of the client but gets the
// service.
//
//	func (h *Shop) Buy(ctx context.Context, id int, db *Store) error // Services: ServiceValue(store)
type Service struct {
	typ reflect.Type
	get func(context.Context) (reflect.Value, func(), error)
}

// ServiceValue is a service that is the same value for every call. T may be an
// interface type.
func ServiceValue[T any](value T) Service {
	v := reflect.ValueOf(&value).Elem()
	return Service{
		typ: reflect.TypeFor[T](),
		get: func(context.Context) (reflect.Value, func(), error) { return v, nil, nil },
	}
}

// ServiceFunc is a service that is made anew for each call that has a parameter
// of its type, once however many parameters there are. ctx is that of the
// call. cleanup, which may be nil, runs when the call has ended, that of a
// streaming method when its stream has. An error fails the call.
func ServiceFunc[T any](provide func(ctx context.Context) (value T, cleanup func(), err error)) Service {
	return Service{
		typ: reflect.TypeFor[T](),
		get: func(ctx context.Context) (reflect.Value, func(), error) {
			value, cleanup, err := provide(ctx)
			return reflect.ValueOf(&value).Elem(), cleanup, err
		},
	}
}

// Injected marks a parameter that must be a service of type T, also where
// DisableImplicitFromServicesParameters is set. If there is none the hub is
// refused when it is registered.
type Injected[T any] struct{ Value T }

// Keyed is a service of type T under a key, for hubs that need several services
// of one type. The key is a type, so that it cannot be misspelt:
//
//	type replica struct{}
//
//	func (h *Shop) Find(id int, db hubs.Keyed[*sql.DB, replica]) (Item, error)
//
// It is registered as what it is, ServiceValue(hubs.Keyed[*sql.DB, replica]{Value: db}).
type Keyed[T, Key any] struct{ Value T }

// injected is implemented by [Injected] and [Keyed]: parameters that are never
// taken from the client.
type injected interface {
	// serviceType is the type under which the service is registered.
	serviceType() reflect.Type
	// wrap makes the parameter of a service of that type.
	wrap(service reflect.Value) reflect.Value
}

func (Injected[T]) serviceType() reflect.Type { return reflect.TypeFor[T]() }

func (Injected[T]) wrap(service reflect.Value) reflect.Value {
	var p Injected[T]
	reflect.ValueOf(&p).Elem().Field(0).Set(service)
	return reflect.ValueOf(p)
}

func (Keyed[T, Key]) serviceType() reflect.Type { return reflect.TypeFor[Keyed[T, Key]]() }

func (Keyed[T, Key]) wrap(service reflect.Value) reflect.Value { return service }

// serviceTable is the services of a hub by their type.
type serviceTable map[reflect.Type]Service

func newServiceTable(services []Service) (serviceTable, error) {
	table := make(serviceTable, len(services))
	for _, s := range services {
		if s.typ == nil {
			return nil, errors.New("hubs: Services: a Service must be made by ServiceValue or ServiceFunc")
		}
		table[s.typ] = s // the last one wins, as in .NET
	}
	return table, nil
}
