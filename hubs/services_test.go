package hubs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
)

type store struct{ name string }

type namer interface{ Name() string }

func (s *store) Name() string { return s.name }

type (
	replica struct{}
	session struct{ n int }
)

type shopHub struct {
	Hub
}

func (h *shopHub) Value(id int, db *store) string       { return fmt.Sprint(id, db.name) }
func (h *shopHub) First(db *store, id int) string       { return fmt.Sprint(id, db.name) }
func (h *shopHub) Interface(n namer, s string) string   { return n.Name() + s }
func (h *shopHub) Scoped(a, b *session) string          { return fmt.Sprint(a.n, a == b) }
func (h *shopHub) Marked(db Injected[*store]) string    { return db.Value.name }
func (h *shopHub) Key(db Keyed[*store, replica]) string { return db.Value.name }

func (h *shopHub) Mixed(ctx context.Context, db *store, items iter.Seq[int], tag string) string {
	sum := 0
	for i := range items {
		sum += i
	}
	return fmt.Sprint(tag, sum, db.name, ctx.Err())
}

func (h *shopHub) Stream(s *session, n int) iter.Seq[int] {
	return upTo(n, func(int) int { return s.n })
}

func shopServices(log *eventLog) []Service {
	made := 0
	return []Service{
		ServiceValue(&store{"overridden"}),
		ServiceValue(&store{"db"}),
		ServiceValue[namer](&store{"by interface"}),
		ServiceValue(Keyed[*store, replica]{&store{"replica"}}),
		ServiceFunc(func(ctx context.Context) (*session, func(), error) {
			if made++; made == 3 {
				return nil, func() { log.add("cleanup of a failure") }, errors.New("no session")
			}
			n := made
			return &session{n}, func() { log.add(fmt.Sprint("cleanup ", n)) }, ctx.Err()
		}),
	}
}

func TestServices(t *testing.T) {
	t.Parallel()
	log := newEventLog()
	rt, _ := serve(t, func() *shopHub { return new(shopHub) }, Config{Services: shopServices(log)})
	c := dial(t, rt, "a")
	for _, test := range []struct{ method, args, want string }{
		{"Value", "7", result("1", `"7db"`)},
		{"First", "7", result("1", `"7db"`)},
		{"Interface", `"!"`, result("1", `"by interface!"`)},
		{"Marked", "", result("1", `"db"`)},
		{"Key", "", result("1", `"replica"`)},
		{"Scoped", "", result("1", `"1 true"`)},
		{"Value", `7,"db"`, completion("1", "Failed to invoke 'Value' due to an error on the server.")},
	} {
		c.call("1", test.method, test.args)
		c.want(test.want)
	}
	c.send(uploadCall("1", "Mixed", `"sum"`, "u"), item("u", "1"), item("u", "2"), uploadEnd("u"))
	c.want(result("1", `"sum3db<nil>"`))
	c.send(streamCall("1", "Stream", "2"))
	c.want(item("1", "2"), item("1", "2"), streamEnd("1"))
	equal(t, "cleaned up before the end of the stream was sent", log.all(), "cleanup 1", "cleanup 2")
	c.call("1", "Scoped", "")
	c.want(failed("1", "Scoped", ""))
	equal(t, "log", log.wait(3), "cleanup 1", "cleanup 2", "cleanup of a failure")
	c.hangUp()
}

func TestServicesAreNotArguments(t *testing.T) {
	t.Parallel()
	_, _, err := NewRuntime(func() *shopHub { return new(shopHub) }, Config{
		Services:                              shopServices(newEventLog()),
		DisableImplicitFromServicesParameters: true,
	})
	if err == nil || !strings.Contains(err.Error(), "Interface: parameter 1, a hubs.namer, is an interface") {
		t.Errorf("got %v, want a complaint about the interface that is no service any more", err)
	}
	if strings.Contains(err.Error(), "Marked") || strings.Contains(err.Error(), "Key") {
		t.Errorf("got %v, want marked services to work", err)
	}
	_, _, err = NewRuntime(func() *shopHub { return new(shopHub) }, Config{})
	for _, want := range []string{
		"Marked: parameter 1, a hubs.Injected[*github.com/hubwire/signalr/hubs.store], needs a service of type *hubs.store",
		"needs a service of type hubs.Keyed[", "Services",
	} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, _, err := NewRuntime(newPlainHub, Config{Services: []Service{{}}}); err == nil {
		t.Error("an empty Service: got nil, want an error")
	}
}
