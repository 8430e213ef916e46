package contract

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hubwire/signalr"
)

// stopTime bounds a graceful stop; the contract allows five seconds.
const stopTime = 4 * time.Second

// Run serves the contract on addr, prints the ready line, and returns after
// SIGINT, SIGTERM or POST /shutdown.
func Run(addr string, log *slog.Logger, options ...signalr.ServerOption) error {
	signaled, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, shutdown := context.WithCancel(signaled)
	defer shutdown()

	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", addr, err)
	}
	s := New(log, shutdown, options...)
	server := &http.Server{Handler: s.Handler, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }() // ends with server.Shutdown below

	_, _ = fmt.Printf("listening on http://%s\n", listener.Addr()) // nobody may be reading

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	err = errors.Join(s.SignalR.Shutdown(ending), server.Shutdown(ending))
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	if err != nil {
		log.Warn("not all connections ended in good order", slog.Any("error", err))
	}
	return nil
}
