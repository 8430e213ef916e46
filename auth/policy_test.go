package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
)

var errOutage = errors.New("database is down")

func fixed(err error) Policy { return func(context.Context, Resource) error { return err } }

func TestPolicies(t *testing.T) {
	t.Parallel()
	known := NewPrincipal(Identity{ID: "1", Roles: []string{"reader", "writer"}, Claims: []Claim{{Type: "team", Value: "red"}}})
	panics := Policy(func(context.Context, Resource) error { panic("boom") })
	tests := []struct {
		name   string
		policy Policy
		user   *Principal
		want   error // nil: allows
	}{
		{"authenticated", Authenticated(), known, nil},
		{"authenticated, anonymous", Authenticated(), nil, ErrUnauthenticated},
		{"one of the roles", Role("admin", "writer"), known, nil},
		{"none of the roles", Role("admin", "Writer"), known, ErrForbidden},
		{"role, anonymous", Role("reader"), nil, ErrUnauthenticated},
		{"claim with value", HasClaim("team", "blue", "red"), known, nil},
		{"claim with another value", HasClaim("team", "blue"), known, ErrForbidden},
		{"claim with any value", HasClaim("team"), known, nil},
		{"no such claim", HasClaim("mail"), known, ErrForbidden},
		{"claim, anonymous", HasClaim("team"), nil, ErrUnauthenticated},
		{"all", All(Role("reader"), Role("writer")), known, nil},
		{"all but one", All(Role("reader"), fixed(errOutage), Role("admin")), known, errOutage},
		{"any", Any(Role("admin"), Role("reader")), known, nil},
		{"none of any", Any(Role("admin"), fixed(errOutage)), known, errOutage},
		{"any, anonymous", Any(Role("admin"), Role("reader")), nil, ErrUnauthenticated},
		{"not a role", Not(Role("banned")), known, nil},
		{"not, with the role", Not(Role("reader")), known, ErrForbidden},
		{"not, anonymous", Not(Role("banned")), nil, ErrUnauthenticated},
		{"not does not turn an outage round", Not(fixed(errOutage)), known, errOutage},
		{"not does not turn a panic round", Not(func(ctx context.Context, res Resource) error { return Check(ctx, res, panics) }), known, &PanicError{}},
		{"panic in not", Not(panics), known, &PanicError{}},
		{"panic in any", Any(panics, Authenticated()), known, &PanicError{}},
		{"panic", panics, known, &PanicError{}},
		{"nil policy", nil, known, &PanicError{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := Check(t.Context(), Resource{Principal: tt.user}, tt.policy)
			if _, ok := errors.AsType[*PanicError](tt.want); ok {
				if panicked, ok := errors.AsType[*PanicError](err); !ok || len(panicked.Stack) == 0 || panicked.Error() == "" {
					t.Fatalf("got %v, want a *PanicError with a stack", err)
				}
				return
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestCheckAsksEachPolicyOnceAndStops(t *testing.T) {
	t.Parallel()
	var asked []string
	policy := func(name string, err error) Policy {
		return func(_ context.Context, res Resource) error {
			asked = append(asked, name+":"+res.Method)
			return err
		}
	}
	res := Resource{Method: "Send", Arguments: []any{1}}
	err := Check(t.Context(), res, policy("a", nil), policy("b", ErrForbidden), policy("c", nil))
	if got := strings.Join(asked, " "); got != "a:Send b:Send" || !errors.Is(err, ErrForbidden) {
		t.Errorf("got %s and %v, want a and b asked, and a refusal", got, err)
	}
	if err := Check(t.Context(), res); err != nil {
		t.Errorf("no policies: got %v, want nil", err)
	}
}

func TestPoliciesThatCannotBeMeantPanic(t *testing.T) {
	t.Parallel()
	for name, construct := range map[string]func(){
		"Role":    func() { Role() },
		"All":     func() { All() },
		"Any":     func() { Any() },
		"All nil": func() { All(Authenticated(), nil) },
		"Not nil": func() { Not(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, "auth: ") {
					t.Errorf("got %q, want a panic with advice", text)
				}
			}()
			construct()
		})
	}
}

func TestCheckAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts for the whole process
	ctx := t.Context()
	res := Resource{Principal: NewPrincipal(Identity{ID: "1", Roles: []string{"member"}}), Method: "Send"}
	policies := []Policy{Authenticated(), Role("member")}
	for name, list := range map[string][]Policy{"no policy": nil, "two policies": policies} {
		if n := testing.AllocsPerRun(100, func() { _ = Check(ctx, res, list...) }); n != 0 {
			t.Errorf("%s: got %v allocations, want 0", name, n)
		}
	}
}
