package redis

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/hubwire/signalr/hubs/protocol"
	goredis "github.com/redis/go-redis/v9"
)

// startCluster starts three masters and returns their addresses.
func startCluster(t *testing.T) []string {
	t.Helper()
	var addrs []string
	var nodes []*redisServer
	for i := range 3 {
		s := newRedis(t, "--cluster-enabled", "yes", "--cluster-config-file", fmt.Sprint("nodes-", i, ".conf"),
			"--cluster-port", fmt.Sprint(freePort(t)))
		s.start()
		nodes, addrs = append(nodes, s), append(addrs, s.addr)
	}
	for i, s := range nodes {
		s.do("cluster", "addslotsrange", i*16384/3, (i+1)*16384/3-1)
		host, port, _ := strings.Cut(nodes[0].addr, ":")
		if i > 0 {
			s.do("cluster", "meet", host, port, nodes[0].args[len(nodes[0].args)-1])
		}
	}
	for _, s := range nodes {
		eventually(t, "the cluster is up", func() bool {
			info := fmt.Sprint(s.do("cluster", "info"))
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	return addrs
}

// TestCluster runs two nodes on a Redis cluster. Every channel is subscribed at
// the master of its slot, and so are what is published and the questions.
func TestCluster(t *testing.T) {
	t.Parallel()
	addrs := startCluster(t)
	var nodes []*goNode
	for range 2 {
		nodes = append(nodes, startGoWith(t, goredis.NewClusterClient(&goredis.ClusterOptions{Addrs: addrs})))
	}
	for _, n := range nodes {
		n.healthy(t)
	}
	a := dialWS(t, nodes[0].url, "/testhub", protocol.JSON{}, url.Values{"user": {"ann"}})
	for i := range 12 { // ids of many slots
		b := dialWS(t, nodes[1].url, "/testhub", protocol.MessagePack{}, nil)
		if got := a.invoke("AskClient", b.id, "x"); got != "re x" {
			t.Errorf("got the answer %q", got)
		}
		room := fmt.Sprint("room", i)
		a.invoke("AddToGroup", b.id, room)
		a.invoke("SendToGroup", room, room)
		b.expect(room)
		b.invoke("SendToUser", "ann", room)
		a.expect(room)
		a.invoke("SendToClient", b.id, "client")
		b.expect("client")
		channel := "TestHub:connection:" + b.id
		owners := 0
		for _, addr := range addrs {
			owners += (&redisServer{tb: t, addr: addr}).subscribers(channel)
		}
		if owners != 1 {
			t.Errorf("%s has %d subscribers in the cluster, want 1", channel, owners)
		}
		b.close()
	}
	if _, err := a.try("AskClient", "nobody", "x"); err == nil || strings.Contains(err.Error(), "HubException") {
		t.Errorf("a question to nobody: got %v, want an ordinary error", err)
	}
	a.invoke("AddToGroup", "nobody", "room")
}
