package hubs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/hubwire/signalr/hubs/protocol"
)

// callHub has a method for every way a call can go.
type callHub struct {
	Hub
	log *eventLog
}

func (h *callHub) Echo(s string) string                         { return s }
func (h *callHub) Add(_ context.Context, a, b int) (int, error) { return a + b, nil }
func (h *callHub) Nothing()                                     { h.note("Nothing") }
func (h *callHub) OnlyError() error                             { return nil }
func (h *callHub) Fails(text string) error                      { return errors.New(text) }
func (h *callHub) FailsWithPath() error {
	return &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}
}

func (h *callHub) FailsWithHubError(text string) (int, error) { return 1, Errorf("%s", text) }

func (h *callHub) FailsWithWrapped() error { return fmt.Errorf("secret: %w", Errorf("public")) }

func (h *callHub) Panics()                              { panic("boom") }
func (h *callHub) Exits()                               { runtime.Goexit() }
func (h *callHub) NaN() float64                         { return math.NaN() }
func (h *callHub) Half(items []float64) any             { return items }
func (h *callHub) Wire(p point) point                   { return p }
func (h *callHub) Three(a string, b int, c bool) string { return fmt.Sprint(a, b, c) }
func (h *callHub) Count(n int) <-chan int               { return counter(n) }
func (h *callHub) note(s string)                        { h.log.add(s) }
func (h *callHub) IntOf(s string) int                   { return len(s) }
func (h *callHub) Optional(s *string) *string           { return s }
func (h *callHub) Raw(raw protocol.Raw) string          { return string(raw) }
func (h *callHub) Big(_ context.Context, n int) (map[string]int, error) {
	return map[string]int{"n": n}, nil
}

func counter(n int) <-chan int {
	c := make(chan int, n)
	for i := range n {
		c <- i
	}
	close(c)
	return c
}

func failed(id, method, detail string) string {
	return completion(id, "An unexpected error occurred invoking '"+method+"' on the server."+detail)
}

func completion(id, text string) string {
	return `{"type":3,"invocationId":"` + id + `","error":"` + text + `"}`
}

func TestCalls(t *testing.T) {
	t.Parallel()
	const bind = "Failed to invoke '%s' due to an error on the server."
	result := func(json string) string { return `{"type":3,"invocationId":"1","result":` + json + `}` }
	tests := []struct {
		name     string
		message  string
		detailed bool
		want     string
	}{
		{name: "value", message: invocation("1", "Echo", `"a"`), want: result(`"a"`)},
		{name: "name in another case", message: invocation("1", "eCHO", `"a"`), want: result(`"a"`)},
		{name: "value and error", message: invocation("1", "Add", `1,2`), want: result(`3`)},
		{name: "nothing", message: invocation("1", "Nothing", ``), want: result(`null`)},
		{name: "error alone", message: invocation("1", "OnlyError", ``), want: result(`null`)},
		{name: "three arguments", message: invocation("1", "Three", `"a",1,true`), want: result(`"a1 true"`)},
		{name: "struct", message: invocation("1", "Wire", `{"x":1,"y":2}`), want: result(`{"x":1,"y":2}`)},
		{name: "pointer, nil", message: invocation("1", "Optional", `null`), want: result(`null`)},
		{name: "pointer", message: invocation("1", "Optional", `"s"`), want: result(`"s"`)},
		{name: "raw", message: invocation("1", "Raw", `{"a":[1, 2]}`), want: result(`"{\"a\":[1, 2]}"`)},
		{name: "map", message: invocation("1", "Big", `7`), want: result(`{"n":7}`)},
		{name: "arguments before target", message: `{"arguments":["a"],"target":"echo","invocationId":"1","type":1}`, want: result(`"a"`)},

		{name: "unknown method", message: invocation("1", "Nope", ``), want: completion("1", fmt.Sprintf(bind, "Nope")+" HubException: Method does not exist.")},
		{name: "empty method", message: invocation("1", "", ``), want: completion("1", fmt.Sprintf(bind, "")+" HubException: Method does not exist.")},
		{name: "unexported method", message: invocation("1", "note", `"a"`), want: completion("1", fmt.Sprintf(bind, "note")+" HubException: Method does not exist.")},
		{name: "method of the base", message: invocation("1", "Clients", ``), want: completion("1", fmt.Sprintf(bind, "Clients")+" HubException: Method does not exist.")},
		{name: "too few arguments", message: invocation("1", "add", `1`), want: completion("1", fmt.Sprintf(bind, "Add"))},
		{
			name: "too few, detailed", message: invocation("1", "Add", `1`), detailed: true,
			want: completion("1", fmt.Sprintf(bind, "Add")+" InvalidDataException: Invocation provides 1 argument(s) but target expects 2."),
		},
		{
			name: "too many, detailed", message: invocation("1", "Add", `1,2,3`), detailed: true,
			want: completion("1", fmt.Sprintf(bind, "Add")+" InvalidDataException: Invocation provides 3 argument(s) but target expects 2."),
		},
		{
			name: "wrong type, detailed", message: invocation("1", "Add", `"1",2`), detailed: true,
			want: completion("1", fmt.Sprintf(bind, "Add")+" InvalidDataException: "+textArgumentTypes),
		},
		{
			name: "wrong type comes before the count", message: invocation("1", "Add", `"1"`), detailed: true,
			want: completion("1", fmt.Sprintf(bind, "Add")+" InvalidDataException: "+textArgumentTypes),
		},
		{name: "null for a number", message: invocation("1", "Add", `null,1`), want: completion("1", fmt.Sprintf(bind, "Add"))},
		{name: "overflow", message: invocation("1", "Half", `[1e400]`), want: completion("1", fmt.Sprintf(bind, "Half"))},

		{name: "error", message: invocation("1", "Fails", `"secret"`), want: failed("1", "Fails", "")},
		{name: "error, detailed", message: invocation("1", "Fails", `"text"`), detailed: true, want: failed("1", "Fails", " errorString: text")},
		{
			name: "typed error, detailed", message: invocation("1", "FailsWithPath", ``), detailed: true,
			want: failed("1", "FailsWithPath", " PathError: open x: file does not exist"),
		},
		{name: "hub error", message: invocation("1", "FailsWithHubError", `"no"`), want: failed("1", "FailsWithHubError", " HubException: no")},
		{name: "wrapped hub error", message: invocation("1", "FailsWithWrapped", ``), want: failed("1", "FailsWithWrapped", " HubException: public")},
		{
			name: "wrapped hub error, detailed", message: invocation("1", "FailsWithWrapped", ``), detailed: true,
			want: failed("1", "FailsWithWrapped", " HubException: secret: public"),
		},
		{name: "panic", message: invocation("1", "Panics", ``), want: failed("1", "Panics", "")},
		{name: "Goexit", message: invocation("1", "Exits", ``), want: failed("1", "Exits", "")},
		{name: "result that cannot be written", message: invocation("1", "NaN", ``), want: failed("1", "NaN", "")},
		{
			name: "streaming method, plain call", message: invocation("1", "Count", `1`),
			want: completion("1", "The client attempted to invoke the streaming 'Count' method with a non-streaming invocation."),
		},
		{
			name: "plain method, streaming call", message: `{"type":4,"invocationId":"1","target":"echo","arguments":["a"]}`,
			want: completion("1", "The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation."),
		},
		{
			name: "streams nobody expects", message: `{"type":1,"invocationId":"1","target":"Echo","arguments":["a"],"streamIds":["u"]}`,
			want: failed("1", "Echo", " HubException: Client sent 1 stream(s), Hub method expects 0."),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			log := newEventLog()
			rt, _ := serve(t, func() *callHub { return &callHub{log: log} }, Config{EnableDetailedErrors: test.detailed})
			c := dial(t, rt, "a")
			c.send(test.message)
			c.want(test.want)
			c.call("2", "Echo", `"still here"`)
			c.want(`{"type":3,"invocationId":"2","result":"still here"}`)
			// Without an id, nothing is answered whatever happens.
			c.send(strings.Replace(test.message, `"invocationId":"1"`, `"invocationId":""`, 1), invocation("3", "Echo", `"end"`))
			if !strings.Contains(test.message, `"type":4`) { // an id is required there
				c.want(`{"type":3,"invocationId":"3","result":"end"}`)
			}
			c.hangUp()
		})
	}
}

func TestMessagePackCalls(t *testing.T) {
	t.Parallel()
	rt, _ := serve(t, func() *callHub { return &callHub{log: newEventLog()} }, Config{EnableDetailedErrors: true})
	c := connect(t, rt, "a")
	c.send(`{"protocol":"messagepack","version":1}`)
	c.want(`{}`)
	pack := protocol.NewMessagePack()
	receive := func(frame []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		c.conn.Receive(frame)
		payload, _, _, _ := pack.Split([]byte(c.next()))
		var m protocol.Message
		if err := pack.Parse(payload, &m); err != nil {
			t.Fatal(err)
		}
		if m.HasError {
			return m.Error
		}
		var v any
		if err := pack.Unmarshal(m.Result, &v); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(v)
	}
	invoke := func(target string, args ...any) string {
		return receive(pack.AppendInvocation(nil, "1", target, args))
	}
	if got := invoke("Add", 1, 2); got != "3" {
		t.Errorf("Add: got %s, want 3", got)
	}
	const count = "Failed to invoke 'Add' due to an error on the server. InvalidDataException: Invocation provides 1 argument(s) but target expects 2."
	if got := invoke("add", "1"); got != count {
		t.Errorf("count comes before types: got %s, want %s", got, count)
	}
	// A StreamInvocation keeps the client's spelling.
	frame, err := pack.AppendInvocation(nil, "1", "ECHO", []any{"a"})
	if err != nil {
		t.Fatal(err)
	}
	frame[2] = byte(protocol.StreamInvocation)
	const mode = "The client attempted to invoke the non-streaming 'ECHO' method with a streaming invocation."
	if got := receive(frame, nil); got != mode {
		t.Errorf("got %s, want %s", got, mode)
	}
	c.hangUp()
}

func TestUnknownMessagesAreSkipped(t *testing.T) {
	t.Parallel()
	rt, _ := serve(t, newPlainHub, Config{})
	c := dial(t, rt, "a")
	c.send(`{"type":42,"x":1}`, `{"type":0}`, `{"type":8,"sequenceId":5}`, `{"type":9,"sequenceId":5}`, `{"type":6}`,
		`{"type":3,"invocationId":"zz","result":1}`, `{"type":5,"invocationId":"zz"}`, `{"type":2,"invocationId":"zz","item":1}`,
		invocation("1", "Echo", `"a"`))
	c.want(`{"type":3,"invocationId":"1","result":"a"}`)
	c.hangUp()
}

func TestHubThatCannotBeMadeForACall(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() *plainHub{
		"nil":   func() *plainHub { return nil },
		"panic": func() *plainHub { panic("no") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := 0 // the connection's own, then calls one by one
			rt, _ := serve(t, func() *plainHub {
				if made++; made == 2 {
					return fail()
				}
				return new(plainHub)
			}, Config{})
			c := dial(t, rt, "a")
			c.call("1", "Echo", `"a"`)
			c.want(failed("1", "Echo", ""))
			c.call("2", "Echo", `"b"`) // the permit is there again
			c.want(`{"type":3,"invocationId":"2","result":"b"}`)
			c.hangUp()
		})
	}
}

func TestHubOutsideOfACall(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(h *plainHub){
		"Context": func(h *plainHub) { h.Context() },
		"Clients": func(h *plainHub) { h.Clients() },
		"Groups":  func(h *plainHub) { h.Groups() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				text, _ := recover().(string)
				if !strings.Contains(text, "HubContext") {
					t.Errorf("panic: got %q, want one that says what to do", text)
				}
			}()
			use(new(plainHub))
		})
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	seen := make(chan *InvocationContext, 8)
	rt, _ := serve(t, func() *callHub { return &callHub{log: newEventLog()} }, Config{
		MethodPolicies: map[string][]Policy{
			"Add": {
				func(_ context.Context, inv *InvocationContext) error { seen <- inv; return nil },
				func(_ context.Context, inv *InvocationContext) error {
					if inv.Arguments[0] == 1 {
						return errors.New("secret")
					}
					return nil
				},
			},
			"Echo":  {func(context.Context, *InvocationContext) error { panic("no") }},
			"Count": {func(context.Context, *InvocationContext) error { return errors.New("no") }},
		},
		EnableDetailedErrors: true,
	})
	c := dial(t, rt, "a")
	refused := func(id, method string) string {
		return completion(id, "Failed to invoke '"+method+"' because user is unauthorized")
	}
	c.call("1", "add", `1,2`)
	c.want(refused("1", "Add"))
	inv := <-seen
	if inv.Context.ConnectionID() != "a" || inv.Method != "Add" || fmt.Sprint(inv.Arguments) != "[1 2]" {
		t.Errorf("the policy saw %s %v, want Add [1 2]", inv.Method, inv.Arguments)
	}
	c.call("2", "Add", `2,2`)
	c.want(`{"type":3,"invocationId":"2","result":4}`)
	c.call("3", "Echo", `"a"`)
	c.want(refused("3", "Echo"))
	c.call("4", "Count", `3`) // before the mode is looked at
	c.want(refused("4", "Count"))
	c.send(`{"type":4,"invocationId":"5","target":"Count","arguments":[3]}`)
	c.want(refused("5", "Count"))
	c.call("6", "Nothing", ``)
	c.want(`{"type":3,"invocationId":"6","result":null}`)
	c.hangUp()
}

func TestCallAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun refuses
	if raceEnabled {
		t.Skip("pools forget on purpose under the race detector")
	}
	c, s := benchClient(t)
	for _, test := range []struct {
		method string
		max    float64
	}{
		// Two of them are the decoder's: the string and the invocation id.
		{"Echo", 7},
		{"EchoCtx", 7},
	} {
		frame := []byte(invocation("1", test.method, text64) + "\x1e")
		got := testing.AllocsPerRun(2000, func() {
			s.expect(1)
			c.Receive(frame)
			<-s.done
		})
		if got > test.max {
			t.Errorf("%s: got %v allocations a call, want at most %v", test.method, got, test.max)
		}
	}
}
