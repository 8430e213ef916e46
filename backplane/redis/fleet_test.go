package redis

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hubwire/signalr/hubs/protocol"
)

// pair is two Go nodes on one Redis.
type pair struct {
	server   *redisServer
	one, two *goNode
}

func startPair(t *testing.T, options ...Option) *pair {
	t.Helper()
	p := &pair{server: startRedis(t)}
	p.one, p.two = startGo(t, p.server.addr, options...), startGo(t, p.server.addr, options...)
	p.one.healthy(t)
	p.two.healthy(t)
	return p
}

// TestUnreadablePayloads publishes what nobody understands on every channel. The
// node lives, and hears what follows.
func TestUnreadablePayloads(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	a := dialWS(t, p.one.url, "/testhub", protocol.JSON{}, url.Values{"user": {"ann"}})
	b := dialWS(t, p.two.url, "/testhub", protocol.JSON{}, nil)
	a.invoke("JoinGroup", "room")
	sent := int64(0)
	for _, channel := range p.server.channels() {
		if !strings.HasPrefix(channel, "TestHub:") {
			continue
		}
		for _, payload := range []string{"", "{}", "\xc1", "\x92", "\x95\x01", "\x91\xa1x"} {
			p.server.do("publish", channel, payload)
			sent++
		}
	}
	p.server.do("publish", "TestHub:internal:groups", "\x95\x07\xa1s\x09\xa1g\xb6"+a.id) // an unknown action
	for _, text := range []string{"all", "room", "user", "client"} {
		switch text {
		case "all":
			b.invoke("SendToOthers", text)
		case "room":
			b.invoke("SendToGroup", "room", text)
		case "user":
			b.invoke("SendToUser", "ann", text)
		case "client":
			b.invoke("SendToClient", a.id, text)
		}
		a.expect(text)
	}
	b.invoke("AddToGroup", a.id, "added")
	if got := b.invoke("AskClient", a.id, "x"); got != "re x" {
		t.Errorf("got the answer %q", got)
	}
	eventually(t, "all of it is counted", func() bool {
		return p.one.backplane.Stats().Unreadable+p.two.backplane.Stats().Unreadable >= sent
	})
}

// TestMissingProtocol publishes a message without the client's protocol: that
// client is closed, others get it.
func TestMissingProtocol(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	text := dialWS(t, p.one.url, "/testhub", protocol.JSON{}, nil)
	packed := dialWS(t, p.one.url, "/testhub", protocol.MessagePack{}, nil)
	publisher := NewPublisher(p.server.client(), "TestHub", Serving(protocol.NewMessagePack()))
	if err := publisher.Clients().All().Send(t.Context(), "Message", "packed"); err != nil {
		t.Fatal(err)
	}
	packed.expect("packed")
	eventually(t, "the client without a message is closed", text.ended)
	if n := p.one.backplane.Stats().MissingProtocol; n != 1 {
		t.Errorf("got %d counted, want 1", n)
	}
}

// TestPublisher sends from a process without clients.
func TestPublisher(t *testing.T) {
	t.Parallel()
	p := startPair(t, ChannelPrefix("p/"))
	a := dialWS(t, p.one.url, "/testhub", protocol.JSON{}, url.Values{"user": {"ann"}})
	b := dialWS(t, p.two.url, "/testhub", protocol.MessagePack{}, nil)
	b.invoke("JoinGroup", "room")
	publisher := NewPublisher(p.server.client(), "TestHub", ChannelPrefix("p/"))
	typed, err := TypedClients[struct {
		Message func(ctx context.Context, text string) error
	}](publisher)
	if err != nil {
		t.Fatal(err)
	}
	clients := publisher.Clients()
	for _, err := range []error{
		clients.All().Send(t.Context(), "Message", "all"),
		clients.User("ann").Send(t.Context(), "Message", "user"),
		typed.Group("room").Message(t.Context(), "group"),
		clients.Clients(a.id, b.id).Send(t.Context(), "Message", "both"),
		clients.AllExcept(a.id).Send(t.Context(), "Message", "not a"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got := map[*wsClient][]string{}
	for c, n := range map[*wsClient]int{a: 3, b: 4} { // channels have no order among each other
		for range n {
			got[c] = append(got[c], c.next())
		}
		slices.Sort(got[c])
	}
	if want := []string{"Message all", "Message both", "Message user"}; !slices.Equal(got[a], want) {
		t.Errorf("got %q, want %q", got[a], want)
	}
	if want := []string{"Message all", "Message both", "Message group", "Message not a"}; !slices.Equal(got[b], want) {
		t.Errorf("got %q, want %q", got[b], want)
	}
}

// TestUnknownConnection changes the groups of a connection that nobody has.
func TestUnknownConnection(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	a := dialWS(t, p.one.url, "/testhub", protocol.JSON{}, nil)
	began := time.Now()
	a.invoke("AddToGroup", "nobody", "room")
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v, want 5 s at most", took)
	}
}

// TestAckTimeout lets a node that has the connection be deaf: the waiter is freed
// after the limit.
func TestAckTimeout(t *testing.T) {
	t.Parallel()
	p := startPair(t, AckTimeout(300*time.Millisecond))
	a := dialWS(t, p.one.url, "/testhub", protocol.JSON{}, nil)
	// Somebody hears the connection's channel and obeys no commands.
	deaf := p.server.client().Subscribe(t.Context(), "TestHub:connection:ghost")
	defer deaf.Close()
	eventually(t, "the ghost is there", func() bool { return p.server.subscribers("TestHub:connection:ghost") == 1 })
	if _, err := a.try("AddToGroup", "ghost", "room"); err == nil {
		t.Error("got no error though nobody acknowledged")
	}
	if n := p.one.backplane.Stats().AckTimeouts; n != 1 {
		t.Errorf("got %d timeouts counted, want 1", n)
	}
}

// TestQuestions covers what can become of a question to another node's client.
func TestQuestions(t *testing.T) {
	t.Parallel()
	p := startPair(t, ResultTimeout(500*time.Millisecond))
	a := dialWS(t, p.one.url, "/parallel", protocol.JSON{}, nil)
	b := dialWS(t, p.two.url, "/parallel", protocol.MessagePack{}, nil)
	if _, err := a.try("AskClient", b.id, "silence"); err == nil {
		t.Error("got no error though the client is silent")
	}
	if s := p.one.backplane.Stats(); s.ResultTimeouts != 1 {
		t.Errorf("got %d timeouts counted, want 1", s.ResultTimeouts)
	}
	var asking sync.WaitGroup
	for i := range 50 { // of both nodes at once: each gets its own answer
		for _, c := range []*wsClient{a, b} {
			asking.Go(func() {
				q := fmt.Sprint(c.id, i)
				if got, err := c.try("AskClient", b.id, q); err != nil || got != "re "+q {
					t.Errorf("got %q, %v, want the answer to %q", got, err, q)
				}
			})
		}
	}
	asking.Wait()
	b.close()
	eventually(t, "no question is left behind", func() bool {
		return p.one.backplane.Stats().Asked == 0 && p.two.backplane.Stats().Asked == 0
	})
}

// TestOrderPerSender sends numbered messages across nodes.
func TestOrderPerSender(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	a := dialWS(t, p.one.url, "/testhub", protocol.JSON{}, nil)
	b := dialWS(t, p.two.url, "/testhub", protocol.MessagePack{}, nil)
	name := "grp:{x} 😀 " + strings.Repeat("n", 1024)
	b.invoke("JoinGroup", name)
	for i := range 1000 {
		a.invoke("SendToGroup", name, fmt.Sprint(i))
	}
	for i := range 1000 {
		b.expect(fmt.Sprint(i))
	}
}

// TestHubsAreApart lets two hubs of one process share the connections, and
// nothing else.
func TestHubsAreApart(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	a := dialWS(t, p.one.url, "/testhub", protocol.JSON{}, nil)
	b := dialWS(t, p.one.url, "/parallel", protocol.JSON{}, nil)
	for _, c := range []*wsClient{a, b} {
		c.invoke("JoinGroup", "room")
	}
	a.invoke("SendToAll", "a")
	a.invoke("SendToGroup", "room", "a")
	b.invoke("SendToAll", "b")
	b.expect("b")
	// 11 hubs on each of two nodes: one subscriber connection each.
	list := fmt.Sprint(p.server.do("client", "list", "type", "pubsub"))
	if n := strings.Count(list, "cmd="); n != 2 {
		t.Errorf("got %d subscriber connections, want 2:\n%s", n, list)
	}
}

// TestNothingIsLeft lets many clients come and go at once; then Redis has no
// channel left.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	base := p.one.backplane.Stats().Channels
	var working sync.WaitGroup
	for i := range 20 {
		node := []*goNode{p.one, p.two}[i%2]
		working.Go(func() {
			for round := range 10 {
				c := dialWS(t, node.url, "/testhub", protocol.JSON{}, url.Values{"user": {fmt.Sprint("user", i%3)}})
				c.invoke("JoinGroup", fmt.Sprint("room", round%2))
				c.invoke("JoinGroup", fmt.Sprint("own", i))
				_, _ = c.try("LeaveGroup", fmt.Sprint("room", round%2))
				c.close()
			}
		})
	}
	working.Wait()
	eventually(t, "the channels of clients are gone", func() bool {
		return p.one.backplane.Stats().Channels == base && p.two.backplane.Stats().Channels == base
	})
	p.one.stop()
	p.two.stop()
	eventually(t, "nothing is subscribed", func() bool { return len(p.server.channels()) == 0 })
}

// TestSlowReader lets one client of a node read nothing. The others hear all of
// a broadcast, at once.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	reads := dialWS(t, p.one.url, "/testhub", protocol.JSON{}, nil)
	stalled := dialWS(t, p.one.url, "/testhub", protocol.JSON{}, nil)
	sends := dialWS(t, p.two.url, "/testhub", protocol.JSON{}, nil)
	stalled.stall()
	text := strings.Repeat("x", 20<<10) // below the limit for what a client sends
	const messages = 1500
	slowest := time.Duration(0)
	for range messages {
		began := time.Now()
		sends.invoke("SendToAll", text)
		reads.expect(text)
		slowest = max(slowest, time.Since(began))
	}
	if slowest > 2*time.Second {
		t.Errorf("the slowest message took %v", slowest)
	}
	eventually(t, "the stalled client is cut off", func() bool {
		return p.server.subscribers("TestHub:connection:"+stalled.id) == 0
	})
	stalled.reads <- struct{}{}
}
