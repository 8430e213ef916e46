package contract

import (
	"net"
	"net/http"
	"strings"
)

func (h *hub) GetCallerConnectionId() string { return h.Context().ConnectionID() } //nolint:revive,staticcheck // the contract's spelling

func (h *hub) GetUserIdentifier() *string {
	if id, ok := h.Context().UserIdentifierOK(); ok {
		return &id
	}
	return nil
}

func (h *hub) GetHeader(name string) *string {
	values := h.Context().Request().Header.Values(name)
	if len(values) == 0 {
		return nil
	}
	joined := strings.Join(values, ",")
	return &joined
}

func (h *hub) GetQueryValue(name string) *string {
	if value, ok := h.query(name); ok {
		return &value
	}
	return nil
}

func (h *hub) GetCookie(name string) *string {
	cookie, err := h.Context().Request().Cookie(name)
	if err != nil {
		return nil
	}
	return &cookie.Value
}

func (h *hub) GetRemoteAddress() string {
	host, _, err := net.SplitHostPort(h.Context().Request().RemoteAddr)
	if err != nil {
		return h.Context().Request().RemoteAddr
	}
	return host
}

func (h *hub) GetActiveTransportName() string { return h.Context().Features().Transport() }

func (h *hub) Increment() int32 {
	v, _ := h.Context().Items().LoadOrStore("counter", &counter{})
	c := v.(*counter) //nolint:forcetypeassert // nothing else is stored under this key
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return c.n
}

func (h *hub) Abort() { h.Context().Abort() }

// AdminOnly is guarded where the hub is mapped.
func (h *hub) AdminOnly() string { return "admin" }

func (h *hub) query(name string) (string, bool) { return queryValue(h.Context().Request(), name) }

// queryValue looks a query value up as ASP.NET Core does: without regard to case.
func queryValue(r *http.Request, name string) (string, bool) {
	for key, values := range r.URL.Query() {
		if strings.EqualFold(key, name) {
			return strings.Join(values, ","), true
		}
	}
	return "", false
}
