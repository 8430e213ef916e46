package hubs

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

type badHub struct {
	Hub
}

func (h *badHub) Variadic(a ...string) {}

//nolint:revive // that is what is wrong
func (h *badHub) LateContext(a string, ctx context.Context) {}
func (h *badHub) Callback(f func())                         {}
func (h *badHub) Channel(c chan int)                        {}
func (h *badHub) SendOnly(c chan<- int)                     {}
func (h *badHub) Pairs(items iter.Seq2[string, int])        {}
func (h *badHub) Complex(c complex128)                      {}
func (h *badHub) Funcs(f []func())                          {}
func (h *badHub) Reader(r fmt.Stringer)                     {}
func (h *badHub) StreamOfFuncs(items iter.Seq[func()])      {}
func (h *badHub) Two() (int, string)                        { return 0, "" }

//nolint:revive,staticcheck // that is what is wrong
func (h *badHub) ErrorFirst() (error, int)                   { return nil, 0 }
func (h *badHub) Returns() func()                            { return nil }
func (h *badHub) ReturnsChan() chan int                      { return nil }
func (h *badHub) ReturnsPairs() iter.Seq2[string, int]       { return nil }
func (h *badHub) ReturnsComplex() complex128                 { return 0 }
func (h *badHub) SAMEName()                                  {}
func (h *badHub) SameName()                                  {}
func (h *badHub) OnConnected() error                         { return nil }
func (h *badHub) OnDisconnected(ctx context.Context, e bool) {}

func TestBindRefuses(t *testing.T) {
	t.Parallel()
	_, _, err := NewRuntime(func() *badHub { return new(badHub) }, Config{
		MethodNames:    map[string]string{"Gone": "gone", "Pairs": ""},
		MethodPolicies: map[string][]Policy{"Missing": nil},
	})
	text := fmt.Sprint(err)
	const hub = "hubs: github.com/hubwire/signalr/hubs.(*badHub)."
	for _, want := range []string{
		"Variadic: it is variadic, which has no form on the wire; take a slice instead",
		"LateContext: parameter 2 is a context.Context; make it the first",
		"Callback: parameter 1, a func(), is a func, which has no form on the wire; upload streams are iter.Seq[T] and iter.Seq2[T, error]",
		"Channel: parameter 1, a chan int, is a channel, which has no form on the wire; upload streams are <-chan T",
		"SendOnly: parameter 1, a chan<- int, is a channel",
		"Pairs: parameter 1, a iter.Seq2[string,int], is a func",
		"Pairs: MethodNames gives it an empty name",
		"Complex: parameter 1, a complex128, has no form on the wire",
		"Funcs: parameter 1, a []func(), is a func",
		"Reader: parameter 1, a fmt.Stringer, is an interface, which a client cannot send; add a service of this type to Services, or take a struct",
		"StreamOfFuncs: parameter 1, a iter.Seq[func()], is a func",
		"Two: it returns (int, string); return nothing, error, T or (T, error)",
		"ErrorFirst: it returns (error, int); return nothing, error, T or (T, error)",
		"Returns: its result, a func(), is no stream; return iter.Seq[T], iter.Seq2[T, error] or <-chan T",
		"ReturnsChan: its result, a chan int, is no stream",
		"ReturnsPairs: its result, a iter.Seq2[string,int], is no stream",
		"ReturnsComplex: its result, a complex128, has no form on the wire",
		`SameName: its name on the wire, "SameName", differs from that of SAMEName in nothing or in case only; rename one of them with MethodNames`,
		"OnConnected: make it func(ctx context.Context) error",
		"OnDisconnected: make it func(ctx context.Context, err error) error",
		"Gone: MethodNames names it, but there is no such hub method",
		"Missing: MethodPolicies names it, but there is no such hub method",
	} {
		if !strings.Contains(text, hub+want) {
			t.Errorf("the error lacks %q", hub+want)
		}
	}
	if n := strings.Count(text, "\n") + 1; n != 22 {
		t.Errorf("got %d complaints, want 22:\n%s", n, text)
	}
}

func TestConfigRefuses(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[string]Config{
		"HandshakeTimeout is negative":                    {HandshakeTimeout: -1},
		"KeepAliveInterval is negative":                   {KeepAliveInterval: -time.Second},
		"ClientTimeoutInterval is negative":               {ClientTimeoutInterval: -1},
		"StreamBufferCapacity is negative":                {StreamBufferCapacity: -1},
		"MaximumParallelInvocationsPerClient is negative": {MaximumParallelInvocationsPerClient: -1},
		"there are no supported protocols":                {SupportedProtocols: []string{"yaml"}},
	} {
		if _, _, err := NewRuntime(newPlainHub, cfg); !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, _, err := NewRuntime[*plainHub](nil, Config{}); err == nil {
		t.Error("a nil constructor: got nil, want an error")
	}
	if _, _, err := NewRuntime(func() *pointerHub { return new(pointerHub) }, Config{}); !strings.Contains(fmt.Sprint(err), "by value") {
		t.Errorf("Hub embedded by pointer: got %v, want the mend", err)
	}
}

type pointerHub struct{ *Hub }

func TestRenamedMethods(t *testing.T) {
	t.Parallel()
	rt, _ := serve(t, newPlainHub, Config{MethodNames: map[string]string{"Echo": "say-it"}})
	c := dial(t, rt, "a")
	c.call("1", "Say-It", `"a"`)
	c.want(result("1", `"a"`))
	c.call("1", "Echo", `"a"`)
	c.want(completion("1", "Failed to invoke 'Echo' due to an error on the server. HubException: Method does not exist."))
	c.hangUp()
}

func TestMethodTable(t *testing.T) {
	t.Parallel()
	table := newMethodTable()
	for _, name := range []string{"Send", "Größe", "a-b", "Straße", strings.Repeat("Long", 40)} {
		if other := table.add(&method{name: name}); other != nil {
			t.Fatalf("add(%s): got %s in its way", name, other.name)
		}
	}
	for name, want := range map[string]string{
		"Send": "Send", "SEND": "Send", "send": "Send", "größe": "Größe", "GRÖSSE": "", "GRÖßE": "Größe", "A-B": "a-b", "Sen": "", "": "",
		"straße": "Straße", strings.Repeat("LONG", 40): strings.Repeat("Long", 40),
	} {
		got := ""
		if m := table.find([]byte(name)); m != nil {
			got = m.name
		}
		if got != want {
			t.Errorf("find(%q): got %q, want %q", name, got, want)
		}
	}
	if other := table.add(&method{name: "sEND"}); other == nil {
		t.Error("a name that differs in case only was taken")
	}
}

func TestMethodTableAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun refuses
	table := newMethodTable()
	table.add(&method{name: "SendMessage"})
	name := []byte("sendMessage")
	if got := testing.AllocsPerRun(100, func() {
		if table.find(name) == nil {
			t.Error("not found")
		}
	}); got > 0 {
		t.Errorf("got %v allocations, want none", got)
	}
}

// The hubs whose methods TestHubMethods looks for.
type (
	baseHub struct {
		Hub
	}
	derivedHub struct {
		baseHub
		sync.Mutex
		*bytes.Buffer
		fmt.Stringer
		plain
	}
	overridingHub struct {
		derivedHub
		other
	}
	valueHub struct {
		Hub
		plain
	}
	genericHub[T any] struct {
		Typed[genericClient]
		plain
	}
	genericClient struct {
		Say func(ctx context.Context, s string) error
	}
	plain struct{}
	other struct{}
)

func (h *baseHub) FromBase()               {}
func (h *baseHub) Replaced()               {}
func (h *derivedHub) Own()                 {}
func (h *derivedHub) Replaced()            {}
func (h *derivedHub) Unlock()              { h.Mutex.Unlock() } // the hub's own now
func (h *derivedHub) Groups() int          { return 0 }         // never callable
func (plain) Helper()                      {}
func (*plain) PointerHelper()              {}
func (other) Helper2()                     {}
func (other) Own2()                        {}
func (h *overridingHub) Own2()             {}
func (h valueHub) ByValue()                {}
func (h *valueHub) Helper()                {} // the hub's own now
func (h *genericHub[T]) Generic(T)         {}
func (h *genericHub[T]) PointerHelper(s T) {}

func (h *derivedHub) OnDisconnected(context.Context, error) error { return nil }

func TestHubMethods(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		hub  reflect.Type
		want []string
	}{
		{reflect.TypeFor[*baseHub](), []string{"FromBase", "Replaced"}},
		{reflect.TypeFor[*derivedHub](), []string{"FromBase", "Own", "Replaced", "Unlock"}},
		{reflect.TypeFor[*overridingHub](), []string{"FromBase", "Own", "Own2", "Replaced", "Unlock"}},
		{reflect.TypeFor[*valueHub](), []string{"ByValue", "Helper"}},
		{reflect.TypeFor[*genericHub[int]](), []string{"Generic", "PointerHelper"}},
	} {
		var got []string
		for _, m := range hubMethods(test.hub) {
			got = append(got, m.Name)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%v: got %v, want %v", test.hub, got, test.want)
		}
	}
}

// The compiler has to find both type arguments alone: it is how MapHub is called.
func TestNewRuntimeInfers(t *testing.T) {
	t.Parallel()
	_, untyped, err := NewRuntime(newPlainHub, Config{})
	if err != nil {
		t.Fatal(err)
	}
	var _ *HubContext[*Clients] = untyped
	_, typed, err := NewRuntime(func() *genericHub[string] { return nil }, Config{})
	if err != nil {
		t.Fatal(err)
	}
	var _ *TypedClients[genericClient] = typed.Clients()
}
