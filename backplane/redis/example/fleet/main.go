// Command fleet is a chat on two nodes: it starts a Redis, two Go nodes and an
// nginx in front of them, and ends them all on Ctrl-C.
//
//	go run ./backplane/redis/example/fleet
//
// Then open http://127.0.0.1:8080 in two windows. Each tells which node it is
// on; what one says, the other hears. It needs redis-server and nginx (Debian
// packages redis-server and nginx-light); --redis takes one that runs already.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address of the fleet")
	redisAddr := flag.String("redis", "", "HOST:PORT of a Redis; empty: start one")
	node := flag.String("node", "", "run one node of that name on --addr, as the fleet does")
	flag.Parse()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(*addr, *redisAddr, *node, log); err != nil && !errors.Is(err, context.Canceled) {
		log.Error("fleet failed", slog.Any("error", err))
		os.Exit(1)
	}
}

func run(addr, redisAddr, node string, log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if node != "" {
		return runNode(ctx, node, addr, redisAddr, log)
	}
	return runFleet(ctx, addr, redisAddr, log)
}
