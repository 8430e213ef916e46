package lifetimetest

import (
	"context"
	"errors"
	"strings"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/protocol"
)

var resultCases = []testCase{
	{"a client of this node and one of another answer", func(f *fixture) {
		own, other := f.connect(0), f.connect(1, messagePack)
		for _, c := range []*client{own, other} {
			asked := f.ask(0, c.ID(), 4, 6)
			m := c.next()
			if m.InvocationID == "" {
				f.Fatal("got an invocation without an id")
			}
			f.must(c.Answer(m.InvocationID, 10))
			if got, err := asked(); err != nil || got != 10 {
				f.Fatalf("got %d, %v, want 10", got, err)
			}
		}
	}},
	{"a client answers with an error", func(f *fixture) {
		c := f.connect(0)
		for from := range 2 {
			asked := f.ask(from, c.ID())
			c.AnswerError(c.next().InvocationID, "no idea")
			_, err := asked()
			var hub *hubs.Error
			if !errors.As(err, &hub) || hub.Text != "no idea" {
				f.Fatalf("got %v, want a hub error with the client's text", err)
			}
		}
	}},
	{"an answer of another type is an error", func(f *fixture) {
		c := f.connect(0)
		for from := range 2 {
			asked := f.ask(from, c.ID())
			f.must(c.Answer(c.next().InvocationID, "ten"))
			if got, err := asked(); err == nil {
				f.Fatalf("got %d, want an error", got)
			}
		}
		f.expectNothing(0, toAll(), c)
	}},
	{"a connection that does not exist cannot be asked", func(f *fixture) {
		f.connect(0)
		f.connect(1)
		_, err := f.ask(0, "nobody")()
		if !errors.Is(err, hubs.ErrNoConnection) || !strings.Contains(err.Error(), "nobody") {
			f.Fatalf("got %v, want ErrNoConnection with the id", err)
		}
	}},
	{"a client that leaves before it answers", func(f *fixture) {
		for from := range 2 {
			c := f.connect(0)
			asked := f.ask(from, c.ID())
			c.next()
			c.Close()
			if _, err := asked(); !errors.Is(err, hubs.ErrDisconnected) {
				f.Fatalf("got %v, want ErrDisconnected", err)
			}
		}
	}},
	{"a late answer after the asking was canceled is harmless", func(f *fixture) {
		c := f.connect(0)
		for from := range 2 {
			ctx, cancel := context.WithCancelCause(f.ctx)
			asked := f.askWith(ctx, from, c.ID())
			m := c.next()
			enough := errors.New("enough")
			cancel(enough)
			if _, err := asked(); !errors.Is(err, hubs.ErrInvocationCanceled) || !errors.Is(err, enough) {
				f.Fatalf("got %v, want ErrInvocationCanceled and the cause", err)
			}
			f.must(c.Answer(m.InvocationID, 10))
		}
		f.expectNothing(0, toAll(), c)
	}},
	{"of two that are asked, one failing leaves the other waiting", func(f *fixture) {
		a, b := f.connect(0), f.connect(1)
		askedA, askedB := f.ask(0, a.ID()), f.ask(0, b.ID())
		idA, idB := a.next().InvocationID, b.next().InvocationID
		a.AnswerError(idA, "no idea")
		if _, err := askedA(); err == nil {
			f.Fatal("got no error from the one that failed")
		}
		f.must(b.Answer(idB, 5))
		if got, err := askedB(); err != nil || got != 5 {
			f.Fatalf("got %d, %v, want 5", got, err)
		}
	}},
	{"one client asked twice answers in any order", func(f *fixture) {
		c := f.connect(0)
		first := f.ask(0, c.ID())
		idFirst := c.next().InvocationID
		second := f.ask(1, c.ID())
		idSecond := c.next().InvocationID
		if idFirst == idSecond {
			f.Fatalf("got the id %q twice", idFirst)
		}
		f.must(c.Answer(idSecond, 2))
		f.must(c.Answer(idFirst, 1))
		for i, asked := range []func() (int, error){first, second} {
			if got, err := asked(); err != nil || got != i+1 {
				f.Errorf("question %d: got %d, %v, want %d", i+1, got, err, i+1)
			}
		}
	}},
	{"a client cannot answer for another", func(f *fixture) {
		a, b := f.connect(0), f.connect(0)
		asked := f.ask(0, a.ID())
		id := a.next().InvocationID
		f.must(b.Answer(id, 13))
		select { // fatal for the one who answered
		case <-b.Done():
		case <-f.ctx.Done():
			f.Fatal("the connection that answered for another goes on")
		}
		f.must(a.Answer(id, 10))
		if got, err := asked(); err != nil || got != 10 {
			f.Fatalf("got %d, %v, want 10", got, err)
		}
	}},
	{"a question that cannot be encoded is an error and is not asked", func(f *fixture) {
		c := f.connect(0)
		for from := range 2 {
			if _, err := f.ask(from, c.ID(), make(chan int))(); err == nil {
				f.Fatal("got no error")
			}
		}
		f.expectNothing(0, toConnections(c.ID()), c)
	}},
}

// ask asks a client for a number, on a goroutine of its own, and returns what
// waits for it.
func (f *fixture) ask(from int, connectionID string, args ...any) func() (int, error) {
	return f.askWith(f.ctx, from, connectionID, args...)
}

func (f *fixture) askWith(ctx context.Context, from int, connectionID string, args ...any) func() (int, error) {
	var (
		got  int
		err  error
		done = make(chan struct{})
	)
	decode := func(p protocol.Protocol, result protocol.Raw) error { return p.Unmarshal(result, &got) }
	go func() { // ends with ctx at the latest; waited for by what is returned
		defer close(done)
		err = f.node(from).Invoke(ctx, connectionID, "Add", args, decode)
	}()
	return func() (int, error) {
		<-done
		return got, err
	}
}
