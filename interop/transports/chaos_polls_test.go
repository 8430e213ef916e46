package transports_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestPollsThatBreakOff has every message of a connection come exactly once and
// in order, in both directions, while the client breaks off its polls and
// POSTs at random moments and comes again at once.
//
// One case is inherent to long polling: the answer has been given to the
// socket, and the client dies before it reads it. The server cannot know that,
// and nothing in the protocol tells it. The test tells it apart in two ways.
// Where the client only says that it goes (it half-closes, which is all that a
// server sees of most clients that go) it still reads what comes, and that must
// be what the ledger says. Where it breaks the connection, the ledger alone
// says whether the socket took the answer; if it did not, not a byte of it may
// be missing from the next.
func TestPollsThatBreakOff(t *testing.T) {
	t.Parallel()
	up := *messages / 8
	p := &poller{t: t, rng: newRand(t), down: *messages - up}
	p.chaos = newChaos(t, p.flushed)
	p.target = p.negotiate("/chaos") + fmt.Sprintf("&name=lp&count=%d", p.down)
	check(t, p.do(http.MethodGet, p.target, ""), http.StatusOK, "")
	posted, rng := make(chan struct{}), fork(p.rng)
	go func() { // ends when all is sent, or at once if the test has failed
		defer close(posted)
		p.post(t, rng, p.target, "post", notebook(up), t.Context().Done())
	}()
	for n := 0; p.given() < p.down && !t.Failed(); n++ {
		p.poll(n)
	}
	<-posted
	if t.Failed() {
		return
	}
	p.finish(up)
	t.Logf("%d polls, %d of them broken off (%d after their answer was on its way); %d answers broken in mid-write came again",
		p.polls, p.broken, p.inherent, p.again)
}

// poller is the client of the test.
type poller struct {
	*chaos

	t      *testing.T
	rng    *rand.Rand
	target string
	down   int
	w      *wire

	polls, broken, inherent, again int

	gave sequence // guarded by chaos.mu; what the server gave to sockets
}

// flushed takes an answer that a socket has taken.
func (p *poller) flushed(e *entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.gave.add(e.written); err != nil {
		p.t.Errorf("answers: %v", err)
	}
}

func (p *poller) given() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gave.next
}

// poll does one poll, and more often than not breaks it off.
func (p *poller) poll(n int) {
	p.polls++
	if p.w == nil {
		var err error
		if p.w, err = openWire(p.addr); err != nil {
			p.t.Fatal(err)
		}
	}
	key := fmt.Sprintf("poll-%d", n)
	request := head(http.MethodGet, p.target+"&n="+key, 0, "")
	breaks := p.rng.IntN(5) > 0
	if breaks && p.rng.IntN(10) == 0 {
		request = request[:p.rng.IntN(len(request))] // not even asked
	}
	if _, err := p.w.Write([]byte(request)); err != nil {
		p.t.Errorf("poll %d: %v", n, err)
		return
	}
	if breaks {
		p.broken++
		_ = p.w.SetReadDeadline(time.Now().Add(time.Duration(p.rng.IntN(2000)) * time.Microsecond))
		_, err := p.w.br.Peek(1)
		_ = p.w.SetReadDeadline(time.Now().Add(patience))
		if p.rng.IntN(2) == 0 {
			p.breakOff(err == nil)
			return
		}
		_ = p.w.CloseWrite()
	}
	p.read(key, breaks)
}

// breakOff goes without a word, after some more bytes if there are any.
func (p *poller) breakOff(answered bool) {
	if answered {
		_ = p.w.SetReadDeadline(time.Now().Add(time.Duration(p.rng.IntN(1000)) * time.Microsecond))
		_, _ = io.CopyN(io.Discard, p.w.br, int64(p.rng.IntN(2*serverBuffer)))
	}
	p.w.cut(p.rng)
	p.w = nil
}

// read reads the answer to its end, and compares it with the ledger's.
func (p *poller) read(key string, closing bool) {
	resp, err := p.w.response()
	if closing && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed)) {
		p.drop()
		return // the server has seen that we go
	}
	if err != nil {
		p.t.Errorf("%s: %v", key, err)
		p.drop()
		return
	}
	body, err := io.ReadAll(resp.Body)
	if closing {
		p.drop()
	}
	switch resp.StatusCode {
	case http.StatusBadRequest: // half of a request
	case http.StatusConflict: // two that we broke off are not through yet
	case http.StatusOK, http.StatusNoContent:
		e := p.ledger.take(key)
		<-e.left
		switch {
		case resp.StatusCode == http.StatusNoContent && !closing:
			p.t.Errorf("%s: got 204, want 200", key)
		case e.flushed != (len(body) > 0) || e.flushed && !bytes.Equal(body, e.written):
			p.t.Errorf("%s: got %d bytes (%v), the server gave %d (%v)", key, len(body), err, len(e.written), e.flushed)
		case closing && len(body) > 0:
			p.inherent++
		}
	default:
		p.t.Errorf("%s: got %d, want 200", key, resp.StatusCode)
	}
}

func (p *poller) drop() {
	_ = p.w.Close()
	p.w = nil
}

// finish looks at what the hub has got, and ends the connection.
func (p *poller) finish(up int) {
	if p.w != nil {
		p.drop()
	}
	p.ledger.mu.Lock()
	for _, e := range p.ledger.entries {
		select {
		case <-e.left:
			if len(e.written) > 0 && !e.flushed {
				p.again++
			}
		default:
		}
	}
	p.ledger.mu.Unlock()
	check(p.t, p.do(http.MethodPost, p.target, goodbye), http.StatusOK, "")
	for a := p.do(http.MethodGet, p.target, ""); a.status != http.StatusNotFound; a = p.do(http.MethodGet, p.target, "") {
		if a.status != http.StatusNoContent && a.body != "" && a.body != goodbye {
			p.t.Errorf("got %d %q, want the end", a.status, a.body)
		}
	}
	p.gone(p.t)
	if got, want := p.noted("lp"), (notes{count: up}); got != want {
		p.t.Errorf("notes: got %+v, want %+v", got, want)
	}
}
