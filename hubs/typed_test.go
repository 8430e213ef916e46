package hubs

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
)

type shared struct {
	Notify func(ctx context.Context, text string) error
}

type movingClient struct {
	shared
	Move   func(ctx context.Context, x, y int, note any) error
	Renew  func(ctx context.Context) error
	Title  func(ctx context.Context) (string, error)           `signalr:"getTitle"`
	Lookup func(ctx context.Context, key string) (*int, error) `signalr:"lookup"`
}

// recorder is a target of several connections.
type recorder struct {
	method string
	args   []any
	err    error
}

func (r *recorder) Send(_ context.Context, method string, args ...any) error {
	r.method, r.args = method, args
	return r.err
}

// planned returns a client that calls the target.
func planned[C any](t *testing.T, to clientTarget) C {
	t.Helper()
	plan, err := planClient(reflect.TypeFor[C]())
	if err != nil {
		t.Fatal(err)
	}
	var client C
	plan.fill(reflect.ValueOf(&client).Elem(), to)
	return client
}

func TestTypedSend(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	to := new(recorder)
	client := planned[movingClient](t, to)
	for _, tt := range []struct {
		name   string
		call   func() error
		method string
		args   []any
		err    error
	}{
		{"arguments in order", func() error { return client.Move(t.Context(), 1, 2, "x") }, "Move", []any{1, 2, "x"}, nil},
		{"a nil argument stays nil", func() error { return client.Move(t.Context(), 1, 2, nil) }, "Move", []any{1, 2, nil}, nil},
		{"no arguments", func() error { return client.Renew(t.Context()) }, "Renew", []any{}, nil},
		{"a method of an embedded struct", func() error { return client.Notify(t.Context(), "hi") }, "Notify", []any{"hi"}, nil},
		{"the error comes back", func() error { return client.Renew(t.Context()) }, "Renew", []any{}, broken},
	} {
		*to = recorder{err: tt.err}
		if err := tt.call(); !errors.Is(err, tt.err) {
			t.Errorf("%s: got error %v, want %v", tt.name, err, tt.err)
		}
		if to.method != tt.method || !reflect.DeepEqual(to.args, tt.args) {
			t.Errorf("%s: got %s(%v), want %s(%v)", tt.name, to.method, to.args, tt.method, tt.args)
		}
	}
}

func TestTypedMisuse(t *testing.T) {
	t.Parallel()
	to := new(recorder)
	client := planned[movingClient](t, to)

	title, err := client.Title(t.Context())
	if !errors.Is(err, ErrSingleClientOnly) || err.Error() != "InvokeAsync only works with Single clients." || title != "" {
		t.Errorf("result from several connections: got %q, %v", title, err)
	}
	var none context.Context
	if err := client.Notify(none, "hi"); err == nil || err.Error() != "hubs: hubs.shared.Notify was called with a nil context" {
		t.Errorf("send without context: got %v", err)
	}
	if _, err := client.Lookup(none, "k"); err == nil || err.Error() != "hubs: hubs.movingClient.Lookup was called with a nil context" {
		t.Errorf("ask without context: got %v", err)
	}
	if to.method != "" {
		t.Errorf("got a call of %s, want none", to.method)
	}
}

// TestPlanClientRefuses checks that what is refused says where and how to mend.
func TestPlanClientRefuses(t *testing.T) {
	t.Parallel()
	type ctx = context.Context
	type empty struct{}
	type pointer struct{ *shared }
	type noFunc struct{ Name string }
	type unexported struct{ move func(ctx) error } //nolint:unused // that is the point
	type variadic struct{ Log func(ctx, ...string) error }
	type noContext struct{ Log func(string) error }
	type noError struct{ Log func(ctx) }
	type onlyValue struct{ Log func(ctx) string }
	type three struct{ Log func(ctx) (int, int, error) }
	type channel struct{ Feed func(ctx, chan int) error }
	type function struct{ Feed func(ctx) (func(), error) }
	type double struct {
		shared
		Tell func(ctx, string) error `signalr:"notify"`
	}
	type two struct {
		A int
		B func()
	}
	for _, tt := range []struct {
		typ  reflect.Type
		want []string // in the text
	}{
		{reflect.TypeFor[string](), []string{"Typed[string]", "must be a struct of funcs, not a string"}},
		{reflect.TypeFor[*shared](), []string{"Typed[*hubs.shared]", "not a ptr"}},
		{reflect.TypeFor[empty](), []string{"Typed[hubs.empty]", "give it a func"}},
		{reflect.TypeFor[pointer](), []string{"hubs.pointer.shared", "by value"}},
		{reflect.TypeFor[noFunc](), []string{"hubs.noFunc.Name: is a string; make it a func(ctx context.Context, ...) error"}},
		{reflect.TypeFor[unexported](), []string{"hubs.unexported.move", "capital", "`signalr:\"name\"`"}},
		{reflect.TypeFor[variadic](), []string{"hubs.variadic.Log", "slice"}},
		{reflect.TypeFor[noContext](), []string{"hubs.noContext.Log: must take a context.Context first"}},
		{reflect.TypeFor[noError](), []string{"hubs.noError.Log: must return an error last"}},
		{reflect.TypeFor[onlyValue](), []string{"hubs.onlyValue.Log: must return an error last"}},
		{reflect.TypeFor[three](), []string{"hubs.three.Log", "at most one value"}},
		{reflect.TypeFor[channel](), []string{"hubs.channel.Feed: parameter 1 is a chan int"}},
		{reflect.TypeFor[function](), []string{"hubs.function.Feed: returns a func()"}},
		{reflect.TypeFor[double](), []string{"hubs.double.Tell", `"notify" is taken by hubs.shared.Notify`}},
		{reflect.TypeFor[two](), []string{"hubs.two.A", "hubs.two.B"}},
	} {
		for range 2 { // the second time from the cache
			_, err := planClient(tt.typ)
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v: got %v, want it to say %s", tt.typ, err, want)
				}
			}
		}
	}
}

func BenchmarkTypedClient(b *testing.B) {
	plan, err := planClient(reflect.TypeFor[movingClient]())
	if err != nil {
		b.Fatal(err)
	}
	to := new(recorder)
	b.Run("make", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var client movingClient
			plan.fill(reflect.ValueOf(&client).Elem(), to)
		}
	})
	b.Run("send", func(b *testing.B) {
		b.ReportAllocs()
		var client movingClient
		plan.fill(reflect.ValueOf(&client).Elem(), to)
		for b.Loop() {
			if err := client.Notify(b.Context(), "hi"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
