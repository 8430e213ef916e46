package signalr_test

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/hubwire/signalr"
)

func Example_shutdown() {
	sr := signalr.New()
	server := &http.Server{Addr: "127.0.0.1:0", ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		defer close(served)
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			log.Print(err)
		}
	}()
	stop() // in a real program: wait for the signal
	<-ctx.Done()

	ending, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := errors.Join(sr.Shutdown(ending), server.Shutdown(ending)); err != nil { // clients first, then the listener
		log.Print(err)
	}
	<-served
	// Output:
}
