package redis

import (
	"crypto/rand"
	"encoding/hex"
	"os"
)

// names makes the channels of one hub, prefix included. Inside payloads stand
// names without the prefix, which belongs to the connection to Redis.
type names struct {
	prefix string
	hub    string
}

func (n names) all() string                   { return n.prefix + n.hub + ":all" }
func (n names) connection(id string) string   { return n.prefix + n.hub + ":connection:" + id }
func (n names) group(group string) string     { return n.prefix + n.hub + ":group:" + group }
func (n names) user(user string) string       { return n.prefix + n.hub + ":user:" + user }
func (n names) groupCommands() string         { return n.prefix + n.hub + ":internal:groups" }
func (n names) acks(server string) string     { return n.prefix + n.hub + ":internal:ack:" + server }
func (n names) results(server string) string  { return n.prefix + n.bareResults(server) }
func (n names) resultsAt(bare string) string  { return n.prefix + bare }
func (n names) bareResults(srv string) string { return n.hub + ":internal:return:" + srv }

// newServerName names a manager as .NET does: readable in PUBSUB CHANNELS, and
// unique.
func newServerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return host + "_" + hex.EncodeToString(id[:])
}
