package reconnect_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/hubwire/signalr/hubs/protocol"
)

const (
	window   = 100_000                // unacknowledged bytes after which the official client waits
	ackEvery = 50 * time.Millisecond  // the official client takes a second
	patience = 250 * time.Millisecond // of silence, then a new socket takes over
)

// peer is a client with stateful reconnect as the official ones have it: what
// it sends is kept until it is acknowledged and sent again on a new socket,
// what comes twice is dropped.
type peer struct {
	t      *testing.T
	proto  protocol.Protocol
	base   string // URL of the hub
	token  string
	handle func(*protocol.Message) // gets each message that counts, once and in order; mu is held

	wg   sync.WaitGroup
	stop chan struct{} // closed by close
	once sync.Once

	mu       sync.Mutex
	room     sync.Cond         // on mu; there may be room in the window
	ws       *websocket.Conn   // guarded by mu; the newest
	old      []*websocket.Conn // guarded by mu; those before, which may be open still
	dialing  bool              // guarded by mu
	log      [][]byte          // guarded by mu; not acknowledged
	logged   int               // guarded by mu; bytes of it
	oldest   int64             // guarded by mu; number of log[0]
	expected int64             // guarded by mu; number of the next message
	latest   int64             // guarded by mu; highest that was handled
	acked    int64             // guarded by mu; what the server was told
	awaiting bool              // guarded by mu; nothing counts before Sequence
	heard    time.Time         // guarded by mu
	sockets  int               // guarded by mu
	again    int               // guarded by mu; messages that came twice
	closing  bool              // guarded by mu
}

// connect negotiates, opens the first socket and shakes hands. The negotiation
// does not go through the bad network, the rest does.
func connect(t *testing.T, proto protocol.Protocol, negotiate, base string, handle func(*protocol.Message)) *peer {
	t.Helper()
	p := &peer{
		t: t, proto: proto, base: base, handle: handle, stop: make(chan struct{}),
		oldest: 1, expected: 1, heard: time.Now(),
	}
	p.room.L = &p.mu
	for p.ws == nil { // until one survives its handshake
		p.token = p.negotiate(negotiate)
		p.ws = p.greet()
	}
	p.sockets = 1
	// These end by close, which waits for them.
	p.wg.Go(func() { p.read(p.ws) })
	p.wg.Go(p.watch)
	t.Cleanup(p.close)
	return p
}

func (p *peer) negotiate(url string) string {
	p.t.Helper()
	resp, err := http.Post(url+"/negotiate?negotiateVersion=1&useStatefulReconnect=true", "", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		UseStatefulReconnect bool
		ConnectionToken      string
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || !answer.UseStatefulReconnect {
		p.t.Fatalf("got %+v, %v; want stateful reconnect granted", answer, err)
	}
	return answer.ConnectionToken
}

// greet opens a socket and shakes hands; nil if the network breaks meanwhile.
func (p *peer) greet() *websocket.Conn {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ws := p.dial(ctx)
	if ws == nil {
		return nil
	}
	hello := `{"protocol":"` + p.proto.Name() + `","version":2}` + "\x1e"
	if ws.Write(ctx, websocket.MessageText, []byte(hello)) != nil {
		return nil
	}
	if _, answer, err := ws.Read(ctx); err != nil || string(answer) != "{}\x1e" {
		_ = ws.CloseNow()
		return nil
	}
	return ws
}

func (p *peer) dial(ctx context.Context) *websocket.Conn {
	ws, _, err := websocket.Dial(ctx, p.base+"?id="+p.token, nil)
	if err != nil {
		return nil
	}
	ws.SetReadLimit(-1)
	return ws
}

// send sends a message that counts, and waits until the window has room for
// the next.
func (p *peer) send(frame []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.push(frame)
	for p.logged >= window && !p.closing {
		p.room.Wait()
	}
}

// push sends a message that counts. mu is held.
func (p *peer) push(frame []byte) {
	p.log = append(p.log, frame)
	p.logged += len(frame)
	p.write(frame)
}

// write writes to the newest socket, unless that is being replaced. A failure
// is for the reader to find. mu is held.
func (p *peer) write(frame []byte) {
	if p.dialing {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	typ := websocket.MessageText
	if p.proto.TransferFormat() == protocol.Binary {
		typ = websocket.MessageBinary
	}
	_ = p.ws.Write(ctx, typ, frame)
}

// read handles what comes on one socket, until that ends.
func (p *peer) read(ws *websocket.Conn) {
	var buf []byte
	m := new(protocol.Message)
	for {
		_, part, err := ws.Read(context.Background())
		if err != nil {
			p.replace(ws)
			return
		}
		buf = append(buf, part...)
		for {
			payload, rest, ok, err := p.proto.Split(buf)
			if !ok || err != nil {
				break
			}
			if err := p.proto.Parse(payload, m); err != nil {
				p.t.Errorf("the server sent %q: %v", payload, err)
				return
			}
			p.take(ws, m)
			buf = rest
		}
	}
}

// take handles one message.
func (p *peer) take(ws *websocket.Conn, m *protocol.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ws != p.ws || p.dialing {
		return // of a socket that has been replaced
	}
	p.heard = time.Now()
	counts := m.Type.Sequenced()
	switch {
	case m.Type == protocol.Sequence:
		if m.SequenceID > p.latest+1 {
			p.t.Errorf("got Sequence %d after message %d", m.SequenceID, p.latest)
		}
		p.expected, p.awaiting = m.SequenceID, false
	case m.Type == protocol.Ack:
		p.ack(m.SequenceID)
	case m.Type == protocol.Close:
		p.closing = true
	case p.awaiting && counts:
		p.t.Errorf("got a message of type %d before Sequence", m.Type)
	}
	if !counts {
		return
	}
	number := p.expected
	p.expected++
	if number <= p.latest {
		p.again++
		return
	}
	p.latest = number
	p.handle(m) // with the lock, so that a newer socket's reader comes after it
}

// ack drops what the server has. mu is held.
func (p *peer) ack(number int64) {
	for p.oldest <= number && len(p.log) > 0 {
		p.logged -= len(p.log[0])
		p.log = p.log[1:]
		p.oldest++
	}
	p.room.Broadcast()
}

// replace opens a new socket instead of ws, if that is the newest still, and
// sends again what the server may not have.
func (p *peer) replace(ws *websocket.Conn) {
	p.mu.Lock()
	if ws != p.ws || p.dialing || p.closing {
		p.mu.Unlock()
		return
	}
	p.dialing = true
	p.mu.Unlock()
	var next *websocket.Conn
	for next == nil {
		select {
		case <-p.stop:
			return
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
		next = p.dial(ctx)
		cancel()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.old = append(p.old, ws)
	p.ws, p.dialing, p.awaiting, p.acked = next, false, true, 0
	p.heard = time.Now()
	p.sockets++
	p.write(p.proto.AppendSequence(nil, p.oldest))
	for _, frame := range p.log {
		p.write(frame)
	}
	p.wg.Go(func() { p.read(next) }) // as in connect
}

// watch acknowledges, and replaces a socket on which nothing has come for a
// while: it may be alive or dead.
func (p *peer) watch() {
	ticker := time.NewTicker(ackEvery)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
		}
		p.mu.Lock()
		ws := p.ws
		if p.latest > p.acked && !p.awaiting && !p.dialing {
			p.acked = p.latest
			p.write(p.proto.AppendAck(nil, p.latest))
		}
		silent := time.Since(p.heard) > patience
		p.mu.Unlock()
		if silent {
			p.replace(ws)
		}
	}
}

// close ends the client as the official one does: with a Close message.
func (p *peer) close() { p.once.Do(p.end) }

func (p *peer) end() {
	p.mu.Lock()
	p.closing = true
	p.room.Broadcast()
	p.write(p.proto.AppendClose(nil, "", false))
	ws := p.ws
	p.mu.Unlock()
	close(p.stop)
	_ = ws.Close(websocket.StatusNormalClosure, "")
	for _, ws := range p.old {
		_ = ws.CloseNow()
	}
	p.wg.Wait()
}
