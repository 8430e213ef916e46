package hubs

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/hubs/protocol"
)

// highestVersion is the highest version of the hub protocols that is spoken.
const highestVersion = 2

// replayVersion is the lowest version that knows Ack and Sequence.
const replayVersion = 2

// The refusals of hub-protocol.md, section 2.3.
const (
	textHandshakeCanceled = "Handshake was canceled."
	textHandshakeFailed   = "An unexpected error occurred during connection handshake."
	textNoProtocol        = "The protocol '%s' is not supported."
	textVersion           = "The server does not support version %d of the '%s' protocol."
	textNoBinary          = "Cannot use the '%s' protocol on the current transport. " +
		"The transport does not support 'Binary' transfer format."
)

// handshake looks for the handshake request at the start of data and answers
// it. rest is what follows the request, or all of data as long as it is
// incomplete; ok is false unless the client was accepted.
func (c *Connection) handshake(data []byte) (rest []byte, ok bool) {
	limit := c.rt.cfg.MaximumReceiveMessageSize
	window := data[:min(len(data), limit)]
	payload, follows, complete := protocol.SplitHandshake(window)
	if !complete {
		if len(data) <= limit {
			return data, false
		}
		c.refuseHandshake(textHandshakeCanceled)
		return nil, false
	}
	request, err := protocol.ParseHandshakeRequest(payload)
	if err != nil {
		c.refuseHandshake(withDetail(textHandshakeFailed, err, c.rt.cfg.EnableDetailedErrors))
		return nil, false
	}
	chosen, refusal := c.choose(request)
	if refusal != "" {
		c.refuseHandshake(refusal)
		return nil, false
	}
	if !c.accept(chosen, request.Version) {
		return nil, false
	}
	return data[len(window)-len(follows):], true
}

// choose returns the protocol that a client asked for, or why it is refused.
func (c *Connection) choose(request protocol.HandshakeRequest) (chosen *wire, refusal string) {
	chosen = c.rt.wires[strings.ToLower(request.Protocol)]
	switch {
	case chosen == nil:
		return nil, fmt.Sprintf(textNoProtocol, request.Protocol)
	case request.Version > highestVersion:
		return nil, fmt.Sprintf(textVersion, request.Version, request.Protocol)
	case chosen.TransferFormat() == protocol.Binary && !c.transport.SupportsBinary():
		return nil, fmt.Sprintf(textNoBinary, chosen.Name())
	}
	return chosen, ""
}

// accept answers a good handshake and hands the connection to the hub. It
// returns false if the connection ended in the meantime.
func (c *Connection) accept(chosen *wire, version int) bool {
	userID, hasUserID, err := c.askUserID(c.transport.User(), c.transport.Request())
	if err != nil {
		c.refuseHandshake(withDetail(textHandshakeFailed, err, c.rt.cfg.EnableDetailedErrors))
		return false
	}
	replay := c.mayReplay(chosen, version)
	c.mu.Lock()
	if c.phase != handshaking {
		c.mu.Unlock()
		return false
	}
	c.replay = replay
	c.wire, c.userID, c.hasUserID = chosen, userID, hasUserID
	c.hubContext.user = c.transport.User() // not the one asked about, if it has been refreshed since
	c.phase = connecting
	c.start()
	c.mu.Unlock()

	if chosen.TransferFormat() == protocol.Binary {
		c.transport.SetBinary()
	}
	c.transport.TryQueue(protocol.AppendHandshakeResponse(nil, "")) // the first bytes: there is room
	// Ends with OnConnected, or with the connection if that has ended then;
	// Shutdown waits for it.
	go c.connect()
	return true
}

// mayReplay returns what stateful reconnect needs, nil if the transport or the
// client cannot do that.
func (c *Connection) mayReplay(chosen *wire, version int) *replay {
	if version < replayVersion {
		disableReconnect(c.transport)
		return nil
	}
	if t, ok := c.transport.(StatefulConn); !ok || !t.StatefulReconnect() {
		return nil
	}
	return newReplay(c, chosen)
}

func (c *Connection) askUserID(user *auth.Principal, r *http.Request) (id string, ok bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = c.rt.panicked("UserIDProvider", c, "", p)
		}
	}()
	id, ok = c.rt.cfg.UserIDProvider(user, r)
	return id, ok, nil
}

// refuseHandshake answers a bad handshake and ends the connection. The refusal is
// JSON text, whatever the client asked for; no Close follows.
func (c *Connection) refuseHandshake(text string) {
	why := ending{cause: fmt.Errorf("%w: %s", ErrHandshake, text), silent: true}
	c.mu.Lock()
	if c.phase != handshaking || c.ending != nil {
		c.mu.Unlock()
		return
	}
	c.ending = &why
	c.phase = ended
	c.mu.Unlock()
	c.logger().LogAttrs(c.Context(), slog.LevelDebug, "handshake refused", slog.String("error", text))
	c.transport.TryQueue(protocol.AppendHandshakeResponse(nil, text))
	c.leave(why.cause)
}

// refuse ends a connection that came after Shutdown.
func (c *Connection) refuse() {
	c.mu.Lock()
	c.ending = &ending{cause: ErrServerShutdown}
	c.phase = retired
	c.mu.Unlock()
	c.closing.Store(true)
	c.life.end(ErrServerShutdown)
	c.transport.Finish()
}

// leave finishes a connection that no hub has seen. Its phase is ended.
func (c *Connection) leave(cause error) {
	c.closing.Store(true)
	c.life.end(cause)
	c.transport.Finish()
	c.mu.Lock()
	last := c.retirable()
	c.mu.Unlock()
	if last {
		c.rt.retire(c)
	}
}
