package auth

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func issue(t *testing.T, tickets *Tickets, p *Principal) string {
	t.Helper()
	text, err := tickets.Issue(p)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTicketIsGoodOnce(t *testing.T) {
	t.Parallel()
	tickets := NewTickets(TicketOptions{})
	ann := NewPrincipal(Identity{ID: "ann"})
	for _, parameter := range []string{"ticket", "access_token"} {
		text := issue(t, tickets, ann)
		first := pass(request(webSocket, query("a=1&"+parameter+"="+text)), tickets.Middleware)
		if first.user() != ann || Ambient(first.request.Context()) || first.failure() != nil {
			t.Errorf("%s: got %v and %v, want ann", parameter, first.user(), first.failure())
		}
		if got := first.request; got.URL.RawQuery != "a=1" || got.RequestURI != "/chat?a=1" {
			t.Errorf("%s: got %s, want no ticket in the URL", parameter, got.RequestURI)
		}
		attack(t, "replayed by "+parameter, tickets.Middleware, request(webSocket, query(parameter+"="+text)), text, CodeInvalidToken)
	}
}

func TestTicketIsGoodOnceUnderConcurrency(t *testing.T) {
	t.Parallel()
	tickets := NewTickets(TicketOptions{})
	text := issue(t, tickets, NewPrincipal(Identity{ID: "ann"}))
	var admitted atomic.Int64
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if pass(request(webSocket, query("ticket="+text)), tickets.Middleware).user() != nil {
				admitted.Add(1)
			}
		})
	}
	all.Wait()
	if got := admitted.Load(); got != 1 {
		t.Errorf("got %d admitted, want 1", got)
	}
}

func TestTicketRefusals(t *testing.T) {
	t.Parallel()
	tickets := NewTickets(TicketOptions{})
	ann, bob := NewPrincipal(Identity{ID: "ann"}), NewPrincipal(Identity{ID: "bob"})
	as := func(p *Principal) func(http.Handler) http.Handler {
		return Adapt(func(*http.Request) (*Principal, error) { return p, nil })
	}
	text := issue(t, tickets, ann)
	attack(t, "unknown", tickets.Middleware, request(webSocket, query("ticket=tkt_x")), text, CodeInvalidToken)
	attack(t, "empty", tickets.Middleware, request(webSocket, query("ticket=")), text, CodeInvalidToken)
	attack(t, "doubled", tickets.Middleware, request(webSocket, query("ticket="+text+"&ticket="+text)), text, CodeInvalidRequest)
	attack(t, "beside a token", tickets.Middleware, request(webSocket, query("access_token=x&access_token="+text)), text, CodeInvalidRequest)
	both := func(next http.Handler) http.Handler { return as(bob)(tickets.Middleware(next)) }
	attack(t, "of another user", both, request(webSocket, query("ticket="+text)), text, CodeInvalidToken)
	attack(t, "bad beside a session", both, request(webSocket, query("ticket=x")), text, CodeInvalidToken)

	same := issue(t, tickets, ann)
	if got := pass(request(webSocket, query("ticket="+same)), as(NewPrincipal(Identity{ID: "ann"})), tickets.Middleware); got.user() != ann {
		t.Errorf("beside the same user's session: got %v, want ann", got.user())
	}
	unread := issue(t, tickets, ann)
	if got := pass(request(query("ticket="+unread)), tickets.Middleware); got.user() != nil || got.request.URL.RawQuery == "" {
		t.Errorf("an ordinary request: got %v and query %q, want it untouched", got.user(), got.request.URL.RawQuery)
	}
	if p, err := tickets.Redeem(unread); p != ann || err != nil {
		t.Errorf("after that: got %v, %v, want the ticket still good", p, err)
	}
}

func TestTicketsBesideJWT(t *testing.T) {
	t.Parallel()
	tickets := NewTickets(TicketOptions{})
	ann := NewPrincipal(Identity{ID: "ann", Claims: []Claim{{Type: "sub", Value: "ann", Issuer: "issuer"}}})
	chain := []func(http.Handler) http.Handler{RedactQuery, JWT(testConfig()), tickets.Middleware}
	text := issue(t, tickets, ann)
	if got := pass(request(webSocket, query("access_token="+text)), chain...); got.user() != ann {
		t.Errorf("a ticket: got %v and %v, want ann", got.user(), got.failure())
	}
	if got := pass(request(webSocket, query("access_token="+signed(t, goodClaims()))), chain...); got.user().Name() != "ann" {
		t.Errorf("a token: got %v and %v, want ann", got.user(), got.failure())
	}
	text = issue(t, tickets, ann)
	if got := pass(request(webSocket, cookie(signed(t, goodClaims())), query("access_token="+text)), chain...); got.user() != ann {
		t.Errorf("a ticket beside a cookie: got %v and %v, want ann by the ticket", got.user(), got.failure())
	}
}

func TestTicketsExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tickets := NewTickets(TicketOptions{})
		ann := NewPrincipal(Identity{ID: "ann", Expiry: time.Now().Add(40 * time.Second)})
		early, late := issue(t, tickets, ann), issue(t, tickets, ann)
		time.Sleep(30*time.Second - time.Nanosecond)
		if p, err := tickets.Redeem(early); p != ann || err != nil {
			t.Errorf("just before: got %v, %v, want ann", p, err)
		}
		time.Sleep(time.Nanosecond)
		if p, err := tickets.Redeem(late); p != nil || !errors.Is(err, errTicket) {
			t.Errorf("after 30 s: got %v, %v, want a refusal", p, err)
		}
		last := issue(t, tickets, ann)
		time.Sleep(10 * time.Second)
		if p, err := tickets.Redeem(last); p != nil || !errors.Is(err, errTicket) {
			t.Errorf("after the user's expiry: got %v, %v, want a refusal", p, err)
		}
		if _, err := tickets.Issue(ann); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("for an expired user: got %v, want ErrUnauthenticated", err)
		}
	})
}

func TestTicketsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tickets := NewTickets(TicketOptions{Lifetime: time.Minute, MaxTickets: 5, MaxPerUser: 2})
		user := func(n int) *Principal { return NewPrincipal(Identity{ID: strconv.Itoa(n)}) }
		used := issue(t, tickets, user(1))
		issue(t, tickets, user(1))
		if _, err := tickets.Issue(user(1)); !errors.Is(err, ErrTooManyTickets) {
			t.Errorf("a third: got %v, want ErrTooManyTickets", err)
		}
		if _, err := tickets.Redeem(used); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 4; n++ {
			issue(t, tickets, user(n))
		}
		if _, err := tickets.Issue(user(5)); !errors.Is(err, ErrTicketsFull) {
			t.Errorf("a sixth: got %v, want ErrTicketsFull", err)
		}
		time.Sleep(time.Minute)
		issue(t, tickets, user(5))
		if len(tickets.unused) != 1 || tickets.queue.Len() != 1 || len(tickets.perKey) != 1 {
			t.Errorf("got %d, %d, %d left, want only the new one", len(tickets.unused), tickets.queue.Len(), len(tickets.perKey))
		}
	})
}

func TestTicketsServe(t *testing.T) {
	t.Parallel()
	tickets := NewTickets(TicketOptions{MaxTickets: 2, MaxPerUser: 1})
	serve := func(method, user string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/ticket", http.NoBody)
		w := httptest.NewRecorder()
		tickets.ServeHTTP(w, r.WithContext(NewContext(r.Context(), NewPrincipal(Identity{ID: user}))))
		return w
	}
	w := serve(http.MethodPost, "ann")
	if p, err := tickets.Redeem(w.Body.String()); w.Code != http.StatusOK || p.ID() != "ann" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got %d, %v, %v, %v, want a ticket that is not stored", w.Code, p, err, w.Header())
	}
	for _, step := range []struct {
		method, user string
		want         int
	}{
		{http.MethodGet, "ann", 405},
		{http.MethodPost, "", 401},
		{http.MethodPost, "ann", 200},
		{http.MethodPost, "ann", 429},
		{http.MethodPost, "bob", 200},
		{http.MethodPost, "eve", 503},
	} {
		if w := serve(step.method, step.user); w.Code != step.want || step.want != 200 && w.Body.Len() > 0 {
			t.Errorf("%s by %q: got %d %q, want %d", step.method, step.user, w.Code, w.Body, step.want)
		}
	}
}

func TestTicketsAreNotGuessable(t *testing.T) {
	t.Parallel()
	tickets := NewTickets(TicketOptions{})
	ann := NewPrincipal(Identity{ID: "ann"})
	a, b := issue(t, tickets, ann), issue(t, tickets, ann)
	if a == b || len(a) < len(ticketPrefix)+26 || !strings.HasPrefix(a, ticketPrefix) {
		t.Errorf("got %d and %d bytes, equal: %t, want 128 random bits each", len(a), len(b), a == b)
	}
}

func TestNewTicketsRefusesNegativeOptions(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("got no panic, want one")
		}
	}()
	NewTickets(TicketOptions{MaxPerUser: -1})
}
