package hubs

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/hubwire/signalr/hubs/protocol"
)

// The texts of hub-runtime.md, section 12; %s is the name of a hub method or
// an invocation id.
const (
	textMethodFailed  = "An unexpected error occurred invoking '%s' on the server."
	textBindFailed    = "Failed to invoke '%s' due to an error on the server."
	textUnauthorized  = "Failed to invoke '%s' because user is unauthorized"
	textStreamAsPlain = "The client attempted to invoke the streaming '%s' method with a non-streaming invocation."
	textPlainAsStream = "The client attempted to invoke the non-streaming '%s' method with a streaming invocation."
	textIDInUse       = "Invocation ID '%s' is already in use."
	textStreamInUse   = "Stream ID '%s' is already in use."
	textNoStream      = "The value returned by the streaming method '%s' is not a ChannelReader<> or IAsyncEnumerable<>."
	textStreamFailed  = "An error occurred on the server while streaming results."
	textItemUnbound   = "Failed to bind Stream message."
	textClosed        = "Connection closed with an error."
	textNoMethod      = "Method does not exist."
	textArgumentCount = "Invocation provides %d argument(s) but target expects %d."
	textArgumentTypes = "Error binding arguments. Make sure that the types of the provided values match " +
		"the types of the hub method being invoked."
	textStreamCount    = "Client sent %d stream(s), Hub method expects %d."
	textResultUnbound  = "Error trying to deserialize result to %s. %s"
	textNoResult       = "Exception of type 'Microsoft.AspNetCore.SignalR.HubException' was thrown."
	textForeign        = "Connection ID '%s' is not valid for invocation ID '%s'."
	textTooBig         = "The maximum message size of %dB was exceeded. The message size can be configured in AddHubOptions."
	textUploadsClosed  = "The underlying connection was closed."
	textTooManyStreams = "The connection has %d active streams, which is the limit."
)

// withDetail appends to base what a client may know of err: everything if
// errors are detailed, else only the text of an [Error].
func withDetail(base string, err error, detailed bool) string {
	if err == nil {
		return base
	}
	var hub *Error
	isHub := errors.As(err, &hub)
	switch {
	case isHub && !detailed:
		return base + " " + kindHub + ": " + hub.Text
	case isHub:
		return base + " " + kindHub + ": " + err.Error()
	case detailed:
		return base + " " + kindOf(err) + ": " + err.Error()
	}
	return base
}

// sound returns an error of the author's code as one that can be asked for its
// text and its causes: a nil pointer of an error type, or a method of it that
// panics, must not take the process down where nobody expects it.
func sound(err error) (safe error) {
	if err == nil {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			safe = fmt.Errorf("hubs: the hub's code returned a %T that panics when it is asked what it says: %v", err, p)
		}
	}()
	if hub := (*Error)(nil); errors.As(err, &hub) && hub == nil {
		return errors.New("hubs: the hub's code returned a nil *hubs.Error as an error; return nil itself")
	}
	_, _ = err.Error(), errors.Is(err, errGoexit)
	return err
}

// kindOf names an error for a client that may see details.
func kindOf(err error) string {
	if f := (*fault)(nil); errors.As(err, &f) {
		return f.kind
	}
	if wire := (*protocol.Error)(nil); errors.As(err, &wire) {
		return wire.Kind
	}
	return typeName(err)
}

// typeName is the Go type of err without package, pointer and type arguments,
// so without spaces.
func typeName(err error) string {
	t := reflect.TypeOf(err)
	for t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	name, _, _ := strings.Cut(t.Name(), "[")
	if name == "" {
		return "error"
	}
	return name
}

// netTypeName names the Go type T as clients' texts do: by .NET's name where
// there is one.
func netTypeName(t reflect.Type) string {
	names := map[reflect.Kind]string{
		reflect.String: "String", reflect.Bool: "Boolean",
		reflect.Int: "Int32", reflect.Int8: "SByte", reflect.Int16: "Int16", reflect.Int32: "Int32", reflect.Int64: "Int64",
		reflect.Uint: "UInt32", reflect.Uint8: "Byte", reflect.Uint16: "UInt16", reflect.Uint32: "UInt32", reflect.Uint64: "UInt64",
		reflect.Float32: "Single", reflect.Float64: "Double",
	}
	if name, ok := names[t.Kind()]; ok && t.PkgPath() == "" {
		return name
	}
	if t.Name() != "" {
		return t.Name()
	}
	return t.String()
}
