package main

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/hubs"
	goredis "github.com/redis/go-redis/v9"

	"github.com/hubwire/signalr/backplane/redis"
)

// ChatClient is what the page can be called with.
type ChatClient struct {
	Said   func(ctx context.Context, node, user, text string) error
	OnNode func(ctx context.Context, node string) error
}

// ChatHub is the chat. It knows nothing of the fleet.
type ChatHub struct {
	hubs.Typed[ChatClient]
	node string
}

// OnConnected tells the client which node it is on.
func (h *ChatHub) OnConnected(ctx context.Context) error {
	return h.Clients().Caller().OnNode(ctx, h.node)
}

// Say says something to everybody.
func (h *ChatHub) Say(ctx context.Context, user, text string) error {
	return h.Clients().All().Said(ctx, h.node, user, text)
}

//go:embed page.html
var page []byte

// runNode serves the chat as one node of the fleet.
func runNode(ctx context.Context, name, addr, redisAddr string, log *slog.Logger) error {
	client := goredis.NewClient(&goredis.Options{Addr: redisAddr})
	defer client.Close()
	backplane := redis.New(client, redis.ChannelPrefix("fleet-example/"), redis.Logger(log))
	sr := signalr.New(signalr.Logger(log), signalr.LifetimeManager(backplane.Manager))
	mux := http.NewServeMux()
	signalr.MapHub(sr, mux, "/chat", func() *ChatHub { return &ChatHub{node: name} })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(page) })
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		if !backplane.Healthy() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	server := &http.Server{Addr: addr, Handler: sticky(name, mux), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.ListenAndServe() }() // ends with server.Shutdown below
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := errors.Join(sr.Shutdown(ending), server.Shutdown(ending))
	if last := <-served; !errors.Is(last, http.ErrServerClosed) {
		err = errors.Join(err, last)
	}
	return err
}

// sticky has the browser come back to the node that its first request met: nginx
// looks at the cookie.
func sticky(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("node"); err != nil {
			http.SetCookie(w, &http.Cookie{Name: "node", Value: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		}
		next.ServeHTTP(w, r)
	})
}
