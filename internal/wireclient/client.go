// Package wireclient is a small SignalR client for tests that look at single
// HTTP requests: it speaks JSON over all three transports, sends its token where
// a browser's client does, and returns what a server answers when that refuses.
package wireclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// The transports, by the names they have on the wire.
const (
	WebSockets       = "WebSockets"
	ServerSentEvents = "ServerSentEvents"
	LongPolling      = "LongPolling"
)

// Transports are all of them.
func Transports() []string { return []string{WebSockets, ServerSentEvents, LongPolling} }

const separator = 0x1e

// Options is how a client connects.
type Options struct {
	Transport       string      // default: WebSockets
	Token           string      // in the query of WebSockets and event streams, else in the header
	Header          http.Header // on every request
	Query           string      // on every request, such as "room=7"
	SkipNegotiation bool        // WebSockets only
	Jar             http.CookieJar
	TLS             *tls.Config
}

// Message is one hub message from the server.
type Message struct {
	Type           int               `json:"type"`
	InvocationID   string            `json:"invocationId"`
	Target         string            `json:"target"`
	Arguments      []json.RawMessage `json:"arguments"`
	Result         json.RawMessage   `json:"result"`
	Error          string            `json:"error"`
	AllowReconnect bool              `json:"allowReconnect"`
}

// RefusedError is an answer other than the one that lets the client go on.
type RefusedError struct {
	Step   string // "negotiate", "connect" or "send"
	Status int
	Header http.Header
	Body   string
}

func (r *RefusedError) Error() string {
	return fmt.Sprintf("%s: %d %s %q", r.Step, r.Status, r.Header.Get("Content-Type"), r.Body)
}

// Client is a connected client. It has to be closed.
type Client struct {
	ID        string        // public connection id; empty without negotiation
	ConnToken string        // secret connection token
	Lifetime  int64         // tokenLifetimeSeconds of negotiate
	Messages  chan Message  // all but completions and pings
	Done      chan struct{} // closed when the transport has ended

	base   string
	o      Options
	http   *http.Client
	ctx    context.Context //nolint:containedctx // the connection's own
	cancel context.CancelFunc
	ws     *websocket.Conn

	mu      sync.Mutex
	token   string                  // guarded by mu
	header  http.Header             // guarded by mu
	lastID  int                     // guarded by mu
	waiting map[string]chan Message // guarded by mu
}

// Dial negotiates, connects and shakes hands. A server that refuses makes it
// fail with a [*RefusedError].
func Dial(ctx context.Context, base string, o Options) (*Client, error) {
	if o.Transport == "" {
		o.Transport = WebSockets
	}
	c := &Client{
		Messages: make(chan Message, 1024), Done: make(chan struct{}),
		base: base, o: o, token: o.Token, header: o.Header.Clone(), waiting: map[string]chan Message{},
		http: &http.Client{Transport: &http.Transport{TLSClientConfig: o.TLS}, Jar: o.Jar},
	}
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := c.open(ctx); err != nil {
		c.cancel()
		c.http.CloseIdleConnections()
		return nil, err
	}
	return c, nil
}

func (c *Client) open(ctx context.Context) error {
	if !c.o.SkipNegotiation {
		if err := c.negotiate(ctx); err != nil {
			return err
		}
	}
	frames, err := c.connect(ctx)
	if err != nil {
		return err
	}
	shaken := make(chan error, 1)
	go c.read(frames, shaken) // ends with the transport; Close waits for it
	if err := c.send(ctx, []byte(`{"protocol":"json","version":1}`+"\x1e")); err != nil {
		c.end()
		return err
	}
	select {
	case err = <-shaken:
	case <-c.Done:
		err = errors.New("the connection ended during the handshake")
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		c.end()
	}
	return err
}

func (c *Client) negotiate(ctx context.Context) error {
	status, header, body, err := c.Do(ctx, http.MethodPost, "/negotiate?negotiateVersion=1", "", nil)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return &RefusedError{"negotiate", status, header, body}
	}
	var answer struct {
		ConnectionID         string `json:"connectionId"`
		ConnectionToken      string `json:"connectionToken"`
		TokenLifetimeSeconds int64  `json:"tokenLifetimeSeconds"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return err
	}
	c.ID, c.ConnToken, c.Lifetime = answer.ConnectionID, answer.ConnectionToken, answer.TokenLifetimeSeconds
	return nil
}

// SetToken changes the token of later requests.
func (c *Client) SetToken(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = token
}

// SetHeader changes the header of later requests.
func (c *Client) SetHeader(h http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.header = h.Clone()
}

// Request makes a request for the hub's path plus rest, with all that the
// client's options say. A browser's client has the token in the header, except
// where it cannot.
func (c *Client) Request(ctx context.Context, method, rest, body string, inQuery bool) (*http.Request, error) {
	target, err := url.Parse(c.base + rest)
	if err != nil {
		return nil, err
	}
	join := func(part string) {
		if part != "" {
			target.RawQuery = strings.TrimPrefix(target.RawQuery+"&"+part, "&")
		}
	}
	join(c.o.Query)
	c.mu.Lock()
	token, header := c.token, c.header
	c.mu.Unlock()
	if token != "" && inQuery {
		join("access_token=" + url.QueryEscape(token))
	}
	r, err := http.NewRequestWithContext(ctx, method, target.String(), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if header != nil {
		r.Header = header.Clone()
	}
	if token != "" && !inQuery {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r, nil
}

// Do sends a request as the client would send it, changed by change.
func (c *Client) Do(
	ctx context.Context, method, rest, body string, change func(*http.Request),
) (status int, header http.Header, answer string, err error) {
	r, err := c.Request(ctx, method, rest, body, false)
	if err != nil {
		return 0, nil, "", err
	}
	if change != nil {
		change(r)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, string(text), err
}

// Here is the query that names the connection.
func (c *Client) Here() string { return "?id=" + url.QueryEscape(c.ConnToken) }

func (c *Client) send(ctx context.Context, frame []byte) error {
	if c.ws != nil {
		return c.ws.Write(ctx, websocket.MessageText, frame)
	}
	status, header, body, err := c.Do(ctx, http.MethodPost, c.Here(), string(frame), nil)
	if err == nil && status != http.StatusOK {
		err = &RefusedError{"send", status, header, body}
	}
	return err
}

// Invoke calls a hub method and waits for its answer. An error text of the
// server is the error.
func (c *Client) Invoke(ctx context.Context, method string, arguments ...any) (json.RawMessage, error) {
	c.mu.Lock()
	c.lastID++
	id := strconv.Itoa(c.lastID)
	answered := make(chan Message, 1)
	c.waiting[id] = answered
	c.mu.Unlock()
	frame, err := json.Marshal(map[string]any{
		"type": 1, "invocationId": id, "target": method, "arguments": append([]any{}, arguments...),
	})
	if err != nil {
		return nil, err
	}
	if err := c.send(ctx, append(frame, separator)); err != nil {
		return nil, err
	}
	select {
	case m := <-answered:
		if m.Error != "" {
			return nil, errors.New(m.Error)
		}
		return m.Result, nil
	case <-c.Done:
		return nil, errors.New("the connection has ended")
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

// Close ends the connection as a client does that leaves.
func (c *Client) Close() {
	if c.o.Transport == LongPolling {
		_, _, _, _ = c.Do(c.ctx, http.MethodDelete, c.Here(), "", nil) // it may have ended
	}
	c.end()
}

func (c *Client) end() {
	if c.ws != nil {
		_ = c.ws.CloseNow()
	}
	c.cancel()
	<-c.Done
	c.http.CloseIdleConnections()
}

// read takes frames until the transport ends.
func (c *Client) read(frames func() ([]byte, error), shaken chan<- error) {
	defer close(c.Done)
	handshake := true
	for {
		block, err := frames()
		if err != nil {
			return
		}
		for frame := range bytes.SplitSeq(block, []byte{separator}) {
			if len(frame) == 0 {
				continue
			}
			var m Message
			if err := json.Unmarshal(frame, &m); err != nil {
				m.Error = fmt.Sprintf("the server sent %q: %v", frame, err)
			}
			if handshake {
				handshake = false
				if m.Error != "" {
					shaken <- errors.New(m.Error)
					return
				}
				shaken <- nil
				continue
			}
			c.take(m)
		}
	}
}

func (c *Client) take(m Message) {
	switch m.Type {
	case 3:
		c.mu.Lock()
		answered := c.waiting[m.InvocationID]
		delete(c.waiting, m.InvocationID)
		c.mu.Unlock()
		if answered != nil {
			answered <- m
		}
	case 6:
	default:
		c.Messages <- m
	}
}
