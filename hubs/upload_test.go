package hubs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
)

// uploadHub reads uploads in every form there is.
type uploadHub struct {
	Hub
	log  *eventLog
	gate chan string
}

func (h *uploadHub) Seq(items iter.Seq[int]) int {
	sum := 0
	for i := range items {
		sum += i
	}
	return sum
}

func (h *uploadHub) Seq2(items iter.Seq2[int, error]) (int, error) {
	sum := 0
	for i, err := range items {
		if err != nil {
			h.log.add("error " + err.Error())
			return 0, err
		}
		sum += i
	}
	return sum, nil
}

func (h *uploadHub) Chan(items <-chan int) int {
	sum := 0
	for i := range items {
		sum += i
	}
	return sum
}

func (h *uploadHub) SeqP(items iter.Seq[point]) int {
	sum := 0
	for p := range items {
		sum += p.X
	}
	return sum
}

func (h *uploadHub) Seq2P(items iter.Seq2[point, error]) (int, error) {
	sum := 0
	for p, err := range items {
		if err != nil {
			h.log.add("error " + err.Error())
			return 0, err
		}
		sum += p.X
	}
	return sum, nil
}

func (h *uploadHub) ChanP(items <-chan point) int {
	sum := 0
	for p := range items {
		sum += p.X
	}
	return sum
}

// Forgiving takes the error of its upload as its end.
func (h *uploadHub) Forgiving(items iter.Seq2[int, error]) (string, error) {
	for _, err := range items {
		if hub := (*Error)(nil); errors.As(err, &hub) {
			return hub.Text, nil
		}
	}
	return "no error", nil
}

// Two reads one stream after the other.
func (h *uploadHub) Two(a iter.Seq[string], sep string, b <-chan int) string {
	var parts []string
	for s := range a {
		parts = append(parts, s)
	}
	for i := range b {
		parts = append(parts, fmt.Sprint(i))
	}
	return strings.Join(parts, sep)
}

// Twice leaves its loop and comes back.
func (h *uploadHub) Twice(items iter.Seq[int]) string {
	first := 0
	for first = range items {
		break
	}
	var rest []int
	for i := range items {
		rest = append(rest, i)
	}
	return fmt.Sprint(first, rest)
}

func (h *uploadHub) RelaySeq(items iter.Seq[string]) iter.Seq[string] { return items }

func (h *uploadHub) Relay(items iter.Seq2[string, error]) iter.Seq2[string, error] { return items }

// Unread returns when it is told to, without having read.
func (h *uploadHub) Unread(items iter.Seq2[int, error]) string {
	h.log.add("unread")
	<-h.gate
	return "done"
}

func (h *uploadHub) UnreadChan(items <-chan int) string {
	h.log.add("unread")
	<-h.gate
	return "done"
}

func (h *uploadHub) WaitCtx(ctx context.Context, items <-chan int) error {
	<-ctx.Done()
	for range items { // it is closed
	}
	return context.Cause(ctx)
}

func (h *uploadHub) Note(s string) { h.log.add(s) }

func serveUploads(t *testing.T, cfg Config) (*eventLog, chan string, *Runtime) {
	t.Helper()
	log, gate := newEventLog(), make(chan string)
	rt, _ := serve(t, func() *uploadHub { return &uploadHub{log: log, gate: gate} }, cfg)
	return log, gate, rt
}

func uploadCall(id, method, args string, streams ...string) string {
	if id != "" {
		id = `,"invocationId":"` + id + `"`
	}
	return `{"type":1` + id + `,"target":"` + method + `","arguments":[` + args + `],"streamIds":["` + strings.Join(streams, `","`) + `"]}`
}

func uploadEnd(id string) string { return `{"type":3,"invocationId":"` + id + `"}` }

func uploadFail(id, text string) string {
	return `{"type":3,"invocationId":"` + id + `","error":"` + text + `"}`
}

func TestUploads(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Seq", "Seq2", "Chan", "SeqP", "Seq2P", "ChanP"} {
		one := "1"
		if strings.HasSuffix(method, "P") {
			one = `{"x":1}`
		}
		tests := []struct {
			name     string
			messages []string
			want     string
		}{
			{name: "none", want: result("1", "0"), messages: []string{uploadEnd("u")}},
			{name: "items", want: result("1", "2"), messages: []string{item("u", one), item("u", one), uploadEnd("u")}},
			{name: "end with a result", want: result("1", "1"), messages: []string{item("u", one), `{"type":3,"invocationId":"u","result":5}`}},
			{
				name: "error of the client", want: failed("1", method, " HubException: stop"),
				messages: []string{item("u", one), uploadFail("u", "stop")},
			},
			{
				name: "empty error of the client", want: failed("1", method, " HubException: "),
				messages: []string{uploadFail("u", "")},
			},
			{
				name: "item that does not bind", want: failed("1", method, " HubException: Failed to bind Stream message."),
				messages: []string{item("u", one), item("u", `"x"`), item("u", one), uploadEnd("u")},
			},
		}
		for _, test := range tests {
			t.Run(method+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				_, _, rt := serveUploads(t, Config{})
				c := dial(t, rt, "a")
				c.send(uploadCall("1", method, "", "u"))
				c.send(test.messages...)
				c.want(test.want)
				c.send(item("u", one), uploadEnd("u")) // too late, and nobody minds
				c.send(uploadCall("2", "Seq", "", "u"), item("u", "7"), uploadEnd("u"))
				c.want(result("2", "7"))
				c.hangUp()
			})
		}
	}
}

func TestManyItems(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Seq", "Seq2", "Chan", "SeqP", "Seq2P", "ChanP"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			_, _, rt := serveUploads(t, Config{})
			c := dial(t, rt, "a")
			c.send(uploadCall("1", method, "", "u"))
			one := item("u", "1")
			if strings.HasSuffix(method, "P") {
				one = item("u", `{"x":1}`)
			}
			for range 10 {
				c.send(strings.Split(strings.TrimSuffix(strings.Repeat(one+"|", 77), "|"), "|")...)
			}
			c.send(uploadEnd("u"))
			c.want(result("1", "770"))
			c.hangUp()
		})
	}
}

func TestUploadShapes(t *testing.T) {
	t.Parallel()
	_, _, rt := serveUploads(t, Config{})
	c := dial(t, rt, "a")
	c.send(uploadCall("1", "Forgiving", "", "u"), item("u", `"x"`))
	c.want(result("1", `"Failed to bind Stream message."`))
	c.send(uploadCall("1", "Two", `"-"`, "u", "v"), item("v", "1"), item("u", `"a"`), item("v", "2"), uploadEnd("v"), item("u", `"b"`), uploadEnd("u"))
	c.want(result("1", `"a-b-1-2"`))
	c.send(uploadCall("1", "Twice", "", "u"), item("u", "1"), item("u", "2"), item("u", "3"), uploadEnd("u"))
	c.want(result("1", `"1 [2 3]"`))
	c.send(strings.Replace(uploadCall("1", "Relay", "", "u"), `"type":1`, `"type":4`, 1), item("u", `"a"`))
	c.want(item("1", `"a"`))
	c.send(item("u", `"b"`), uploadEnd("u"))
	c.want(item("1", `"b"`), streamEnd("1"))
	for _, method := range []string{"Relay", "RelaySeq"} {
		c.send(strings.Replace(uploadCall("1", method, "", "u"), `"type":1`, `"type":4`, 1), item("u", `"a"`))
		c.want(item("1", `"a"`))
		c.send(uploadFail("u", "stop"))
		c.want(completion("1", "An error occurred on the server while streaming results. HubException: stop"))
	}
	c.send(uploadCall("1", "Two", `"-"`, "u"))
	c.want(failed("1", "Two", " HubException: Client sent 1 stream(s), Hub method expects 2."))
	c.send(invocation("1", "Seq", ``))
	c.want(failed("1", "Seq", " HubException: Client sent 0 stream(s), Hub method expects 1."))
	c.hangUp()
}

func TestUploadWithoutAnID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, gate, rt := serveUploads(t, Config{})
		c := dial(t, rt, "a")
		c.send(uploadCall("", "Unread", "", "u"), item("u", "1"))
		synctest.Wait()
		gate <- ""
		synctest.Wait()
		equal(t, "log", log.all(), "unread")
		if got := c.all(); got != "{}\x1e" {
			t.Errorf("got %q, want no answer", got)
		}
		c.hangUp()
	})
}

func TestFullUploadHoldsTheConnection(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Unread", "UnreadChan"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log, gate, rt := serveUploads(t, Config{StreamBufferCapacity: 3})
				c := dial(t, rt, "a")
				c.send(uploadCall("1", method, "", "u"), item("u", "1"), item("u", "2"), item("u", "3"), invocation("", "Note", `"still reading"`))
				synctest.Wait()
				equal(t, "log", log.all(), "unread", "still reading")
				done := make(chan struct{})
				go func() { // ends when the method has
					defer close(done)
					c.send(item("u", "4"), invocation("", "Note", `"reading again"`))
				}()
				synctest.Wait()
				equal(t, "with a full buffer", log.all(), "unread", "still reading")
				gate <- ""
				<-done
				c.want(result("1", `"done"`))
				synctest.Wait()
				equal(t, "in the end", log.all(), "unread", "still reading", "reading again")
				c.hangUp()
			})
		})
	}
}

func TestFullUploadEndsWithTheConnection(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Unread", "UnreadChan"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, gate, rt := serveUploads(t, Config{StreamBufferCapacity: 1})
				c := dial(t, rt, "a")
				done := make(chan struct{})
				go func() { // ends with the transport
					defer close(done)
					c.send(uploadCall("1", method, "", "u"), item("u", "1"), item("u", "2"))
				}()
				synctest.Wait()
				c.Abort(errors.New("gone"))
				<-done
				c.conn.Ended(nil)
				gate <- ""
			})
		})
	}
}

func TestReadersEndWithTheConnection(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Seq", "Seq2", "Chan", "SeqP", "Seq2P", "ChanP", "WaitCtx"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log, _, rt := serveUploads(t, Config{})
				c := dial(t, rt, "a")
				c.send(uploadCall("1", method, "", "u"))
				synctest.Wait()
				c.hangUp()
				synctest.Wait() // and at the end of the test nothing runs
				if strings.HasPrefix(method, "Seq2") {
					equal(t, "log", log.all(), "error The underlying connection was closed.")
				}
			})
		})
	}
}

func TestCancelEndsTheUploadsOfAStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, _, rt := serveUploads(t, Config{})
		c := dial(t, rt, "a")
		c.send(strings.Replace(uploadCall("1", "Relay", "", "u"), `"type":1`, `"type":4`, 1))
		synctest.Wait()
		c.send(`{"type":5,"invocationId":"1"}`)
		c.want(streamEnd("1"))
		c.hangUp()
	})
}

func TestUploadIDInUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, _, rt := serveUploads(t, Config{})
		c := dial(t, rt, "a")
		c.send(uploadCall("1", "Seq", "", "u"), uploadCall("2", "Seq", "", "u"))
		c.want(failed("2", "Seq", " HubException: Stream ID 'u' is already in use."))
		c.send(uploadCall("3", "Two", `""`, "v", "v"))
		c.want(failed("3", "Two", " HubException: Stream ID 'v' is already in use."))
		c.send(item("u", "5"), uploadEnd("u")) // the first call goes on
		c.want(result("1", "5"))
		c.hangUp()
	})
}

func TestDetailedBindErrorOfAnItem(t *testing.T) {
	t.Parallel()
	_, _, rt := serveUploads(t, Config{EnableDetailedErrors: true})
	c := dial(t, rt, "a")
	c.send(uploadCall("1", "Seq2", "", "u"), item("u", `"x"`))
	if got, want := c.next(), "HubException: Failed to bind Stream message. "; !strings.Contains(got, want) {
		t.Errorf("got %s, want %s and the reason", got, want)
	}
	c.hangUp()
}
