package redis

import (
	"log/slog"
	"time"

	"github.com/hubwire/signalr/hubs/protocol"
)

// Option is an option of [New] and, as far as it says so, of [NewPublisher].
type Option func(*config)

type config struct {
	prefix        string
	timeout       time.Duration
	ackTimeout    time.Duration
	resultTimeout time.Duration
	overflow      int
	down          DownPolicy
	onGap         func(Gap)
	log           *slog.Logger
	protocols     []protocol.Protocol // of a publisher
}

func newConfig(options []Option) *config {
	cfg := &config{
		timeout:       2500 * time.Millisecond,
		ackTimeout:    30 * time.Second,
		resultTimeout: 30 * time.Second,
		overflow:      32 << 20,
		log:           slog.Default(),
	}
	for _, o := range options {
		o(cfg)
	}
	return cfg
}

// DownPolicy says what a node does while Redis is down.
type DownPolicy uint8

const (
	// ServeLocally goes on without the other nodes: what is sent to all, to
	// groups and to users reaches the clients of this node, joins succeed and
	// hold, new clients are served. Sends return nil. What only another node
	// could do fails with [ErrUnavailable]: to reach a connection that is not
	// here, to change its groups, to ask it.
	ServeLocally DownPolicy = iota

	// Refuse takes no new clients (negotiation answers 503), and sends and
	// joins fail with [ErrUnavailable]. Clients that are here stay, and what
	// concerns one connection of this node still works.
	Refuse
)

// OnBackplaneDown chooses what the node does while Redis is down. The default
// is [ServeLocally].
func OnBackplaneDown(p DownPolicy) Option { return func(c *config) { c.down = p } }

// ChannelPrefix is put in front of every channel as it is, without a separator,
// as StackExchange.Redis does with its option of this name; all nodes of a fleet
// have the same. Redis databases do not keep applications apart, this does. End
// it with a delimiter. The default is none.
func ChannelPrefix(prefix string) Option { return func(c *config) { c.prefix = prefix } }

// Timeout is how long Redis may take to answer before it counts as down: what a
// send or a join waits at most, and how long a subscriber connection may be
// silent, which is pinged four times as often. The default is 2.5 s. A value
// that is not positive is ignored.
func Timeout(d time.Duration) Option { return func(c *config) { setPositive(&c.timeout, d) } }

// AckTimeout is how long a change of another node's connection waits for that
// node before it fails with [ErrAckTimeout]. The default is 30 s, as in ASP.NET
// Core. A value that is not positive is ignored.
func AckTimeout(d time.Duration) Option { return func(c *config) { setPositive(&c.ackTimeout, d) } }

// ResultTimeout is how long a question to another node's client waits for its
// answer before it fails with [ErrResultTimeout]; the ctx of the call may end it
// sooner. The default is 30 s. A value that is not positive is ignored. (ASP.NET
// Core waits for ever when the other node has died.)
func ResultTimeout(d time.Duration) Option {
	return func(c *config) { setPositive(&c.resultTimeout, d) }
}

// OverflowLimit is how many bytes may wait for one client whose own queue is
// full before it is cut off; several clients share the bytes of one message. One
// that takes nothing at all is cut off after about a second, whatever waits. The
// default is 32 MiB, which is what Redis allows a subscriber. A value that is not
// positive is ignored.
func OverflowLimit(bytes int) Option { return func(c *config) { setPositive(&c.overflow, bytes) } }

// OnGap is called when the node hears Redis again after it did not: messages of
// other nodes may have been missed, so clients may want to fetch anew. It runs
// on a goroutine that [Backplane.Close] waits for.
func OnGap(hook func(Gap)) Option { return func(c *config) { c.onGap = hook } }

// Gap is a time in which the node may have missed messages.
type Gap struct {
	From, To time.Time
	Err      error // why it began
}

// Logger sets where the backplane logs what concerns no single hub. The default
// is [slog.Default]; nil is ignored.
func Logger(log *slog.Logger) Option {
	return func(c *config) {
		if log != nil {
			c.log = log
		}
	}
}

func setPositive[N int | time.Duration](where *N, value N) {
	if value > 0 {
		*where = value
	}
}
