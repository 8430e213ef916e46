package transports_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hubwire/signalr"
)

// heap returns how much memory is in use. A test that compares two such values
// does not run in parallel.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestNegotiationsThatNobodyUses has them cost little, end in a clear refusal,
// and be no obstacle for who connects without.
func TestNegotiationsThatNobodyUses(t *testing.T) { //nolint:paralleltest // it measures memory
	const (
		bound   = 10_000
		perConn = 2 << 10
	)
	c := newChaos(t, nil, signalr.DisconnectTimeout(time.Minute), signalr.MaximumUnusedConnections(bound))
	handler := c.srv.Config.Handler
	before := heap()
	for range bound {
		if got := negotiateDirectly(handler); got.Code != http.StatusOK {
			t.Fatalf("got %d, want 200", got.Code)
		}
	}
	if got := (heap() - before) / bound; got > perConn {
		t.Errorf("got %d bytes for each negotiation, want at most %d", got, perConn)
	}
	a := c.do(http.MethodPost, "/chaos/negotiate?negotiateVersion=1", "")
	check(t, a, http.StatusServiceUnavailable, "")
	if a.header.Get("Retry-After") == "" {
		t.Errorf("got header %v, want Retry-After", a.header)
	}
	(&client{t: t, talk: c.webSocket("/chaos?name=ws&count=0")}).greet().close()
}

func negotiateDirectly(handler http.Handler) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/chaos/negotiate?negotiateVersion=1", nil))
	return w
}

// TestUnusedNegotiationsAreForgotten has nothing left of them some seconds later.
func TestUnusedNegotiationsAreForgotten(t *testing.T) { //nolint:paralleltest // it measures memory
	const count = 2000
	c := newChaos(t, nil, signalr.DisconnectTimeout(time.Second))
	first := c.negotiate("/chaos")
	before := heap()
	for range count {
		negotiateDirectly(c.srv.Config.Handler)
	}
	last := c.negotiate("/chaos")
	for _, target := range []string{first, last} {
		c.untilGone(t, target)
	}
	if got := heap() - before; got > 1<<20 {
		t.Errorf("got %d bytes more than before, want them given back", got)
	}
}

// untilGone waits until the server has forgotten a connection. It asks with
// what is no request of any transport and so leaves the connection alone.
func (s *site) untilGone(t *testing.T, target string) {
	t.Helper()
	const gone = "No Connection with that ID"
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for ctx := limit(t); ; {
		a := s.do(http.MethodDelete, target, "")
		if a.status == http.StatusNotFound && a.body == gone {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("got %d %q, want 404 %q", a.status, a.body, gone)
		}
	}
}

// TestManyPollsOnOneToken has one of them stay; all others are told to go, and
// a message goes to the one.
func TestManyPollsOnOneToken(t *testing.T) {
	t.Parallel()
	s := contractSite(t, nil)
	c := &client{t: t, talk: s.polls(s.negotiate("/testhub"))}
	c.greet()
	target := c.talk.(*pollTalk).target
	const polls = 100
	answers := make(chan answer, polls)
	for range polls {
		go func() { // ends with its answer
			a, err := s.try(limit(t), http.MethodGet, target, "")
			if err != nil {
				t.Errorf("poll: %v", err)
			}
			answers <- a
		}()
	}
	for range polls - 1 {
		if a := <-answers; a.status != http.StatusNoContent && a.status != http.StatusConflict {
			t.Errorf("got %d %q, want 204 or 409", a.status, a.body)
		}
	}
	c.send(`{"type":1,"invocationId":"1","target":"Echo","arguments":["once"]}` + rs)
	check(t, <-answers, http.StatusOK, `{"type":3,"invocationId":"1","result":"once"}`+rs)
	if got := c.invoke("Echo", "again"); got != "again" {
		t.Errorf("got %v, want the echo", got)
	}
}

// TestHugeRequests are refused before anybody looks at what is in them.
func TestHugeRequests(t *testing.T) {
	t.Parallel()
	s := contractSite(t, nil)
	target := s.negotiate("/testhub")
	long := strings.Repeat("0123456789abcdef", 4<<10)
	events := "Accept: text/event-stream"
	for _, tt := range []struct {
		name, method, target string
		lines                []string
		want                 int
	}{
		{"query of negotiate", http.MethodPost, "/testhub/negotiate?negotiateVersion=1&x=" + long, nil, http.StatusOK}, // nothing is kept of it
		{"query of a poll", http.MethodGet, target + "&x=" + long, nil, http.StatusRequestURITooLong},
		{"query of an event stream", http.MethodGet, target + "&x=" + long, []string{events}, http.StatusRequestURITooLong},
		{"query of a POST", http.MethodPost, target + "&x=" + long, nil, http.StatusRequestURITooLong},
		{"query of a DELETE", http.MethodDelete, target + "&x=" + long, nil, http.StatusRequestURITooLong},
		{"id", http.MethodGet, "/testhub?id=" + long[:30<<10], nil, http.StatusNotFound},
		{"header", http.MethodGet, target, []string{"X-Long: " + long + long + long[:1<<10]}, http.StatusOK}, // net/http's limit is 1 MiB
		{"headers", http.MethodGet, target, repeat("X-Long: "+long, 17), http.StatusRequestHeaderFieldsTooLarge},
		{"query beyond all", http.MethodGet, target + "&x=" + fmt.Sprint(repeat(long, 17)), nil, http.StatusRequestHeaderFieldsTooLarge},
	} {
		got, err := s.try(limit(t), tt.method, tt.target, "", tt.lines...)
		if err != nil || got.status != tt.want {
			t.Errorf("%s: got %d %.100q, %v, want %d", tt.name, got.status, got.body, err, tt.want)
		}
	}
}

func repeat(s string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = s
	}
	return list
}
