package signalr

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/hubwire/signalr/hubs"
)

// Drain moves the clients to other servers without a storm. From its start no
// new connection is accepted (503 with Retry-After) and [Server.Ready] says so;
// over the window, evenly, every connection gets a Close message that lets its
// client reconnect. Calls that run then may end and are answered as far as that
// is possible after the Close; OnDisconnected runs. Drain returns nil when all
// have left, or ctx's cause when that ends first: then some are still there, and
// [Server.Shutdown] is for those. A window of zero closes all at once.
//
// Put the readiness handler behind the load balancer's probe and drain as long
// as it takes to notice, then shut down. [Server.Stats] tells how far it has
// come.
func (s *Server) Drain(ctx context.Context, window time.Duration) error {
	all := s.refuse()
	live := connections(all)
	s.settings.hub.Logger.LogAttrs(ctx, slog.LevelInfo, "draining",
		slog.Int("connections", len(live)), slog.Duration("window", window))
	if err := spread(ctx, live, window); err != nil {
		return err
	}
	for _, c := range connections(all) { // those whose first request was on its way
		c.Drain()
	}
	for _, m := range all {
		if err := m.endpoint.Wait(ctx); err != nil {
			return err
		}
	}
	s.settings.hub.Logger.LogAttrs(ctx, slog.LevelInfo, "drained")
	return nil
}

// refuse makes the server accept nothing new, and returns its hubs.
func (s *Server) refuse() []mapped {
	s.mu.Lock()
	s.closed = true
	all := s.hubs
	s.mu.Unlock()
	for _, m := range all {
		m.endpoint.Close()
	}
	return all
}

func connections(all []mapped) (live []*hubs.Connection) {
	for _, m := range all {
		live = append(live, m.runtime.Connections()...)
	}
	return live
}

// drainStep is how often connections are closed, at most: in a big fleet many
// at a time.
const drainStep = 10 * time.Millisecond

// spread ends connections evenly over the window, the first at once.
func spread(ctx context.Context, live []*hubs.Connection, window time.Duration) error {
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for done := 0; done < len(live); {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
		}
		due := len(live)
		if passed := time.Since(start); passed < window {
			due = int(int64(len(live))*int64(passed)/int64(window)) + 1
		}
		for ; done < min(due, len(live)); done++ {
			live[done].Drain()
		}
		next := time.Duration(int64(window) * int64(done) / int64(max(len(live), 1)))
		timer.Reset(max(drainStep, next-time.Since(start)))
	}
	return nil
}

// Stats are the numbers of a server at one moment, all hubs together.
type Stats struct {
	// Connections counts those that have begun and not ended, whatever
	// transport they use.
	Connections int64

	// Unused counts the connections that have been negotiated and not been
	// used yet.
	Unused int64

	// CutOff counts the connections that were cut off since the start because
	// their clients took nothing.
	CutOff int64

	// Closed reports whether new connections are refused: Drain or Shutdown was
	// called.
	Closed bool
}

// Stats returns the server's numbers. It is cheap.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	all := s.hubs
	stats := Stats{Closed: s.closed}
	s.mu.Unlock()
	for _, m := range all {
		one := m.endpoint.Stats()
		stats.Connections += one.WebSockets + one.ServerSentEvents + one.LongPolling
		stats.Unused += one.Unused
		stats.CutOff += one.CutOff
	}
	return stats
}

// Ready returns a handler for the probe of a load balancer: 200 as long as the
// server takes new clients, 503 with Retry-After from Drain or Shutdown on and
// while a hub's backplane cannot be used. The body says which, for people.
func (s *Server) Ready() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		status, text := s.readiness()
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Cache-Control", "no-store")
		if status != http.StatusOK {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text) // the probe may be gone
	})
}

func (s *Server) readiness() (status int, text string) {
	if stats := s.Stats(); stats.Closed {
		return http.StatusServiceUnavailable, fmt.Sprintf("closing: %d connections left", stats.Connections)
	}
	s.mu.Lock()
	all := s.hubs
	s.mu.Unlock()
	for _, m := range all {
		if m.runtime.Ready() != nil {
			return http.StatusServiceUnavailable, "not ready: hub " + m.runtime.Name()
		}
	}
	return http.StatusOK, "ready"
}
