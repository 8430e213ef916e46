package signalr

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/transports"
)

// ErrServerClosed is returned by [NewHandler] after [Server.Shutdown] or
// [Server.Drain].
var ErrServerClosed = errors.New("signalr: server closed")

// Server is what the hubs of a program share: the defaults of their options,
// the clock behind keep-alive and time-outs, and the workers that write. It
// starts no goroutine before the first client connects. It is safe for
// concurrent use.
type Server struct {
	settings settings // set before use
	engine   *transports.Engine

	mu     sync.Mutex
	hubs   []mapped // guarded by mu
	closed bool     // guarded by mu
}

// mapped is one hub with the endpoint that serves it.
type mapped struct {
	runtime  *hubs.Runtime
	endpoint *transports.Endpoint
}

// New returns a server, as ASP.NET Core's AddSignalR does; [MapHub] mounts
// hubs on it. It panics if an option is out of range, with the option and the
// mend; [NewServer] returns that as an error.
func New(options ...ServerOption) *Server {
	s, err := NewServer(options...)
	if err != nil {
		panic(err.Error()) //nolint:forbidigo // a programming error, as in MapHub
	}
	return s
}

// NewServer is [New] for options that come from outside the program: what is
// wrong with them is returned, all of it at once.
func NewServer(options ...ServerOption) (*Server, error) {
	set, err := serverSettings(options)
	if err != nil {
		return nil, fmt.Errorf("signalr: New: %w", err)
	}
	return &Server{settings: set, engine: transports.NewEngine()}, nil
}

func (s *Server) add(m mapped) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrServerClosed
	}
	s.hubs = append(s.hubs, m)
	return nil
}

// Shutdown ends the server gracefully. From its start no new connection is
// accepted (503 with Retry-After). Every connection gets a Close message that
// lets its client reconnect, elsewhere or later; running hub methods may end,
// OnDisconnected runs, what is queued is written. Shutdown returns when all is
// quiet and no goroutine of the server is left. If ctx ends first, the rest is
// cut off and ctx's cause is returned; hub code that does not heed its own ctx
// is then still running.
//
// Call it before or beside [http.Server.Shutdown], which does not wait for
// WebSockets and some event streams but does wait for polls; [http.Server.RegisterOnShutdown]
// does for beside. Calling it again waits again and is fine. [Server.Drain] before
// it spreads the clients' return.
func (s *Server) Shutdown(ctx context.Context) error {
	all := s.refuse()
	errs := make([]error, len(all))
	var ending sync.WaitGroup
	for i, m := range all {
		ending.Go(func() { errs[i] = m.shutdown(ctx) })
	}
	ending.Wait()

	quiet := make(chan struct{})
	// Ends with the last of the hubs' code, which nothing can end by force;
	// waited for here as long as ctx allows.
	go func() {
		defer close(quiet)
		s.engine.Close()
	}()
	select {
	case <-quiet:
	case <-ctx.Done():
		return errors.Join(errors.Join(errs...), context.Cause(ctx))
	}
	return errors.Join(errs...)
}

// shutdown ends the hub's connections and waits for their transports.
func (m mapped) shutdown(ctx context.Context) error {
	return errors.Join(m.runtime.Shutdown(ctx), m.endpoint.Shutdown(ctx))
}
