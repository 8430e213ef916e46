package protocol

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// valueError is a value that could not be read or written, and where it lies
// inside the whole: "items[2].name: a string does not fit int".
type valueError struct {
	path string
	err  error
}

func (e *valueError) Error() string {
	return strings.TrimPrefix(e.path, ".") + ": " + e.err.Error()
}

func (e *valueError) Unwrap() error { return e.err }

// within adds the step that led to the place of err.
func within(step string, err error) error {
	if e, ok := err.(*valueError); ok { //nolint:errorlint // made by the caller's callee, never wrapped
		e.path = step + e.path
		return e
	}
	return &valueError{path: step, err: err}
}

func inMember(name string, err error) error { return within("."+name, err) }

func inElement(i int, err error) error { return within("["+strconv.Itoa(i)+"]", err) }

// inArgument says which argument of a call err is about, counted from 1.
func inArgument(i int, err error) error { return fmt.Errorf("argument %d: %w", i+1, err) }

// errNoFit is the error for a value of the wrong kind or out of range.
func errNoFit(what string, t reflect.Type) error { return fmt.Errorf("%s does not fit %v", what, t) }

// errUnwritable is the error for a type that has no form in the encoding.
func errUnwritable(t reflect.Type, encoding string) error {
	return fmt.Errorf("%v has no form in %s", t, encoding)
}
