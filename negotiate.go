package signalr

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/hubwire/signalr/transports"
)

// maximumProtocolVersion is the newest version of negotiation that we speak.
const maximumProtocolVersion = 1

// retryAfter is how many seconds a client that is refused for now should wait.
const retryAfter = "5"

// negotiation is the answer to POST {hub}/negotiate; the fields are in the
// order in which ASP.NET Core writes them (TransportProtocols.md).
type negotiation struct {
	UseStatefulReconnect bool                 `json:"useStatefulReconnect,omitempty"`
	NegotiateVersion     int                  `json:"negotiateVersion"`
	ConnectionID         string               `json:"connectionId"`
	ConnectionToken      string               `json:"connectionToken,omitempty"`
	TokenLifetimeSeconds int64                `json:"tokenLifetimeSeconds,omitempty"`
	AvailableTransports  []availableTransport `json:"availableTransports"`
}

type availableTransport struct {
	Transport       string   `json:"transport"`
	TransferFormats []string `json:"transferFormats"`
}

type negotiationError struct {
	Error string `json:"error"`
}

type negotiationRedirect struct {
	URL         string `json:"url"`
	AccessToken string `json:"accessToken,omitempty"`
}

// serveNegotiate answers POST {hub}/negotiate. The principal of the request is
// not recorded: identity binds at the first transport request.
func (h *handler) serveNegotiate(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	version, err := h.negotiatedVersion(r)
	if err != nil {
		h.log.DebugContext(r.Context(), "negotiate refused", slog.Any("error", err))
		writeJSON(w, negotiationError{err.Error()})
		return
	}
	if err := h.ready(); err != nil {
		h.log.WarnContext(r.Context(), "negotiate refused", slog.Any("error", err))
		w.Header().Set("Retry-After", retryAfter)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	stateful := h.statefulReconnects && wantsStatefulReconnect(r)
	id, token, err := h.endpoint.Create(r, version, stateful)
	switch {
	case errors.Is(err, transports.ErrShuttingDown), errors.Is(err, transports.ErrTooManyConnections):
		w.Header().Set("Retry-After", retryAfter)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case err != nil:
		h.log.ErrorContext(r.Context(), "negotiate failed", slog.Any("error", err))
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	answer := negotiation{
		UseStatefulReconnect: stateful,
		NegotiateVersion:     version,
		ConnectionID:         id,
		TokenLifetimeSeconds: h.tokenLifetime(r),
		AvailableTransports:  h.available,
	}
	if version > 0 {
		answer.ConnectionToken = token
	}
	writeJSON(w, answer)
}

// negotiatedVersion chooses the version. Its errors are texts for the client.
func (h *handler) negotiatedVersion(r *http.Request) (int, error) {
	version := 0
	if text, given := transports.QueryValue(r.URL.RawQuery, "negotiateVersion"); given {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
		if err != nil {
			return 0, errors.New("The client requested a non-integer protocol version.") //nolint:revive,staticcheck // the wire's text
		}
		version = int(n)
	}
	if version < h.minimumProtocolVersion {
		//nolint:revive,staticcheck // the wire's text
		return 0, fmt.Errorf("The client requested version '%d', but the server does not support this version.", version)
	}
	return min(version, maximumProtocolVersion), nil
}

func wantsStatefulReconnect(r *http.Request) bool {
	text, _ := transports.QueryValue(r.URL.RawQuery, "useStatefulReconnect")
	return strings.EqualFold(strings.TrimSpace(text), "true")
}

// availableTransports lists what is switched on, in the order of preference
// that clients follow.
func availableTransports(on transports.Type) []availableTransport {
	list := []availableTransport{}
	for _, t := range [...]struct {
		is      transports.Type
		formats []string
	}{
		{transports.WebSockets, []string{"Text", "Binary"}},
		{transports.ServerSentEvents, []string{"Text"}},
		{transports.LongPolling, []string{"Text", "Binary"}},
	} {
		if on&t.is != 0 {
			list = append(list, availableTransport{t.is.String(), t.formats})
		}
	}
	return list
}

// RedirectNegotiate returns a handler for POST {path}/negotiate that sends
// clients to another server, as hosted SignalR services do: find names the URL
// of the hub there and, unless it is empty, the access token to use with it. An
// error answers 500 and is not shown to the client. Official clients follow at
// most 100 such answers. Register it at the path that ends in "/negotiate".
func RedirectNegotiate(find func(*http.Request) (url, accessToken string, err error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		url, token, err := find(r)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		writeJSON(w, negotiationRedirect{url, token})
	})
}

func writeJSON(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the client may be gone; nothing to do about it
}
