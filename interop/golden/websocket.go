package golden

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/coder/websocket"
)

// Opcodes, as scenarios name them.
const (
	frameText   = "text"
	frameBinary = "binary"
)

// link is the TCP connection below a WebSocket or an event stream, kept so that
// it can be broken without any farewell, and so that a close frame can be sent
// without the library's own closing handshake: that one throws away what still
// arrives, and would hide messages which must not come.
type link struct {
	net.Conn
	closing atomic.Bool // the client's close frame is sent; nothing may follow it
}

// Write drops what the library writes after our close frame, which it does not
// know about: it answers the server's close frame with another.
func (l *link) Write(p []byte) (int, error) {
	if l.closing.Load() {
		return len(p), nil
	}
	return l.Conn.Write(p)
}

// writeClose sends a close frame (RFC 6455, 5.5.1), masked as a client's must be.
func (l *link) writeClose(code int, reason string) error {
	payload := binary.BigEndian.AppendUint16(nil, uint16(code))
	payload = append(payload, reason...)
	if len(payload) > 125 {
		return fmt.Errorf("close reason of %d bytes does not fit a control frame", len(reason))
	}
	frame := []byte{0x88, 0x80 | byte(len(payload))}
	var mask [4]byte
	if _, err := rand.Read(mask[:]); err != nil {
		return fmt.Errorf("masking the close frame: %w", err)
	}
	frame = append(frame, mask[:]...)
	for i, b := range payload {
		frame = append(frame, b^mask[i%4])
	}
	l.closing.Store(true)
	_, err := l.Conn.Write(frame)
	return err
}

// ownLink is an HTTP client for a single connection, and that connection once
// it is there.
type ownLink struct {
	client *http.Client

	mu   sync.Mutex
	link *link // guarded by mu
}

func newOwnLink() *ownLink {
	o := &ownLink{}
	o.client = &http.Client{
		Transport: &http.Transport{
			DisableCompression: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				o.mu.Lock()
				defer o.mu.Unlock()
				o.link = &link{Conn: conn}
				return o.link, nil
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return o
}

func (o *ownLink) connection() *link {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.link
}

// release closes the connection if it is still open.
func (o *ownLink) release() {
	if l := o.connection(); l != nil {
		_ = l.Conn.Close() // it may be closed already, which is as good
	}
	o.client.CloseIdleConnections()
}

// socket is a WebSocket of the script.
type socket struct {
	conn *websocket.Conn
	own  *ownLink
}

// dialWebSocket opens a WebSocket. If the server refuses, there is its answer
// and no socket.
func dialWebSocket(ctx context.Context, url string, header http.Header, subprotocols []string) (*socket, *response, error) {
	own := newOwnLink()
	conn, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient:   own.client,
		HTTPHeader:   header,
		Subprotocols: subprotocols,
	})
	if err != nil {
		own.release()
		if resp == nil || resp.StatusCode == http.StatusSwitchingProtocols {
			return nil, nil, err
		}
		refusal, err := readResponse(resp) // the library has kept the first 1024 bytes of the body
		return nil, refusal, err
	}
	conn.SetReadLimit(-1)
	return &socket{conn: conn, own: own}, &response{status: resp.StatusCode, header: resp.Header}, nil
}

// pump reads until the end. It is the only reader.
func (s *socket) pump(ctx context.Context, to *feed) {
	for {
		kind, data, err := s.conn.Read(ctx)
		if err != nil {
			to.finish(endOfWebSocket(err))
			return
		}
		frame := frameText
		if kind == websocket.MessageBinary {
			frame = frameBinary
		}
		to.put(chunk{frame: frame, data: data})
	}
}

func endOfWebSocket(err error) ended {
	if closed, ok := errors.AsType[websocket.CloseError](err); ok {
		return ended{code: int(closed.Code), reason: closed.Reason}
	}
	return ended{code: int(websocket.StatusAbnormalClosure), err: err}
}

func (s *socket) write(ctx context.Context, frame string, data []byte) error {
	kind := websocket.MessageText
	if frame == frameBinary {
		kind = websocket.MessageBinary
	}
	return s.conn.Write(ctx, kind, data)
}

// release ends the socket and its reader, without a close frame.
func (s *socket) release() {
	s.own.release()
	_ = s.conn.CloseNow() // closed below already
}
