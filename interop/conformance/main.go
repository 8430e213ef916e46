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
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// stopTime bounds a graceful stop; the contract allows five seconds.
const stopTime = 4 * time.Second

func main() {
	addr := flag.String("addr", "127.0.0.1:8089", "address to listen on; port 0 takes a free one")
	debug := flag.Bool("debug", false, "log the life of connections")
	flag.Parse()
	level := slog.LevelWarn
	if *debug {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	if err := run(*addr, log); err != nil {
		log.Error("conformance server failed", "error", err)
		os.Exit(1)
	}
}

func run(addr string, log *slog.Logger) error {
	signaled, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, shutdown := context.WithCancel(signaled)
	defer shutdown()

	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", addr, err)
	}
	s := newServer(log, shutdown)
	server := &http.Server{Handler: s.handler, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }() // ends with server.Shutdown below
	fmt.Printf("listening on http://%s\n", listener.Addr())

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	err = errors.Join(s.signalr.Shutdown(ending), server.Shutdown(ending))
	<-served
	if err != nil {
		log.Warn("not all connections ended in good order", "error", err)
	}
	return nil
}
