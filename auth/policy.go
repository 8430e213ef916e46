package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
)

// What a policy refuses with. Any other error refuses too; it counts as
// ErrForbidden for a known caller.
var (
	// ErrForbidden says that the caller is known and may not.
	ErrForbidden = errors.New("auth: forbidden")

	// ErrUnauthenticated says that the caller has to say who it is first, or
	// again.
	ErrUnauthenticated = errors.New("auth: not authenticated")
)

// Resource is what a policy decides about. For a request to a hub, Method is
// empty; for a call of a hub method, Method and Arguments are set. Policies must
// not change what it points to.
type Resource struct {
	Principal *Principal    // who asks; nil: anonymous
	Hub       string        // the hub's name, if known
	Method    string        // the hub method, or empty
	Arguments []any         // the arguments of the call
	Request   *http.Request // the request, or the one that opened the connection
}

// Policy decides whether a resource may be used: nil allows, any error refuses.
// A policy may take its time (ask a database) as long as it honours ctx; it runs
// once for each request or call that it guards, and for several at the same
// time. One that panics refuses.
type Policy func(ctx context.Context, res Resource) error

// PanicError is what [Check] returns for a policy that panicked, for the log.
// It is not [ErrForbidden]: the policy did not decide, so [Not] must not turn it
// round.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // where
}

// Error returns a text with the panic's value.
func (e *PanicError) Error() string { return fmt.Sprintf("auth: policy panicked: %v", e.Value) }

// Check asks the policies in order and returns the first refusal, or nil if all
// allow or there are none. A policy that panics, a nil one included, refuses
// with a *[PanicError]. Check itself allocates nothing as long as none panics.
func Check(ctx context.Context, res Resource, policies ...Policy) (err error) {
	if len(policies) == 0 {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	for _, policy := range policies {
		if err := policy(ctx, res); err != nil {
			return err
		}
	}
	return nil
}

// Authenticated allows every caller that is known.
func Authenticated() Policy {
	return func(_ context.Context, res Resource) error {
		if res.Principal == nil {
			return ErrUnauthenticated
		}
		return nil
	}
}

// Role allows callers that have at least one of the roles. It panics if there
// are none.
func Role(names ...string) Policy {
	if len(names) == 0 {
		panic("auth: Role needs at least one role; see Authenticated") //nolint:forbidigo // a programming error at registration
	}
	names = slices.Clone(names)
	return principalPolicy(func(p *Principal) bool { return slices.ContainsFunc(names, p.HasRole) })
}

// HasClaim allows callers with a claim of this type and one of the values;
// without values any value will do, except the empty one.
func HasClaim(typ string, values ...string) Policy {
	values = slices.Clone(values)
	return principalPolicy(func(p *Principal) bool {
		return slices.ContainsFunc(p.claims, func(c Claim) bool {
			return c.Type == typ && (slices.Contains(values, c.Value) || len(values) == 0 && c.Value != "")
		})
	})
}

// principalPolicy is a policy that looks at nothing but a known caller.
func principalPolicy(allows func(*Principal) bool) Policy {
	return func(_ context.Context, res Resource) error {
		switch {
		case res.Principal == nil:
			return ErrUnauthenticated
		case !allows(res.Principal):
			return ErrForbidden
		}
		return nil
	}
}

// All allows what all of the policies allow, and refuses with the first
// refusal. It panics if there are none or one is nil.
func All(policies ...Policy) Policy {
	policies = checked("All", policies)
	return func(ctx context.Context, res Resource) error {
		for _, policy := range policies {
			if err := policy(ctx, res); err != nil {
				return err
			}
		}
		return nil
	}
}

// Any allows what at least one of the policies allows, and refuses with all of
// their refusals. It panics if there are none or one is nil.
func Any(policies ...Policy) Policy {
	policies = checked("Any", policies)
	return func(ctx context.Context, res Resource) error {
		var refusals []error
		for _, policy := range policies {
			err := policy(ctx, res)
			if err == nil {
				return nil
			}
			if !slices.ContainsFunc(refusals, func(same error) bool { return errors.Is(err, same) }) {
				refusals = append(refusals, err)
			}
		}
		return errors.Join(refusals...)
	}
}

// Not allows what the policy forbids and forbids what it allows. Only
// [ErrForbidden] is turned round: a caller that has to say first who it is, and
// a policy that could not decide, stay refused. It panics if the policy is nil.
func Not(policy Policy) Policy {
	checked("Not", []Policy{policy})
	return func(ctx context.Context, res Resource) error {
		err := policy(ctx, res)
		switch {
		case err == nil:
			return ErrForbidden
		case errors.Is(err, ErrForbidden) && !errors.Is(err, ErrUnauthenticated):
			return nil
		}
		return err
	}
}

// checked returns a copy of the policies. No policies would allow everything
// and that is never what was meant.
func checked(name string, policies []Policy) []Policy {
	if len(policies) == 0 {
		panic("auth: " + name + " needs at least one policy") //nolint:forbidigo // a programming error at registration
	}
	if slices.ContainsFunc(policies, func(p Policy) bool { return p == nil }) {
		panic("auth: " + name + " was given a nil policy") //nolint:forbidigo // a programming error at registration
	}
	return slices.Clone(policies)
}
