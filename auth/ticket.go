package auth

import (
	"container/list"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// ticketPrefix tells a ticket from a JWT in access_token.
const ticketPrefix = "tkt_"

const queryTicket = "ticket"

// What [Tickets.Issue] refuses with, beside [ErrUnauthenticated].
var (
	// ErrTooManyTickets says that this user has too many tickets that were not
	// used yet.
	ErrTooManyTickets = errors.New("auth: too many unused tickets of one user")

	// ErrTicketsFull says that there are too many unused tickets altogether.
	ErrTicketsFull = errors.New("auth: too many unused tickets")
)

// errTicket is the same for a ticket that never was, has expired or was used:
// who guesses or replays one learns nothing.
var (
	errTicket     = &TokenError{Code: CodeInvalidToken, Description: "The ticket is unknown, expired or used"}
	errOtherUser  = &TokenError{Code: CodeInvalidToken, Description: "The ticket is for another user"}
	errTwoTickets = &TokenError{Code: CodeInvalidRequest, Description: "The request has more than one ticket"}
)

// TicketOptions bounds [Tickets]. The zero value of each field is its default.
type TicketOptions struct {
	Lifetime   time.Duration // how long a ticket may wait for its use; default 30 s
	MaxTickets int           // unused tickets altogether; default 100 000
	MaxPerUser int           // unused tickets of one user; default 32
}

// Tickets issues connect tickets and takes them back: random strings that stand
// for a user once, for a short time, when a WebSocket is opened. They are for
// browsers, whose WebSocket cannot send headers, so that no token that lives
// longer has to be in a URL: the page fetches a ticket with its token or cookie
// (see [Tickets.ServeHTTP]), and its SignalR client uses it to connect.
//
//	tickets := auth.NewTickets(auth.TicketOptions{})
//	r.Use(auth.JWT(config), tickets.Middleware)
//	r.With(auth.Require()).Method("POST", "/ticket", tickets)
//
//	new signalR.HubConnectionBuilder().withUrl("/chat", {
//	    skipNegotiation: true, transport: signalR.HttpTransportType.WebSockets,
//	    accessTokenFactory: async () => (await fetch("/ticket", { method: "POST" })).text(),
//	})
//
// skipNegotiation, because a ticket is good for one request; a reconnect fetches
// another. Tickets are kept in memory, so the server that issued a ticket has to
// be the one that the client connects to, and a restart voids them all. All
// methods are safe for concurrent use.
type Tickets struct {
	options TicketOptions

	mu     sync.Mutex
	unused map[string]*list.Element // guarded by mu; elements of queue
	queue  *list.List               // guarded by mu; of *ticket in order of issue, which is that of expiry
	perKey map[userKey]int          // guarded by mu; number of unused tickets
}

type ticket struct {
	text      string
	principal *Principal
	expiry    time.Time
}

// userKey is what tells users apart when their tickets are counted.
type userKey struct {
	id   Claim
	name string
}

func keyOf(p *Principal) userKey { return userKey{p.key(), p.Name()} }

// NewTickets returns an issuer of tickets. It panics if an option is negative.
func NewTickets(options TicketOptions) *Tickets {
	if options.Lifetime < 0 || options.MaxTickets < 0 || options.MaxPerUser < 0 {
		panic("auth: NewTickets: a negative option") //nolint:forbidigo // a programming error at registration
	}
	if options.Lifetime == 0 {
		options.Lifetime = 30 * time.Second
	}
	if options.MaxTickets == 0 {
		options.MaxTickets = 100_000
	}
	if options.MaxPerUser == 0 {
		options.MaxPerUser = 32
	}
	return &Tickets{
		options: options,
		unused:  map[string]*list.Element{},
		queue:   list.New(),
		perKey:  map[userKey]int{},
	}
}

// Issue returns a new ticket for p. It returns [ErrUnauthenticated] for the
// anonymous user and for one whose credentials have expired, [ErrTooManyTickets]
// and [ErrTicketsFull] where tickets that nobody uses pile up.
func (t *Tickets) Issue(p *Principal) (string, error) {
	now := time.Now()
	if p == nil || expired(p, now) {
		return "", ErrUnauthenticated
	}
	key := keyOf(p)

	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(now)
	switch {
	case t.perKey[key] >= t.options.MaxPerUser:
		return "", ErrTooManyTickets
	case len(t.unused) >= t.options.MaxTickets:
		return "", ErrTicketsFull
	}
	issued := &ticket{text: ticketPrefix + rand.Text(), principal: p, expiry: now.Add(t.options.Lifetime)}
	t.unused[issued.text] = t.queue.PushBack(issued)
	t.perKey[key]++
	return issued.text, nil
}

// Redeem returns the principal that a ticket was issued for and voids the
// ticket. Of several callers with one ticket, one succeeds. For a ticket that
// does not exist, has expired or was used, and for a user whose credentials have
// expired since, it returns a *[TokenError].
func (t *Tickets) Redeem(text string) (*Principal, error) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	element := t.unused[text]
	if element == nil {
		return nil, errTicket
	}
	found := t.void(element)
	if !now.Before(found.expiry) || expired(found.principal, now) {
		return nil, errTicket
	}
	return found.principal, nil
}

// sweep voids the tickets that have expired. Callers hold mu.
func (t *Tickets) sweep(now time.Time) {
	for element := t.queue.Front(); element != nil; element = t.queue.Front() {
		if oldest, _ := element.Value.(*ticket); now.Before(oldest.expiry) {
			return
		}
		t.void(element)
	}
}

// void makes an unused ticket unusable and returns it. Callers hold mu.
func (t *Tickets) void(element *list.Element) *ticket {
	old, _ := t.queue.Remove(element).(*ticket)
	delete(t.unused, old.text)
	key := keyOf(old.principal)
	t.perKey[key]--
	if t.perKey[key] == 0 {
		delete(t.perKey, key)
	}
	return old
}

func expired(p *Principal, now time.Time) bool {
	return !p.Expiry().IsZero() && !now.Before(p.Expiry())
}

// Middleware takes the ticket of a request that opens a WebSocket, in the query
// parameter "ticket" or "access_token", out of the URL, voids it, and passes the
// request on with the principal that it was issued for. With a bad ticket the
// request goes on anonymous and [Failure] knows why; so it does if another
// middleware has found a different user, in a cookie for example. For that it
// has to run behind the others, [JWT] included.
func (t *Tickets) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if opensWebSocket(r) {
			r = t.authenticate(r)
		}
		next.ServeHTTP(w, r)
	})
}

// authenticate returns the request that goes on.
func (t *Tickets) authenticate(r *http.Request) *http.Request {
	if query, tickets := cutParameter(r.URL.RawQuery, queryTicket); len(tickets) > 0 {
		return t.admit(withoutParameter(r.Context(), r, queryTicket, query), tickets)
	}
	r, tokens := hideQueryTokens(r)
	if !areTickets(tokens) {
		return r
	}
	return t.admit(r.WithContext(forgetQueryTokens(r.Context(), tokens)), tokens)
}

// areTickets reports whether values of access_token are no business of [JWT].
func areTickets(tokens []string) bool {
	return slices.ContainsFunc(tokens, func(token string) bool { return strings.HasPrefix(token, ticketPrefix) })
}

// admit returns r with the principal of its one ticket, or without any.
func (t *Tickets) admit(r *http.Request, tickets []string) *http.Request {
	found := findingsOf(r.Context())
	p, err := t.admitted(FromContext(r.Context()), tickets)
	if err != nil {
		found.failure = err
	} else {
		found.presented = p
	}
	return r.WithContext(found.store(NewContext(r.Context(), p)))
}

func (t *Tickets) admitted(before *Principal, tickets []string) (*Principal, error) {
	if len(tickets) > 1 {
		return nil, errTwoTickets
	}
	p, err := t.Redeem(tickets[0])
	if err == nil && before != nil && !SameUser(before, p) {
		return nil, errOtherUser
	}
	return p, err
}

// ServeHTTP issues a ticket for the caller of a POST request and answers it as
// plain text that must not be stored; 401 if the caller is anonymous, 429 and 503
// if there are too many tickets. Who can read the answer is a matter of CORS.
func (t *Tickets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed) // a GET might be answered by a cache
		return
	}
	text, err := t.Issue(FromContext(r.Context()))
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write([]byte(text)) // the client may be gone
	case errors.Is(err, ErrTooManyTickets):
		refuse(w, http.StatusTooManyRequests)
	case errors.Is(err, ErrTicketsFull):
		refuse(w, http.StatusServiceUnavailable)
	default:
		Challenge(w, r)
	}
}
