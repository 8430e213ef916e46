// Command conformance is the server that any SignalR client can be pointed at
// to be checked against known behaviour. It serves a fixed contract of hubs
// and helper endpoints; the reference implementation serves the same.
//
//	conformance --addr 127.0.0.1:8089
//
// It prints "listening on http://HOST:PORT" when it accepts connections, and
// ends on SIGINT, SIGTERM or POST /shutdown.
package main

import (
	"flag"
	"log/slog"
	"os"

	"github.com/hubwire/signalr/interop/conformance/contract"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8089", "address to listen on; port 0 takes a free one")
	debug := flag.Bool("debug", false, "log the life of connections")
	flag.Parse()
	level := slog.LevelWarn
	if *debug {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	if err := contract.Run(*addr, log); err != nil {
		log.Error("conformance server failed", slog.Any("error", err))
		os.Exit(1)
	}
}
