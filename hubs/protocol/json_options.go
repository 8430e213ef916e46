package protocol

import "reflect"

// JSONOption changes how [JSON] writes and reads values; see [NewJSON].
type JSONOption interface{ applyJSON(c *jsonValues) }

type jsonOption func(c *jsonValues)

func (o jsonOption) applyJSON(c *jsonValues) { o(c) }

// FieldNames makes JSON call a struct field that has no name in its json tag
// what policy makes of the field's Go name. The default is [CamelCase].
// Reading is without regard to case under any policy.
func FieldNames(policy func(goName string) string) JSONOption {
	return jsonOption(func(c *jsonValues) { c.rules.name = policy })
}

// ExactNames makes JSON call struct fields without a name in their json tag
// exactly as Go does, as [MessagePack] always does.
func ExactNames() JSONOption { return FieldNames(sameName) }

func sameName(goName string) string { return goName }

// EnumNumbers makes JSON write integer types as numbers even if they have a
// MarshalText method, so that an enumeration is a number in JSON and a name in
// MessagePack: the default of ASP.NET Core. Reading takes number and name anyhow.
func EnumNumbers() JSONOption {
	return jsonOption(func(c *jsonValues) { c.enumNumbers = true })
}

// MarshalJSONFunc makes JSON write values of type T, which must not be an interface
// or pointer type, with fn instead of in its own way. fn returns one JSON value
// and must be safe for concurrent use.
func MarshalJSONFunc[T any](fn func(value T) ([]byte, error)) JSONOption {
	return jsonOption(func(c *jsonValues) {
		c.writers[reflect.TypeFor[T]()] = func(v reflect.Value) ([]byte, error) {
			return fn(v.Interface().(T))
		}
	})
}

// UnmarshalJSONFunc makes JSON read values of type T, which must not be an
// interface or pointer type, with fn instead of in its own way. fn gets one
// JSON value, null included, may not keep it and must be safe for concurrent use.
func UnmarshalJSONFunc[T any](fn func(data []byte, value *T) error) JSONOption {
	return jsonOption(func(c *jsonValues) {
		c.readers[reflect.TypeFor[T]()] = func(data []byte, v reflect.Value) error {
			return fn(data, v.Addr().Interface().(*T))
		}
	})
}
