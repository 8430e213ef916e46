// Command server is the library under the load generator: the bench contract
// on a hub with default options, written as any user would write it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/hubs"
)

type benchHub struct{ hubs.Hub }

func (h *benchHub) Echo(text string) string { return text }

func (h *benchHub) Broadcast(ctx context.Context, text string) error {
	return h.Clients().All().Send(ctx, "receive", text)
}

func (h *benchHub) Join(ctx context.Context, group string) error {
	return h.Groups().Add(ctx, h.Context().ConnectionID(), group)
}

func (h *benchHub) SendGroup(ctx context.Context, group, text string) error {
	return h.Clients().Group(group).Send(ctx, "receive", text)
}

func (h *benchHub) Counter(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func (h *benchHub) Upload(items iter.Seq2[int, error]) (int, error) {
	total := 0
	for item, err := range items {
		if err != nil {
			return 0, err
		}
		total += item
	}
	return total, nil
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	if err := run(*addr); err != nil {
		fmt.Fprintln(os.Stderr, "bench server:", err)
		os.Exit(1)
	}
}

func run(addr string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	sr := signalr.New(signalr.AllowedOrigins("*"))
	mux := http.NewServeMux()
	signalr.MapHub(sr, mux, "/bench", func() *benchHub { return &benchHub{} })
	mux.HandleFunc("POST /gc", func(http.ResponseWriter, *http.Request) { debug.FreeOSMemory() })

	server := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.ListenAndServe() }() // ends with server.Close below
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := sr.Shutdown(ending)
	_ = server.Close() // what Shutdown could not end in time ends here
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	_ = err // clients of a load run do not say goodbye
	return nil
}
