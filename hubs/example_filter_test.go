package hubs_test

import (
	"context"
	"fmt"

	"github.com/hubwire/signalr/hubs"
)

// Calculator is a hub of which some methods are guarded.
type Calculator struct {
	hubs.Hub
}

// Add is open to everybody.
func (c *Calculator) Add(a, b int) int { return a + b }

// Divide fails for some.
func (c *Calculator) Divide(a, b int) (int, error) {
	if b == 0 {
		return 0, hubs.Errorf("division by zero")
	}
	return a / b, nil
}

func newCalculator() *Calculator { return new(Calculator) }

// A filter sees every call and what comes of it.
func ExampleFilter() {
	audit := hubs.Filter{
		Invoke: func(ctx context.Context, inv *hubs.InvocationContext, next hubs.InvokeFunc) (any, error) {
			result, err := next(ctx, inv)
			fmt.Println(inv.Context.ConnectionID(), "called", inv.Method, inv.Arguments, "got", result, err)
			return result, err
		},
	}
	cfg := hubs.Config{Filters: []hubs.Filter{audit}}
	call(newCalculator, cfg, "Add", "[1, 2]")
	call(newCalculator, cfg, "Divide", "[1, 0]")
	// Output:
	// caller called Add [1 2] got 3 <nil>
	// result: 3
	// caller called Divide [1 0] got 0 division by zero
	// error: An unexpected error occurred invoking 'Divide' on the server. HubException: division by zero
}

// A policy decides before anything else does; the client is not told why.
func ExamplePolicy() {
	smallNumbers := func(_ context.Context, inv *hubs.InvocationContext) error {
		if inv.Arguments[0].(int) > 9 {
			return fmt.Errorf("%s may use small numbers only", inv.Context.User().Name())
		}
		return nil
	}
	cfg := hubs.Config{MethodPolicies: map[string][]hubs.Policy{"Add": {smallNumbers}}}
	call(newCalculator, cfg, "Add", "[1, 2]")
	call(newCalculator, cfg, "Add", "[10, 2]")
	// Output:
	// result: 3
	// error: Failed to invoke 'Add' because user is unauthorized
}
