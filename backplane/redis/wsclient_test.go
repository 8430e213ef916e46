package redis

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"github.com/hubwire/signalr/hubs/protocol"
)

// wsClient is a client of any node over a plain WebSocket, without negotiation.
type wsClient struct {
	tb       testing.TB
	conn     *websocket.Conn
	protocol protocol.Protocol
	id       string
	ctx      context.Context //nolint:containedctx // the test's

	calls   chan string // "Method text" of what the server calls
	reading sync.WaitGroup
	reads   chan struct{} // empty: nothing is read

	mu      sync.Mutex
	lastID  int
	pending map[string]chan protocol.Message // guarded by mu; by invocation id
	closed  error                            // guarded by mu
}

// dialWS connects to a hub and learns the connection's id.
func dialWS(tb testing.TB, base, path string, p protocol.Protocol, query url.Values) *wsClient {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 6*patience)
	url := strings.Replace(base, "http://", "ws://", 1) + path + "?" + query.Encode()
	conn, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		cancel()
		tb.Fatalf("dial %s: %v", url, err)
	}
	conn.SetReadLimit(-1)
	c := &wsClient{
		tb: tb, conn: conn, protocol: p, ctx: ctx,
		reads: make(chan struct{}, 1), calls: make(chan string, 100_000), pending: map[string]chan protocol.Message{},
	}
	c.reads <- struct{}{}
	tb.Cleanup(func() {
		c.close()
		cancel()
	})
	c.write(fmt.Appendf(nil, `{"protocol":%q,"version":1}`+"\x1e", p.Name()))
	_, answer, err := conn.Read(ctx)
	if err != nil || !bytes.HasPrefix(answer, []byte("{}\x1e")) {
		tb.Fatalf("handshake: got %q, %v", answer, err)
	}
	c.reading.Go(func() { c.read(answer[3:]) })
	c.id = c.invoke("GetCallerConnectionId")
	return c
}

func (c *wsClient) close() {
	_ = c.conn.CloseNow()
	c.reading.Wait()
}

func (c *wsClient) write(frame []byte) {
	kind := websocket.MessageText
	if c.protocol.TransferFormat() == protocol.Binary && frame[0] != '{' {
		kind = websocket.MessageBinary
	}
	_ = c.conn.Write(c.ctx, kind, frame) // the reader finds out
}

// read takes messages apart until the connection ends.
func (c *wsClient) read(rest []byte) {
	for {
		for {
			payload, after, ok, err := c.protocol.Split(rest)
			if err != nil || !ok {
				break
			}
			rest = after
			var m protocol.Message
			if c.protocol.Parse(bytes.Clone(payload), &m) == nil {
				c.take(m)
			}
		}
		<-c.reads
		c.reads <- struct{}{}
		_, more, err := c.conn.Read(c.ctx)
		if err != nil {
			c.mu.Lock()
			c.closed = err
			for _, waiting := range c.pending {
				close(waiting)
			}
			c.pending = nil
			c.mu.Unlock()
			return
		}
		rest = append(rest, more...)
	}
}

func (c *wsClient) take(m protocol.Message) {
	switch m.Type {
	case protocol.Completion:
		c.mu.Lock()
		waiting := c.pending[m.InvocationID]
		delete(c.pending, m.InvocationID)
		c.mu.Unlock()
		if waiting != nil {
			waiting <- m
		}
	case protocol.Invocation:
		var text string
		if len(m.Arguments) > 0 {
			_ = c.protocol.Unmarshal(m.Arguments[0], &text)
		}
		if m.InvocationID != "" {
			switch {
			case text == "leave":
				_ = c.conn.CloseNow()
			case strings.HasPrefix(text, "error "):
				c.write(c.protocol.AppendError(nil, m.InvocationID, text[6:]))
			case text == "number":
				frame, _ := c.protocol.AppendResult(nil, m.InvocationID, []int{1})
				c.write(frame)
			case text != "silence":
				frame, _ := c.protocol.AppendResult(nil, m.InvocationID, "re "+text)
				c.write(frame)
			}
			return
		}
		c.calls <- string(m.Target) + " " + text
	default:
	}
}

// try invokes a hub method and returns its result as text, or its error.
func (c *wsClient) try(method string, args ...any) (string, error) {
	c.mu.Lock()
	if c.pending == nil {
		defer c.mu.Unlock()
		return "", c.closed
	}
	c.lastID++
	id := fmt.Sprint(c.lastID)
	waiting := make(chan protocol.Message, 1)
	c.pending[id] = waiting
	c.mu.Unlock()
	frame, err := c.protocol.AppendInvocation(nil, id, method, args)
	if err != nil {
		return "", err
	}
	c.write(frame)
	select {
	case m, ok := <-waiting:
		switch {
		case !ok:
			return "", fmt.Errorf("connection closed: %w", c.closed)
		case m.HasError:
			return "", fmt.Errorf("%s", m.Error)
		case m.HasResult:
			var text *string
			if c.protocol.Unmarshal(m.Result, &text) == nil && text != nil {
				return *text, nil
			}
		}
		return "", nil
	case <-c.ctx.Done():
		return "", c.ctx.Err()
	}
}

func (c *wsClient) invoke(method string, args ...any) string {
	c.tb.Helper()
	result, err := c.try(method, args...)
	if err != nil {
		c.tb.Fatalf("%s%v: %v", method, args, err)
	}
	return result
}

// expect waits for the next call of the server.
func (c *wsClient) expect(text string) {
	c.tb.Helper()
	if got := c.next(); got != "Message "+text {
		c.tb.Fatalf("%s got %q, want %q", c.id, got, "Message "+text)
	}
}

// next returns the next call of the server.
func (c *wsClient) next() string {
	c.tb.Helper()
	select {
	case got := <-c.calls:
		return got
	case <-c.ctx.Done():
		c.tb.Fatalf("%s waits in vain for a call", c.id)
		return ""
	}
}

// stall makes the client read nothing more, one message aside that it may be
// waiting for.
func (c *wsClient) stall() { <-c.reads }

func (c *wsClient) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pending == nil
}
