package redis

import "sync/atomic"

// Stats are counters since the backplane was made, and two gauges. They are
// made for a metrics library to read now and then.
type Stats struct {
	Published       int64 // messages that Redis took
	PublishFailures int64 // messages that it did not take, or not in time
	ServedLocally   int64 // messages that reached this node's clients without Redis
	Received        int64 // messages that came from Redis, one's own included
	Unreadable      int64 // of these, those that were malformed
	EchoesDropped   int64 // of these, own ones that had been served locally
	MissingProtocol int64 // messages without the protocol of a client, who was closed
	Overflowed      int64 // clients cut off for reading too slowly
	AckTimeouts     int64 // changes of groups that no node confirmed
	ResultTimeouts  int64 // questions that no client answered
	Gaps            int64 // times a subscriber connection was lost and is back
	Channels        int64 // channels this node wants to hear now
	Asked           int64 // questions of other nodes that its clients have not answered yet
}

type counters struct {
	published, publishFailures, servedLocally atomic.Int64
	received, unreadable, echoesDropped       atomic.Int64
	missingProtocol, overflowed               atomic.Int64
	ackTimeouts, resultTimeouts, gaps, asked  atomic.Int64
}

func (c *counters) stats() Stats {
	return Stats{
		Published:       c.published.Load(),
		PublishFailures: c.publishFailures.Load(),
		ServedLocally:   c.servedLocally.Load(),
		Received:        c.received.Load(),
		Unreadable:      c.unreadable.Load(),
		EchoesDropped:   c.echoesDropped.Load(),
		MissingProtocol: c.missingProtocol.Load(),
		Overflowed:      c.overflowed.Load(),
		AckTimeouts:     c.ackTimeouts.Load(),
		ResultTimeouts:  c.resultTimeouts.Load(),
		Gaps:            c.gaps.Load(),
		Asked:           c.asked.Load(),
	}
}
