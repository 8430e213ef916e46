package protocol

import (
	"encoding"
	"reflect"
)

// textual is how the values of a type become text and back, because the type
// has the methods for it: names of enumerations, addresses, UUIDs. Either
// function may be nil.
type textual struct {
	write func(v reflect.Value) ([]byte, error)
	read  func(v reflect.Value, text []byte) error
}

func textualOf(t reflect.Type) textual {
	var x textual
	if receiver := receiverOf(t, reflect.TypeFor[encoding.TextMarshaler]()); receiver != nil {
		x.write = func(v reflect.Value) ([]byte, error) {
			return receiver(v).(encoding.TextMarshaler).MarshalText()
		}
	}
	if receiver := receiverOf(t, reflect.TypeFor[encoding.TextUnmarshaler]()); receiver != nil {
		x.read = func(v reflect.Value, text []byte) error {
			return receiver(v).(encoding.TextUnmarshaler).UnmarshalText(text)
		}
	}
	return x
}

// isInteger reports whether values of kind k are integers.
func isInteger(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Uintptr }
