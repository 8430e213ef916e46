package hubs

import (
	"errors"
	"testing"
)

// brokenError panics when it is asked what it says.
type brokenError struct{ text *string }

func (e *brokenError) Error() string { return *e.text }

type robustHub struct{ Hub }

func (h *robustHub) NilHubError() error {
	var err *Error
	return err
}

func (h *robustHub) BrokenError() error { return &brokenError{} }

func TestSoundErrors(t *testing.T) {
	t.Parallel()
	var typedNil *Error
	fine := errors.New("fine")
	for _, test := range []struct {
		name string
		err  error
		same bool
	}{
		{"no error", nil, true},
		{"an ordinary one", fine, true},
		{"a hub error", Errorf("for the client"), true},
		{"a nil *Error", typedNil, false},
		{"one that panics", &brokenError{}, false},
		{"one that wraps one that panics", errors.Join(fine, &brokenError{}), false},
	} {
		got := sound(test.err)
		switch {
		case test.same && !errors.Is(got, test.err):
			t.Errorf("%s: got %v, want it unchanged", test.name, got)
		case !test.same && (got == nil || got.Error() == ""):
			t.Errorf("%s: got %v, want an error that says what was wrong", test.name, got)
		}
		_ = withDetail("base", got, true)
	}
}

// An error that cannot be read fails the call, as any error does, and nothing
// else.
func TestCallsThatReturnBrokenErrors(t *testing.T) {
	t.Parallel()
	hub := &robustHub{}
	for _, method := range []func() error{hub.NilHubError, hub.BrokenError} {
		if err := sound(method()); err == nil {
			t.Error("got no error")
		}
	}
}

// Asking a client from a goroutine that outlives its call must not give a
// permit back that the call has returned already.
func TestAPermitIsReturnedOnce(t *testing.T) {
	t.Parallel()
	c := &Connection{rt: &Runtime{cfg: Config{MaximumParallelInvocationsPerClient: 1}}}
	k := &call{scope: scope{conn: c}}
	c.permits = 1
	if next := c.take(k); next != nil {
		t.Fatalf("got a call %v, want none: nothing is pending", next)
	}
	c.returnPermit(k)
	if c.permits != 0 {
		t.Errorf("got %d permits taken, want 0", c.permits)
	}
}
