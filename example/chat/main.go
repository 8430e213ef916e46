// Command chat is a chat with rooms, for browsers: a SignalR hub in Go, and a
// page that talks to it through the official JavaScript client.
//
//	make chat
//
// The hub is in chat.go, the page in static/. This file is what any program
// with a hub has: a router, the hub on it, and an end that loses nobody.
package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hubwire/signalr"
)

//go:embed static
var static embed.FS

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	if err := run(*addr); err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

func run(addr string) error {
	client, err := findClient()
	if err != nil {
		return err
	}
	page, err := fs.Sub(static, "static")
	if err != nil {
		return err
	}

	sr := signalr.New()
	mux := http.NewServeMux()
	signalr.MapHub(sr, mux, "/chat", func() *ChatHub { return &ChatHub{} })
	mux.Handle("/", http.FileServerFS(page))
	mux.HandleFunc("/signalr.min.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, client) })

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }() // ends with server.Shutdown
	fmt.Printf("listening on http://%s\n", listener.Addr())

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	// Clients first: each is told that it may come back, to this server or another.
	return errors.Join(sr.Shutdown(ending), server.Shutdown(ending))
}

// findClient returns the path of the official client, which npm has put beside
// this program's source.
func findClient() (string, error) {
	const file = "node_modules/@microsoft/signalr/dist/browser/signalr.min.js"
	for _, dir := range []string{".", "example/chat"} {
		path := filepath.Join(dir, filepath.FromSlash(file))
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errors.New("the official SignalR client is not installed; run \"make chat\" in the root of the checkout, which installs it")
}
