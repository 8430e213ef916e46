package hubs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hubwire/signalr/hubs/protocol"
)

// Runtime runs one hub: it binds its methods, makes hub values, and drives the
// connections. It is made by [NewRuntime] and safe for concurrent use.
type Runtime struct {
	cfg       Config           // with defaults filled in; set before start
	log       *slog.Logger     // set before start
	wires     map[string]*wire // by lower-case name; set before start
	methods   *methodTable     // set before start
	lifetime  LifetimeManager  // set before start
	newHub    func() instance  // set before start
	clients   Clients
	groups    Groups
	typed     any // *TypedClients of a hub that embeds Typed; set before start
	connected chain
	results   results
	workers   *workers // set before start
	lastID    atomic.Int64
	epoch     time.Time // what ticks are counted from; set before start
	closing   sync.Once // of lifetime

	mu    sync.Mutex
	conns registry      // guarded by mu
	down  bool          // guarded by mu; Shutdown was called
	empty chan struct{} // guarded by mu; closed when down and the last connection has retired
}

// wire is one of the hub's protocols and what is the same on all connections
// that speak it.
type wire struct {
	protocol.Protocol
	ping      []byte
	separated bool // frames end with a record separator
}

func newWire(p protocol.Protocol) *wire {
	w := &wire{Protocol: p, ping: p.AppendPing(nil)}
	switch p.(type) {
	case protocol.JSON, *protocol.JSON:
		w.separated = true
	}
	return w
}

// chain says what of the connected and disconnected events is there at all.
type chain struct {
	connected, disconnected bool // filters or the hub have something to run; set before start
	refreshed               bool // the hub has; set before start
}

// NewRuntime binds a hub. newHub makes the hub value for one call. The error
// joins all that is wrong with the hub's methods and the configuration.
//
// Give the configuration's slices and maps away: they must not change any more.
func NewRuntime[H Instance[K], K any](newHub func() H, cfg Config) (*Runtime, *HubContext[K], error) {
	hub := reflect.TypeFor[H]()
	r := &Runtime{cfg: cfg, epoch: time.Now(), empty: make(chan struct{}), workers: newWorkers()}
	r.clients.rt, r.groups.rt = r, r
	errs := r.cfg.fill(hub)
	methods, err := bindHub(hub, &r.cfg, fastInvoker[H])
	errs = errors.Join(errs, err)
	if newHub == nil {
		errs = errors.Join(errs, fmt.Errorf("hubs: the constructor of %v is nil", hub))
	}
	if errs != nil {
		return nil, nil, errs
	}
	// Only a look at the type: the hub's constructor is not for this.
	clients, err := reflect.New(hub.Elem()).Interface().(H).outside(r)
	if err != nil {
		return nil, nil, err
	}
	r.methods = methods
	r.log = r.cfg.Logger.With(slog.String("hub", r.cfg.Name))
	r.newHub = func() instance {
		made := newHub()
		if reflect.ValueOf(made).IsNil() {
			return nil
		}
		return made
	}
	r.connected = r.cfg.chain(hub)
	r.wires = r.cfg.wires()
	r.lifetime = r.cfg.LifetimeManager(Env{
		Hub: r.cfg.Name, Protocols: r.cfg.supportedProtocols(), Logger: r.log, NextInvocationID: r.nextInvocationID,
	})
	return r, &HubContext[K]{clients: clients, rt: r}, nil
}

// Name is the hub's name, see [Config.Name].
func (r *Runtime) Name() string { return r.cfg.Name }

func (r *Runtime) nextInvocationID() string {
	return "s" + strconv.FormatInt(r.lastID.Add(1), 10)
}

// Connect starts a connection on t, whose bytes then come through its Receive.
// After Shutdown it refuses: the connection ends at once.
func (r *Runtime) Connect(t Conn) *Connection {
	c := newConnection(r, t)
	r.mu.Lock()
	refused := r.down
	if !refused {
		r.conns.add(c)
		if r.conns.len() == 1 {
			r.workers.open(true)
		}
	}
	r.mu.Unlock()
	if refused {
		c.refuse()
	}
	return c
}

// Shutdown ends every connection with a Close message that allows the client
// to reconnect, and refuses new ones. It returns nil when all hub methods and all
// OnDisconnected have returned, or the cause of ctx when that ends first: then
// some may still run. A lifetime manager that is an [io.Closer] is closed last.
// To call it again waits again.
func (r *Runtime) Shutdown(ctx context.Context) error {
	r.mu.Lock()
	if !r.down {
		r.down = true
		r.closeEmpty()
	}
	live := r.conns.all()
	r.mu.Unlock()
	for _, c := range live {
		c.end(ending{cause: ErrServerShutdown, allowReconnect: true})
	}
	var err error
	select {
	case <-r.empty:
		r.workers.running.Wait() // they have been told
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	return errors.Join(err, r.closeLifetime())
}

func (r *Runtime) closeLifetime() (err error) {
	if closer, ok := r.lifetime.(io.Closer); ok {
		r.closing.Do(func() { err = closer.Close() })
	}
	return err
}

// Ready reports whether the hub can take new connections; the error says why
// not. It asks the lifetime manager, if that has an opinion: a [Readier].
func (r *Runtime) Ready() error {
	if readier, ok := r.lifetime.(Readier); ok {
		return readier.Ready()
	}
	return nil
}

// Connections returns the connections there are, those included that have not
// shaken hands yet or are about to end.
func (r *Runtime) Connections() []*Connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.conns.all()
}

// retire forgets a connection on which nothing runs any more.
func (r *Runtime) retire(c *Connection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns.remove(c)
	if r.conns.len() == 0 {
		r.workers.open(false)
	}
	r.closeEmpty()
}

// closeEmpty closes empty once it is time. r.mu is held.
func (r *Runtime) closeEmpty() {
	if r.down && r.conns.len() == 0 {
		close(r.empty)
	}
}

// registry is the connections of a hub, as a slice in which each knows its
// place.
type registry struct {
	conns []*Connection
}

func (r *registry) len() int { return len(r.conns) }

func (r *registry) all() []*Connection { return append([]*Connection(nil), r.conns...) }

func (r *registry) add(c *Connection) {
	c.place = len(r.conns)
	r.conns = append(r.conns, c)
}

func (r *registry) remove(c *Connection) {
	last := len(r.conns) - 1
	moved := r.conns[last]
	r.conns[c.place], r.conns[last] = moved, nil
	moved.place = c.place
	r.conns = r.conns[:last]
}

// makeHub makes a hub value for s. A constructor that panics or returns nil is an
// error.
func (r *Runtime) makeHub(s *scope) (hub instance, err error) {
	defer func() {
		if p := recover(); p != nil {
			hub, err = nil, r.panicked("the hub's constructor", s.conn, "", p)
		}
	}()
	hub = r.newHub()
	if hub == nil {
		return nil, errors.New("hubs: the hub's constructor returned nil")
	}
	s.seen = s.conn.hubContext.newest()
	hub.attach(s)
	return hub, nil
}

// panicError is a panic in the author's code.
type panicError struct {
	where string
	value any
}

func (p *panicError) Error() string { return fmt.Sprintf("panic in %s: %v", p.where, p.value) }

// panicked logs a panic of the author's code with its stack and makes an error
// of it. It is called while the stack is still there.
func (r *Runtime) panicked(where string, c *Connection, method string, value any) error {
	err := &panicError{where: where, value: value}
	r.log.LogAttrs(context.Background(), slog.LevelError, "panic in the code of a hub",
		slog.String("connection_id", c.ID()), slog.String("method", method),
		slog.Any("error", err), slog.String("stack", string(debug.Stack())))
	return err
}

// wires returns the protocols that clients may ask for.
func (cfg *Config) wires() map[string]*wire {
	wires := make(map[string]*wire)
	for _, p := range cfg.Protocols {
		if cfg.supports(p.Name()) {
			wires[strings.ToLower(p.Name())] = newWire(p)
		}
	}
	return wires
}
