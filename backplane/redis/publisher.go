package redis

import (
	"context"
	"errors"
	"fmt"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/protocol"
	goredis "github.com/redis/go-redis/v9"
)

// Publisher sends to the clients of a hub from a process that serves none: a
// worker, a cron job.
//
//	client := goredis.NewClient(&goredis.Options{Addr: "redis:6379"})
//	publisher := redis.NewPublisher(client, "ChatHub")
//	err := publisher.Clients().Group("room").Send(ctx, "ReceiveMessage", "cron", "hello")
//
// It starts no goroutine, has nothing to close and is safe for concurrent use.
// It cannot ask for results or change groups. A send fails if Redis does.
type Publisher struct {
	manager *sender
}

// NewPublisher makes a publisher for the hub of that name: signalr.HubName of
// the nodes, or the full name of the .NET class. Of the options only
// ChannelPrefix matters. It writes JSON and MessagePack as hubs do by default;
// Serving chooses others.
func NewPublisher(client goredis.UniversalClient, hub string, options ...Option) *Publisher {
	cfg := newConfig(options)
	protocols := cfg.protocols
	if protocols == nil {
		protocols = []protocol.Protocol{protocol.NewJSON(), protocol.NewMessagePack()}
	}
	return &Publisher{&sender{
		client: client,
		messages: messages{
			env:   hubs.Env{Hub: hub, Protocols: protocols},
			names: names{prefix: cfg.prefix, hub: hub},
		},
	}}
}

// Serving says which hub protocols a [Publisher] writes: every one that a node
// of the fleet offers, with the options that the nodes have. Nodes close clients
// whose protocol is missing. Backplanes take their hubs' protocols.
func Serving(protocols ...protocol.Protocol) Option {
	return func(c *config) { c.protocols = protocols }
}

// Clients returns the targets to send to.
func (p *Publisher) Clients() *hubs.Clients { return hubs.ClientsOf(p.manager) }

// TypedClients returns the targets of a publisher as a C, as [hubs.Typed] has
// them. The error says what is wrong with C.
func TypedClients[C any](p *Publisher) (*hubs.TypedClients[C], error) {
	return hubs.TypedClientsOf[C](p.manager)
}

// ErrSendOnly is what a [Publisher] answers when it is asked for more.
var ErrSendOnly = errors.New("redis: a publisher only sends")

// sender is a lifetime manager without connections.
type sender struct {
	messages
	client goredis.UniversalClient
}

func (*sender) Connect(context.Context, *hubs.Connection) error { return ErrSendOnly }

func (*sender) Disconnect(context.Context, *hubs.Connection) {}

func (*sender) Invoke(context.Context, string, string, []any, hubs.ResultDecoder) error {
	return ErrSendOnly
}

func (*sender) AddToGroup(context.Context, string, string) error { return ErrSendOnly }

func (*sender) RemoveFromGroup(context.Context, string, string) error { return ErrSendOnly }

func (s *sender) Send(ctx context.Context, to hubs.Target, method string, args []any) error {
	topics := s.topics(to)
	if len(topics) == 0 {
		return nil
	}
	payload, err := s.encode(&invocation{excluded: to.Except}, method, args)
	if err != nil {
		return err
	}
	for _, t := range topics {
		node, err := masterOf(ctx, s.client, t.channel)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		cmd := newPublish(ctx, t.channel, payload)
		_ = node.Process(ctx, cmd) // the error is the command's
		switch err := cmd.Err(); {
		case lost(err):
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		case err != nil:
			return publishError(err)
		}
	}
	return nil
}

// masterOf returns where a channel is published: see link.node.
func masterOf(ctx context.Context, client goredis.UniversalClient, channel string) (goredis.UniversalClient, error) {
	cluster, ok := client.(*goredis.ClusterClient)
	if !ok {
		return client, nil
	}
	return cluster.MasterForKey(ctx, channel)
}
