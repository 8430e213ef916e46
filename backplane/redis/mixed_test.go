package redis

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/hubwire/signalr/hubs/protocol"
)

// TestMixedFleet lets a Go node and an ASP.NET Core node work on one hub: every
// target, with either as the sender and either as the owner of the clients that
// are meant, in both protocols.
func TestMixedFleet(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	nodes := map[string]string{"NET": startNET(t, server.addr)}
	own := startGo(t, server.addr)
	own.healthy(t)
	nodes["Go"] = own.url
	eventually(t, "the .NET node hears the hub", func() bool { return server.subscribers("TestHub:all") == 2 })
	n := 0
	for _, sender := range []string{"Go", "NET"} {
		for _, owner := range []string{"Go", "NET"} {
			for _, p := range []protocol.Protocol{protocol.JSON{}, protocol.MessagePack{}} {
				n++
				room := fmt.Sprint("room", n)
				t.Run(strings.Join([]string{sender, "to", owner, p.Name()}, " "), func(t *testing.T) {
					m := &mixed{
						T: t, room: room, user: "user of " + room,
						sender: dialWS(t, nodes[sender], "/testhub", protocol.JSON{}, nil),
					}
					query := url.Values{"user": {m.user}}
					m.a = dialWS(t, nodes[owner], "/testhub", p, query)
					m.b = dialWS(t, nodes[owner], "/testhub", p, query)
					m.targets()
					m.groups()
					m.results()
				})
			}
		}
	}
	if s := own.backplane.Stats(); s.Unreadable != 0 || s.MissingProtocol != 0 || s.Asked != 0 {
		t.Errorf("got %+v, want nothing unreadable or missing", s)
	}
}

// mixed is one round: a client of the sender's node sends to a and b, which are
// on the owner's.
type mixed struct {
	*testing.T
	room, user   string
	sender, a, b *wsClient
}

func (m *mixed) both(text string) {
	m.Helper()
	m.a.expect(text)
	m.b.expect(text)
}

func (m *mixed) targets() {
	s, a, b := m.sender, m.a, m.b
	s.invoke("SendToAll", "all é<>&")
	m.both("all é<>&")
	s.expect("all é<>&")
	s.invoke("SendToAllExcept", []string{a.id, "nobody"}, "not a")
	b.expect("not a")
	s.expect("not a")
	s.invoke("SendToOthers", "others")
	m.both("others") // a did not get "not a", nor anybody anything twice
	s.invoke("SendToUser", m.user, "user")
	m.both("user")
	s.invoke("SendToUsers", []string{m.user, "nobody"}, "users")
	m.both("users")
	s.invoke("SendToClient", a.id, "client")
	a.expect("client")
	s.invoke("SendToClients", []string{a.id, b.id, "nobody"}, "clients")
	m.both("clients")
	s.invoke("SendToClient", "nobody", "nothing")
	s.invoke("SendToAll", "the end of targets")
	m.both("the end of targets")
	s.expect("the end of targets")
}

func (m *mixed) groups() {
	s, a, b := m.sender, m.a, m.b
	a.invoke("JoinGroup", m.room)
	s.invoke("AddToGroup", b.id, m.room)
	s.invoke("AddToGroup", b.id, m.room) // again
	s.invoke("SendToGroup", m.room, "group")
	m.both("group")
	s.invoke("SendToGroupExcept", m.room, []string{a.id}, "not a")
	b.expect("not a")
	s.invoke("SendToGroups", []string{m.room, "no such room"}, "groups")
	m.both("groups")
	s.invoke("SendToOthersInGroup", m.room, "others")
	m.both("others")
	s.invoke("RemoveFromGroup", b.id, m.room)
	s.invoke("RemoveFromGroup", b.id, m.room)
	s.invoke("SendToGroup", m.room, "only a")
	a.expect("only a")
	a.invoke("LeaveGroup", m.room)
	s.invoke("SendToGroup", m.room, "nobody")
	for _, odd := range []string{"*", "a:b {c}", "Ünï 😀", " "} {
		s.invoke("AddToGroup", a.id, odd+m.room)
		s.invoke("SendToGroup", odd+m.room, odd)
		a.expect(odd)
	}
	for i := range 100 {
		s.invoke("SendToUser", m.user, fmt.Sprint(i))
	}
	for i := range 100 {
		m.both(fmt.Sprint(i))
	}
}

func (m *mixed) results() {
	s, a := m.sender, m.a
	if got := s.invoke("AskClient", a.id, "how é"); got != "re how é" {
		m.Errorf("AskClient: got %q", got)
	}
	for _, tt := range []struct {
		name, id, question string
		want               []string
	}{
		{"error", a.id, "error gone", []string{"gone"}},
		{"unknown connection", "nobody", "x", []string{"An unexpected error"}},
		{"wrong type", a.id, "number", []string{"Error trying to deserialize result to "}},
		{"the client leaves", m.b.id, "leave", []string{"disconnected.", "An unexpected error"}},
	} {
		_, err := s.try("AskClient", tt.id, tt.question)
		if err == nil || !slices.ContainsFunc(tt.want, func(part string) bool { return strings.Contains(err.Error(), part) }) {
			m.Errorf("AskClient, %s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}
