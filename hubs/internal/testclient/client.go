package testclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/protocol"
)

// Options is how a client connects. The zero value of each field is its
// default.
type Options struct {
	Protocol   protocol.Protocol // default: JSON
	ID         string            // default: one of a sequence, unique in the process
	User       *auth.Principal   // default: anonymous
	Request    *http.Request     // default: GET /
	QueueLimit int               // bytes that wait for the client at most; default: 64 KiB
	StallLimit time.Duration     // how long a full queue may stand still; default: 100 ms
	Discard    bool              // forget what arrives after the handshake, for benchmarks
}

var lastID atomic.Int64

func (o Options) withDefaults() Options {
	if o.Protocol == nil {
		o.Protocol = protocol.JSON{}
	}
	if o.ID == "" {
		o.ID = "connection-" + strconv.FormatInt(lastID.Add(1), 10)
	}
	if o.Request == nil {
		o.Request, _ = http.NewRequestWithContext(context.Background(), http.MethodGet, "/", http.NoBody)
	}
	// As hubs.Conn promises: the values of the original, but no end.
	o.Request = o.Request.WithContext(context.WithoutCancel(o.Request.Context()))
	if o.QueueLimit == 0 {
		o.QueueLimit = 64 << 10
	}
	if o.StallLimit == 0 {
		o.StallLimit = 100 * time.Millisecond
	}
	return o
}

// Client is a connected client. Its methods may be called at the same time,
// but what Receive is given in parallel arrives in no order.
type Client struct {
	conn       *conn
	connection *hubs.Connection
	protocol   protocol.Protocol

	receiving sync.Mutex // one call of Receive or Ended at a time
	ended     bool       // guarded by receiving
	stopWatch func() bool
	watching  sync.WaitGroup // the goroutine that tells the hub of an abort
}

// Dial connects a client and shakes hands. The client has to be closed.
func Dial(ctx context.Context, rt *hubs.Runtime, o Options) (*Client, error) {
	o = o.withDefaults()
	c := &Client{conn: newConn(o), protocol: o.Protocol}
	c.connection = rt.Connect(c.conn)
	c.watching.Add(1)
	c.stopWatch = context.AfterFunc(c.conn.ctx, func() {
		defer c.watching.Done()
		c.end(nil)
	})
	request := fmt.Appendf(nil, `{"protocol":%q,"version":1}`, o.Protocol.Name())
	c.Receive(append(request, protocol.RecordSeparator))
	answer, err := c.conn.read(ctx, cutHandshake)
	if err == nil && string(answer) != "{}" {
		err = fmt.Errorf("testclient: handshake refused: %s", answer)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	c.conn.shaken()
	return c, nil
}

func cutHandshake(buf []byte) (piece, rest []byte, ok bool, err error) {
	piece, rest, ok = bytes.Cut(buf, []byte{protocol.RecordSeparator})
	return piece, rest, ok, nil
}

// Connection is the hub's side.
func (c *Client) Connection() *hubs.Connection { return c.connection }

// ID is the connection id.
func (c *Client) ID() string { return c.conn.ID() }

// Receive gives bytes of the client to the hub.
func (c *Client) Receive(p []byte) {
	c.receiving.Lock()
	defer c.receiving.Unlock()
	if !c.ended {
		c.connection.Receive(p)
	}
}

// Next waits for the next message of the hub. It fails when ctx ends, or when
// the connection has ended and all of its messages were returned.
func (c *Client) Next(ctx context.Context) (*protocol.Message, error) {
	payload, err := c.conn.read(ctx, c.protocol.Split)
	if err != nil {
		return nil, err
	}
	m := new(protocol.Message)
	if err := c.protocol.Parse(slices.Clone(payload), m); err != nil {
		return nil, err
	}
	return m, nil
}

// Answer completes an invocation of the hub with a result.
func (c *Client) Answer(invocationID string, result any) error {
	frame, err := c.protocol.AppendResult(nil, invocationID, result)
	if err == nil {
		c.Receive(frame)
	}
	return err
}

// AnswerError completes an invocation of the hub with an error.
func (c *Client) AnswerError(invocationID, text string) {
	c.Receive(c.protocol.AppendError(nil, invocationID, text))
}

// Stall makes the client stop reading, or go on.
func (c *Client) Stall(on bool) { c.conn.stall(on) }

// Close drops the connection, as a client does that leaves, and waits until
// the hub has dealt with it. To call it again is fine.
func (c *Client) Close() {
	c.end(nil)
	<-c.conn.finished
	if c.stopWatch() {
		c.watching.Done()
	}
	c.watching.Wait()
}

// Done is closed when the hub has dealt with the end of the connection.
func (c *Client) Done() <-chan struct{} { return c.conn.finished }

func (c *Client) end(err error) {
	c.receiving.Lock()
	defer c.receiving.Unlock()
	if !c.ended {
		c.ended = true
		c.connection.Ended(err)
	}
}

// ErrClosed is what Next returns once the hub has ended the connection.
var ErrClosed = errors.New("testclient: connection closed")

func (c *conn) ended() error {
	if cause := context.Cause(c.ctx); cause != nil {
		return fmt.Errorf("%w: %w", ErrClosed, cause)
	}
	return ErrClosed
}
