package wireclient

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

var errOver = errors.New("the server has ended the connection")

// connect opens the transport and returns how to read from it.
func (c *Client) connect(ctx context.Context) (frames func() ([]byte, error), err error) {
	switch c.o.Transport {
	case WebSockets:
		return c.connectWebSocket(ctx)
	case ServerSentEvents:
		return c.connectEvents()
	default:
		return c.connectPolls(ctx)
	}
}

func (c *Client) connectWebSocket(ctx context.Context) (func() ([]byte, error), error) {
	rest := c.Here()
	if c.o.SkipNegotiation {
		rest = ""
	}
	r, err := c.Request(ctx, http.MethodGet, rest, "", true)
	if err != nil {
		return nil, err
	}
	ws, answer, err := websocket.Dial(ctx, r.URL.String(), &websocket.DialOptions{HTTPClient: c.http, HTTPHeader: r.Header})
	if err != nil {
		if answer != nil {
			return nil, refusal("connect", answer)
		}
		return nil, err
	}
	ws.SetReadLimit(-1)
	c.ws = ws
	return func() ([]byte, error) {
		_, frame, err := ws.Read(c.ctx)
		return frame, err
	}, nil
}

func (c *Client) connectEvents() (func() ([]byte, error), error) {
	r, err := c.Request(c.ctx, http.MethodGet, c.Here(), "", true)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "text/event-stream")
	answer, err := c.http.Do(r) //nolint:bodyclose // closed when it has been read
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, refusal("connect", answer)
	}
	lines := bufio.NewReader(answer.Body)
	return func() ([]byte, error) {
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				answer.Body.Close()
				return nil, err
			}
			if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
				return bytes.TrimRight(data, "\r\n"), nil
			}
		}
	}, nil
}

func (c *Client) connectPolls(ctx context.Context) (func() ([]byte, error), error) {
	if _, err := c.poll(ctx); err != nil {
		return nil, err
	}
	return func() ([]byte, error) { return c.poll(c.ctx) }, nil
}

func (c *Client) poll(ctx context.Context) ([]byte, error) {
	status, header, body, err := c.Do(ctx, http.MethodGet, c.Here(), "", nil)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusNoContent:
		return nil, errOver
	case status != http.StatusOK:
		return nil, &RefusedError{"connect", status, header, body}
	}
	return []byte(body), nil
}

func refusal(step string, answer *http.Response) *RefusedError {
	defer answer.Body.Close()
	var body strings.Builder
	_, _ = io.Copy(&body, answer.Body) // what came is what it said
	return &RefusedError{step, answer.StatusCode, answer.Header, body.String()}
}
