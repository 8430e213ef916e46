package hubs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
)

// feedHub streams in every form there is.
type feedHub struct {
	Hub
	log *eventLog
}

func upTo[T any](n int, item func(int) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range n {
			if !yield(item(i)) {
				return
			}
		}
	}
}

func withErr[T any](items iter.Seq[T], err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for item := range items {
			if !yield(item, nil) {
				return
			}
		}
		if err != nil {
			var zero T
			yield(zero, err)
		}
	}
}

func toChan[T any](items iter.Seq[T]) <-chan T {
	c := make(chan T, 16)
	for item := range items {
		c <- item
	}
	close(c)
	return c
}

func ints(n int) iter.Seq[int]     { return upTo(n, func(i int) int { return i }) }
func points(n int) iter.Seq[point] { return upTo(n, func(i int) point { return point{i, i} }) }

func (h *feedHub) Seq(n int) iter.Seq[int]                      { return ints(n) }
func (h *feedHub) Seq2(n int) iter.Seq2[int, error]             { return withErr(ints(n), nil) }
func (h *feedHub) Chan(n int) <-chan int                        { return toChan(ints(n)) }
func (h *feedHub) SeqP(n int) iter.Seq[point]                   { return points(n) }
func (h *feedHub) Seq2P(n int) (iter.Seq2[point, error], error) { return withErr(points(n), nil), nil }
func (h *feedHub) ChanP(n int) (<-chan point, error)            { return toChan(points(n)), nil }
func (h *feedHub) Nil(bool) iter.Seq[int]                       { return nil }
func (h *feedHub) NilP(bool) <-chan point                       { return nil }
func (h *feedHub) Midway(n int, text string) iter.Seq2[int, error] {
	return withErr(ints(n), errors.New(text))
}

func (h *feedHub) HubMidway(n int, text string) iter.Seq2[point, error] {
	return withErr(points(n), Errorf("%s", text))
}

func (h *feedHub) Refuses(text string) (iter.Seq[int], error) { return nil, errors.New(text) }
func (h *feedHub) NaN(n int) iter.Seq[float64] {
	return upTo(n, func(int) float64 { return math.NaN() })
}

func (h *feedHub) Panics(n int) iter.Seq[int] {
	return upTo(n, func(i int) int {
		if i == 1 {
			panic("boom")
		}
		return i
	})
}

func (h *feedHub) Exits(n int) iter.Seq[int] {
	return upTo(n, func(i int) int {
		runtime.Goexit()
		return i
	})
}

// Endless has no ctx: what stops it is that nobody takes the next item.
func (h *feedHub) Endless(string) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
		}
		h.log.add("endless ended")
	}
}

// Silent never sends, and ends with its ctx.
func (h *feedHub) Silent(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		h.log.add("silent")
		<-ctx.Done()
		h.log.add("silent ended: " + context.Cause(ctx).Error())
		_ = h.Clients().Caller().Send(ctx, "Canceled")
		yield("", ctx.Err())
	}
}

func (h *feedHub) SilentChan() <-chan int { return make(chan int) }

func (h *feedHub) SilentChanP() <-chan point { return make(chan point) }

func (h *feedHub) FailsLate(ctx context.Context) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		<-ctx.Done()
		yield(0, errors.New("own trouble"))
	}
}

func streamCall(id, method, args string) string {
	return `{"type":4,"invocationId":"` + id + `","target":"` + method + `","arguments":[` + args + `]}`
}

func item(id, json string) string {
	return `{"type":2,"invocationId":"` + id + `","item":` + json + `}`
}

func streamEnd(id string) string { return `{"type":3,"invocationId":"` + id + `"}` }

func serveFeed(t *testing.T, cfg Config) (*eventLog, *Runtime) {
	t.Helper()
	log := newEventLog()
	rt, _ := serve(t, func() *feedHub { return &feedHub{log: log} }, cfg)
	return log, rt
}

func TestStreams(t *testing.T) {
	t.Parallel()
	const streaming = "An error occurred on the server while streaming results."
	numbers := []string{item("1", "0"), item("1", "1")}
	points := []string{item("1", `{"x":0,"y":0}`), item("1", `{"x":1,"y":1}`)}
	tests := []struct {
		method, args string
		detailed     bool
		items        []string
		end          string // of the completion; empty: a good end
	}{
		{method: "Seq", args: "2", items: numbers},
		{method: "seq2", args: "2", items: numbers},
		{method: "Chan", args: "2", items: numbers},
		{method: "SeqP", args: "2", items: points},
		{method: "Seq2P", args: "2", items: points},
		{method: "ChanP", args: "2", items: points},
		{method: "Seq", args: "0"},
		{method: "Nil", args: "true", end: "The value returned by the streaming method 'Nil' is not a ChannelReader<> or IAsyncEnumerable<>."},
		{method: "NilP", args: "true", end: "The value returned by the streaming method 'NilP' is not a ChannelReader<> or IAsyncEnumerable<>."},
		{method: "Midway", args: `2,"secret"`, items: numbers, end: streaming},
		{method: "Midway", args: `2,"text"`, detailed: true, items: numbers, end: streaming + " errorString: text"},
		{method: "HubMidway", args: `2,"no"`, items: points, end: streaming + " HubException: no"},
		{method: "Refuses", args: `"secret"`, end: "An unexpected error occurred invoking 'Refuses' on the server."},
		{method: "NaN", args: "2", end: streaming},
		{method: "Panics", args: "2", items: numbers[:1], end: streaming},
		{method: "Exits", args: "2", end: streaming},
		{method: "Seq", args: `"x"`, end: "Failed to invoke 'Seq' due to an error on the server."},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.method, test.args, test.detailed), func(t *testing.T) {
			t.Parallel()
			_, rt := serveFeed(t, Config{EnableDetailedErrors: test.detailed})
			c := dial(t, rt, "a")
			c.send(streamCall("1", test.method, test.args))
			c.want(test.items...)
			if test.end == "" {
				c.want(streamEnd("1"))
			} else {
				c.want(completion("1", test.end))
			}
			c.send(streamCall("1", "Seq", "1")) // the id is free again
			c.want(item("1", "0"), streamEnd("1"))
			c.hangUp()
		})
	}
}

func TestCanceledStreams(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Silent", "SilentChan", "SilentChanP"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log, rt := serveFeed(t, Config{})
				c := dial(t, rt, "a")
				c.send(streamCall("1", method, ""))
				synctest.Wait()
				c.send(`{"type":5,"invocationId":"1"}`)
				if method == "Silent" {
					c.want(`{"type":1,"target":"Canceled","arguments":[]}`)
					equal(t, "log", log.all(), "silent", "silent ended: "+ErrCallCanceled.Error())
				}
				c.want(streamEnd("1"))
				c.send(streamCall("1", method, "")) // and by the connection's end
				synctest.Wait()
				c.hangUp()
				synctest.Wait()
				if method == "Silent" {
					equal(t, "log", log.all()[2:], "silent", "silent ended: "+ErrConnectionClosed.Error()+": gone")
				}
			})
		})
	}
}

func TestCancelDoesNotHideOtherErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, rt := serveFeed(t, Config{})
		c := dial(t, rt, "a")
		c.send(streamCall("1", "FailsLate", ""))
		synctest.Wait()
		c.send(`{"type":5,"invocationId":"1"}`)
		c.want(completion("1", "An error occurred on the server while streaming results."))
		c.hangUp()
	})
}

func TestStreamWithAnIDInUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, rt := serveFeed(t, Config{})
		c := dial(t, rt, "a")
		c.send(streamCall("1", "SilentChan", ""), streamCall("1", "Seq", "2"))
		c.want(completion("1", "Invocation ID '1' is already in use."))
		c.send(`{"type":5,"invocationId":"1"}`) // the first can still be canceled
		c.want(streamEnd("1"))
		c.hangUp()
	})
}

func TestStreamsAreLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, rt := serveFeed(t, Config{MaximumStreamsPerClient: 2})
		c := dial(t, rt, "a")
		c.send(streamCall("1", "SilentChan", ""), streamCall("2", "SilentChan", ""), streamCall("3", "Seq", "1"))
		c.want(failed("3", "Seq", " HubException: The connection has 2 active streams, which is the limit."))
		c.send(`{"type":5,"invocationId":"1"}`)
		c.want(streamEnd("1"))
		c.send(streamCall("3", "Seq", "1"))
		c.want(item("3", "0"), streamEnd("3"))
		c.hangUp()
	})
}

func TestStreamBackPressure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, rt := serveFeed(t, Config{})
		c := dial(t, rt, "a", func(c *testConn) { c.limit = 4 })
		c.send(streamCall("1", "Endless", `""`))
		synctest.Wait()
		if n := strings.Count(c.all(), `"type":2`); n != 4 {
			t.Errorf("items queued for a client that does not read: got %d, want 4", n)
		}
		c.want(item("1", "0"), item("1", "1"))
		synctest.Wait()
		if n := strings.Count(c.all(), `"type":2`); n != 6 {
			t.Errorf("items after two were read: got %d, want 6", n)
		}
		c.hangUp()
		synctest.Wait()
		equal(t, "log", log.all(), "endless ended")
	})
}
