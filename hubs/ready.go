package hubs

import (
	"bytes"

	"github.com/hubwire/signalr/hubs/protocol"
)

// Ready reports whether Receive of p would return at once, whatever the hub's
// methods do: the connection is idle, and p is not more than one message, so
// that none has to wait for another to begin. It is called where Receive might
// be.
func (c *Connection) Ready(p []byte) bool {
	if c.wire == nil || c.replay != nil || len(c.partial) > 0 {
		return false
	}
	if !c.wire.separated {
		return false
	}
	if bytes.Contains(p, []byte(`"type":7`)) {
		return false // a Close message: OnDisconnected runs before Receive returns
	}
	if end := bytes.IndexByte(p, protocol.RecordSeparator); end >= 0 && end != len(p)-1 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.phase == open && c.ending == nil && c.permits == 0 && c.pending.len() == 0 &&
		c.streams == 0 && len(c.uploads) == 0
}
