package redis

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hubwire/signalr/hubs/protocol"
	goredis "github.com/redis/go-redis/v9"
)

// joinLimit is how long a join may take while Redis is away.
const joinLimit = 3 * time.Second

// TestServesWithoutRedis kills Redis and checks that a node goes on for its own
// clients, and is one of the fleet again when Redis is back.
func TestServesWithoutRedis(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		away, present func(s *redisServer)
	}{
		{"killed", (*redisServer).kill, (*redisServer).start},
		{"frozen", (*redisServer).freeze, (*redisServer).thaw},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := startRedis(t)
			var gaps atomic.Int32
			one := startGo(t, server.addr, OnGap(func(g Gap) {
				if g.Err != nil && g.To.After(g.From) {
					gaps.Add(1)
				}
			}))
			two := startGo(t, server.addr)
			one.healthy(t)
			two.healthy(t)
			a := dialWS(t, one.url, "/testhub", protocol.JSON{}, url.Values{"user": {"ann"}})
			b := dialWS(t, two.url, "/testhub", protocol.MessagePack{}, url.Values{"user": {"ann"}})
			a.invoke("JoinGroup", "room")
			b.invoke("JoinGroup", "room")

			tt.away(server)
			hearsAlone(t, a, "while Redis is away")
			within(t, joinLimit, "the node is not healthy", func() bool { return !one.backplane.Healthy() })
			began := time.Now()
			a.invoke("JoinGroup", "joined while away")
			if took := time.Since(began); took > joinLimit {
				t.Errorf("a join took %v while Redis was away", took)
			}
			late := dialWS(t, one.url, "/testhub", protocol.JSON{}, nil)
			late.invoke("JoinGroup", "late")
			a.invoke("SendToGroup", "joined while away", "here")
			a.expect("here")
			if _, err := a.try("AddToGroup", b.id, "room"); err == nil {
				t.Error("got no error for a change of another node's connection")
			}
			if _, err := a.try("AskClient", b.id, "x"); err == nil {
				t.Error("got no error for a question to another node's connection")
			}

			tt.present(server)
			one.healthy(t)
			two.healthy(t)
			b.invoke("SendToGroup", "joined while away", "back")
			a.expect("back")
			b.invoke("SendToGroup", "late", "late")
			late.expect("late")
			b.invoke("SendToGroup", "room", "room")
			a.expect("room")
			for len(b.calls) > 0 { // what it heard of itself meanwhile is not the point
				if <-b.calls == "Message room" {
					break
				}
			}
			eventually(t, "the gap is reported", func() bool { return gaps.Load() > 0 })
		})
	}
}

// hearsAlone checks that a client hears what it sends to all, a group and a user.
func hearsAlone(t *testing.T, a *wsClient, text string) {
	t.Helper()
	a.invoke("SendToAll", text)
	a.expect(text)
	a.invoke("SendToGroup", "room", text)
	a.expect(text)
	a.invoke("SendToUser", "ann", text)
	a.expect(text)
}

// TestStartsBeforeRedis starts a node first and Redis later.
func TestStartsBeforeRedis(t *testing.T) {
	t.Parallel()
	server := newRedis(t)
	one := startGo(t, server.addr)
	a := dialWS(t, one.url, "/testhub", protocol.JSON{}, url.Values{"user": {"ann"}})
	a.invoke("JoinGroup", "room")
	hearsAlone(t, a, "before Redis")
	if one.backplane.Healthy() {
		t.Error("healthy without Redis")
	}
	server.start()
	two := startGo(t, server.addr)
	one.healthy(t)
	two.healthy(t)
	b := dialWS(t, two.url, "/testhub", protocol.JSON{}, nil)
	b.invoke("SendToAll", "all")
	a.expect("all")
	b.invoke("SendToGroup", "room", "room")
	a.expect("room")
	b.invoke("SendToUser", "ann", "user")
	a.expect("user")
	b.invoke("AddToGroup", a.id, "added")
	b.invoke("SendToGroup", "added", "added")
	a.expect("added")
	if got := b.invoke("AskClient", a.id, "x"); got != "re x" {
		t.Errorf("got the answer %q", got)
	}
}

// TestRefuses checks the other policy.
func TestRefuses(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	node := startGo(t, server.addr, OnBackplaneDown(Refuse))
	node.healthy(t)
	a := dialWS(t, node.url, "/testhub", protocol.JSON{}, nil)
	server.kill()
	eventually(t, "the node notices", func() bool { return !node.backplane.Healthy() })
	if got := negotiate(t, node.url); got != http.StatusServiceUnavailable {
		t.Errorf("negotiate: got %d, want 503", got)
	}
	for _, call := range [][]any{{"SendToAll", "x"}, {"SendToGroup", "room", "x"}, {"JoinGroup", "room"}} {
		began := time.Now()
		if _, err := a.try(call[0].(string), call[1:]...); err == nil {
			t.Errorf("%v: got no error", call)
		}
		if took := time.Since(began); took > joinLimit {
			t.Errorf("%v took %v to fail", call, took)
		}
	}
	a.invoke("SendToCaller", "own")
	a.expect("own")
	server.start()
	node.healthy(t)
	if got := negotiate(t, node.url); got != http.StatusOK {
		t.Errorf("negotiate with Redis back: got %d, want 200", got)
	}
	a.invoke("SendToAll", "again")
	a.expect("again")
	a.invoke("SendToGroup", "room", "no member: the join failed")
	a.invoke("JoinGroup", "room")
	a.invoke("SendToGroup", "room", "member")
	a.expect("member")
}

func negotiate(t *testing.T, base string) int {
	t.Helper()
	resp, err := http.Post(base+"/testhub/negotiate?negotiateVersion=1", "", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// TestForgetsWhoLeftMeanwhile lets clients leave while Redis is away; their
// channels are not subscribed afterwards, nor is anything left at the end.
func TestForgetsWhoLeftMeanwhile(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	node := startGo(t, server.addr)
	node.healthy(t)
	stays := dialWS(t, node.url, "/testhub", protocol.JSON{}, nil)
	leaves := dialWS(t, node.url, "/testhub", protocol.JSON{}, url.Values{"user": {"ann"}})
	leaves.invoke("JoinGroup", "room")
	before := node.backplane.Stats().Channels
	server.kill()
	leaves.close()
	eventually(t, "the channels of the one who left are not wanted", func() bool {
		return node.backplane.Stats().Channels == before-3
	})
	server.start()
	node.healthy(t)
	for _, channel := range []string{"TestHub:connection:" + leaves.id, "TestHub:user:ann", "TestHub:group:room"} {
		if n := server.subscribers(channel); n != 0 {
			t.Errorf("%s has %d subscribers", channel, n)
		}
	}
	if n := server.subscribers("TestHub:connection:" + stays.id); n != 1 {
		t.Errorf("the one who stayed has %d subscribers", n)
	}
	stays.close()
	node.stop()
	eventually(t, "nothing is subscribed", func() bool { return len(server.channels()) == 0 })
}

// TestKilledUnderLoad kills and restarts Redis ten times while all is in use.
// After each, every client is right again within two seconds.
func TestKilledUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten restarts of Redis")
	}
	t.Parallel()
	server := startRedis(t)
	one, two := startGo(t, server.addr), startGo(t, server.addr)
	one.healthy(t)
	two.healthy(t)
	a := dialWS(t, one.url, "/testhub", protocol.JSON{}, url.Values{"user": {"ann"}})
	b := dialWS(t, two.url, "/testhub", protocol.MessagePack{}, url.Values{"user": {"ann"}})
	a.invoke("JoinGroup", "room")
	b.invoke("JoinGroup", "room")
	stop := make(chan struct{})
	var load sync.WaitGroup
	for _, n := range []*goNode{one, two} {
		c := dialWS(t, n.url, "/testhub", protocol.JSON{}, nil)
		load.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				_, _ = c.try("SendToGroup", "load", fmt.Sprint(i))
				_, _ = c.try("JoinGroup", fmt.Sprint("load", i%10))
				_, _ = c.try("LeaveGroup", fmt.Sprint("load", i%10))
			}
		})
	}
	for round := range 10 {
		server.kill()
		hearsAlone(t, a, fmt.Sprint("alone ", round))
		server.start()
		within(t, 2*time.Second, "both nodes are right again", func() bool {
			return one.backplane.Healthy() && two.backplane.Healthy()
		})
		text := fmt.Sprint("round ", round)
		for _, method := range [][]any{{"SendToAll", text}, {"SendToGroup", "room", text}, {"SendToUser", "ann", text}} {
			a.invoke(method[0].(string), method[1:]...)
			a.expect(text)
			b.expect(text)
		}
	}
	close(stop)
	load.Wait()
}

// TestSubscriberCut cuts only the subscriber connections, again and again, while
// messages are on their way. None comes twice, order holds.
func TestSubscriberCut(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	node := startGo(t, server.addr)
	node.healthy(t)
	a := dialWS(t, node.url, "/testhub", protocol.JSON{}, nil)
	const messages = 2000
	for i := range messages {
		if i%250 == 100 {
			server.do("client", "kill", "type", "pubsub")
		}
		a.invoke("SendToAll", fmt.Sprint(i))
	}
	last, got := -1, 0
	ends := time.NewTicker(50 * time.Millisecond)
	defer ends.Stop()
	for ended := false; !ended; {
		var text string
		select {
		case text = <-a.calls:
		case <-ends.C: // again and again: the last cut may not have been noticed, then an end is lost, too
			a.invoke("SendToAll", "end")
			continue
		case <-a.ctx.Done():
			t.Fatal("waited in vain for the end")
		}
		var n int
		switch _, err := fmt.Sscanf(text, "Message %d", &n); {
		case text == "Message end":
			ended = true
		case err != nil:
			t.Fatal(err)
		case n <= last:
			t.Fatalf("got %d behind %d", n, last)
		default:
			last, got = n, got+1
		}
	}
	// What Redis had taken and not passed on is lost, as ever.
	if got < messages*9/10 {
		t.Errorf("got %d of %d messages", got, messages)
	}
}

// TestSubscribeRefused has Redis refuse a channel: that join fails, others do
// not, and a later one succeeds.
func TestSubscribeRefused(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	server.do("acl", "setuser", "node", "on", ">secret", "resetchannels", "&app/*:all", "&app/*:internal:*",
		"&app/*:connection:*", "&app/*:group:good*", "+@pubsub", "+@connection")
	client := goredis.NewClient(&goredis.Options{Addr: server.addr, Username: "node", Password: "secret"})
	node := startGoWith(t, client, ChannelPrefix("app/"))
	node.healthy(t)
	a := dialWS(t, node.url, "/testhub", protocol.JSON{}, nil)
	if _, err := a.try("JoinGroup", "bad"); err == nil {
		t.Error("got no error for a group that Redis refuses")
	}
	a.invoke("JoinGroup", "good")
	a.invoke("SendToGroup", "good", "good")
	a.expect("good")
	server.do("acl", "setuser", "node", "&app/*:group:bad")
	a.invoke("JoinGroup", "bad")
	a.invoke("SendToGroup", "bad", "bad")
	a.expect("bad")
	if !node.backplane.Healthy() {
		t.Error("not healthy after a join was refused")
	}
}

// TestErrorsAreTyped checks what a program can branch on.
func TestErrorsAreTyped(t *testing.T) {
	t.Parallel()
	server := newRedis(t)
	publisher := NewPublisher(server.client(), "TestHub")
	if err := publisher.Clients().All().Send(t.Context(), "Message", "x"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}
