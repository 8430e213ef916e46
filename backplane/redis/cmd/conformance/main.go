// Command conformance is the conformance server as a node of a fleet: the same
// contract as interop/conformance, with two more flags.
//
//	conformance --addr 127.0.0.1:8089 --redis 127.0.0.1:6379 --redis-prefix test/
//
// Without --redis all is in memory.
package main

import (
	"flag"
	"log/slog"
	"os"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/interop/conformance/contract"
	goredis "github.com/redis/go-redis/v9"

	"github.com/hubwire/signalr/backplane/redis"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8089", "address to listen on; port 0 takes a free one")
	debug := flag.Bool("debug", false, "log the life of connections")
	redisAddr := flag.String("redis", "", "HOST:PORT of the Redis of the fleet; empty: no fleet")
	prefix := flag.String("redis-prefix", "", "prefix of all channels, used as it is")
	flag.Parse()
	level := slog.LevelWarn
	if *debug {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	if err := run(*addr, *redisAddr, *prefix, log); err != nil {
		log.Error("conformance server failed", slog.Any("error", err))
		os.Exit(1) //nolint:forbidigo // this is a program
	}
}

func run(addr, redisAddr, prefix string, log *slog.Logger) error {
	if redisAddr == "" {
		return contract.Run(addr, log)
	}
	client := goredis.NewClient(&goredis.Options{Addr: redisAddr})
	defer client.Close()
	backplane := redis.New(client, redis.ChannelPrefix(prefix), redis.Logger(log))
	return contract.Run(addr, log, signalr.LifetimeManager(backplane.Manager))
}
