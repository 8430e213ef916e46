package transports

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/hubwire/signalr/auth"
)

// QueryValue returns the value of a query parameter as ASP.NET Core sees it:
// names without regard to case, repeated parameters joined with commas as far as
// they are not empty. ok reports whether it is there at all. What cannot be
// unescaped is left out.
func QueryValue(rawQuery, name string) (value string, ok bool) {
	for rawQuery != "" {
		var part string
		part, rawQuery, _ = strings.Cut(rawQuery, "&")
		key, text, _ := strings.Cut(part, "=")
		if !strings.EqualFold(key, name) {
			if !strings.ContainsAny(key, "%+") {
				continue
			}
			if plain, err := url.QueryUnescape(key); err != nil || !strings.EqualFold(plain, name) {
				continue
			}
		}
		text, err := url.QueryUnescape(text)
		if err != nil {
			continue
		}
		if value != "" && text != "" {
			value += ","
		}
		value, ok = value+text, true
	}
	return value, ok
}

// acceptsEventStream reports whether one element of Accept is
// "text/event-stream" without parameters.
func acceptsEventStream(h http.Header) bool {
	for _, line := range h["Accept"] {
		for element := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(element), "text/event-stream") {
				return true
			}
		}
	}
	return false
}

// isUpgrade reports whether r is a good WebSocket opening handshake (RFC 6455,
// 4.2.1).
func isUpgrade(r *http.Request) bool {
	keys := r.Header["Sec-Websocket-Key"]
	if r.Method != http.MethodGet || r.ProtoMajor != 1 || r.ProtoMinor < 1 || len(keys) != 1 ||
		r.Header.Get("Sec-WebSocket-Version") != "13" ||
		!hasToken(r.Header["Connection"], "upgrade") || !hasToken(r.Header["Upgrade"], "websocket") {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(keys[0]))
	return err == nil && len(key) == 16
}

func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(element), token) {
				return true
			}
		}
	}
	return false
}

// requestedSubProtocols lists the subprotocols that a client asks for.
func requestedSubProtocols(r *http.Request) []string {
	var list []string
	for _, line := range r.Header["Sec-Websocket-Protocol"] {
		for element := range strings.SplitSeq(line, ",") {
			if element = strings.TrimSpace(element); element != "" {
				list = append(list, element)
			}
		}
	}
	return list
}

// keepRequest copies a request so that it can be read as long as the
// connection lives (transports.md, 8.7).
func keepRequest(r *http.Request) *http.Request {
	kept := r.WithContext(context.WithoutCancel(r.Context()))
	kept.Body, kept.GetBody, kept.Response = http.NoBody, nil, nil
	kept.ContentLength, kept.TransferEncoding = 0, nil
	kept.Trailer, kept.MultipartForm = nil, nil
	return kept
}

// bind notes who opened the connection, and how. Later requests only renew the
// expiry, unless that is what a refresh is for (transports.md, 8.2, 8.4 and 8.5).
func (c *Conn) bind(r *http.Request) {
	user := auth.FromContext(r.Context())
	var kept *http.Request
	c.mu.Lock()
	first := !c.bound
	c.mu.Unlock()
	if first {
		kept = keepRequest(r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if first = !c.bound; first {
		c.bound, c.user, c.request = true, user, kept
	}
	if first || !c.ep.cfg.EnableAuthenticationRefresh {
		c.expiry = user.Expiry()
	}
}

// sameUser reports whether r comes from the connection's user, as far as there
// is one yet (transports.md, 8.3).
func (c *Conn) sameUser(r *http.Request) bool {
	c.mu.Lock()
	bound, user := c.bound, c.user
	c.mu.Unlock()
	return !bound || auth.SameUser(user, auth.FromContext(r.Context()))
}
