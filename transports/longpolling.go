package transports

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/hubwire/signalr/internal/bufpool"
)

const octets = "application/octet-stream"

// poll is one GET of a connection over long polling.
type poll struct {
	replaced chan struct{} // closed when a newer one has come
	done     chan struct{} // closed when it is through
}

// serveLongPoll serves a poll (transports.md, 6).
func (ep *Endpoint) serveLongPoll(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Cache-Control"] = []string{"no-cache, no-store"}
	h["Pragma"] = []string{"no-cache"}
	h["Expires"] = []string{"Thu, 01 Jan 1970 00:00:00 GMT"}
	c := ep.lookup(w, r)
	if c == nil || !ep.choose(w, c, LongPolling) {
		return
	}
	if !c.sameUser(r) { // before the running poll is disturbed
		ep.refuseUser(w, c)
		return
	}
	if !ep.refreshByPoll(w, r, c) {
		return
	}
	me, first := c.startPoll(w, r)
	if me == nil {
		return
	}
	defer c.endPoll(me)
	c.bind(r)
	rc := http.NewResponseController(w)
	withoutDeadlines(rc)
	if first {
		p := c.getPull()
		p.in.start(c.connect())
		reply(w, http.StatusOK, octets, "")
		return
	}
	c.servePoll(w, r, rc, me)
}

// startPoll makes c Active for a poll, when the poll before it, which it calls
// off, is through. If it cannot, it answers and returns nil
// (transports.md, 6.3, and 1.1, rows 8 to 10).
func (c *Conn) startPoll(w http.ResponseWriter, r *http.Request) (me *poll, first bool) {
	p := c.getPull()
	c.mu.Lock()
	before := p.poll
	if before != nil && !p.replaced {
		p.replaced = true
		close(before.replaced)
	}
	c.mu.Unlock()
	if before != nil {
		select {
		case <-before.done:
		case <-r.Context().Done():
			return nil, false
		}
	}
	me = &poll{replaced: make(chan struct{}), done: make(chan struct{})}
	c.mu.Lock()
	state := c.state
	if state == Inactive {
		first = !c.claimed
		c.state, c.claimed, c.attached = Active, true, true
		p.poll, p.replaced = me, false
	}
	c.mu.Unlock()
	if state == Disposed && before != nil {
		reply(w, http.StatusNoContent, plain, "")
		return nil, false
	}
	if !c.ep.activated(w, c, state) {
		return nil, false
	}
	return me, first
}

// endPoll makes c Inactive, or lets it go if it has come to its end.
func (c *Conn) endPoll(me *poll) {
	c.mu.Lock()
	c.attached = false
	c.pull.poll = nil
	switch c.state {
	case Active:
		c.state = Inactive
		c.lastSeen = c.ep.engine.now()
	case Inactive, Disposed:
		c.transportOver = true
	}
	over := c.transportOver
	c.mu.Unlock()
	if over {
		c.closeOut()
	}
	close(me.done)
	c.settle()
}

// servePoll answers a poll: with what is queued, as soon as anything is, or
// with the news that there is none (transports.md, 6.2).
func (c *Conn) servePoll(w http.ResponseWriter, r *http.Request, rc *http.ResponseController, me *poll) {
	timer := time.NewTimer(c.ep.pollTimeout(r))
	defer timer.Stop()
	for {
		buf, over := c.takeOut()
		switch {
		case buf != nil:
			c.answerPoll(w, r, rc, buf)
			return
		case over:
			c.ep.debug(c, "LongPolling204")
			c.end(ErrFinished) // unless it has ended already
			c.pull.in.end(true)
			reply(w, http.StatusNoContent, plain, "")
			return
		}
		select {
		case <-c.pull.wake:
		case <-me.replaced:
			c.ep.debug(c, "PollCanceled")
			reply(w, http.StatusNoContent, plain, "")
			return
		case <-r.Context().Done():
			c.ep.debug(c, "LongPollingDisconnected")
			return
		case <-timer.C:
			c.ep.debug(c, "PollTimedOut")
			reply(w, http.StatusOK, plain, "")
			return
		}
	}
}

// pollTimeout is how long a poll may wait. One that middleware has set a
// deadline for ends well before it, or the middleware would make an error of it.
func (ep *Endpoint) pollTimeout(r *http.Request) time.Duration {
	timeout := ep.cfg.LongPollingPollTimeout
	if deadline, ok := r.Context().Deadline(); ok {
		timeout = min(timeout, time.Until(deadline)*9/10)
	}
	return timeout
}

// answerPoll writes what was queued. If the client is gone before, the next
// poll gets it. What has been given to a connection that then breaks is lost,
// as nothing in the protocol tells.
func (c *Conn) answerPoll(w http.ResponseWriter, r *http.Request, rc *http.ResponseController, buf *bufpool.Buffer) {
	err := r.Context().Err()
	if err == nil {
		body := buf.B[frameRoom:]
		h := w.Header()
		h["Content-Type"] = []string{octets}
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
		err = c.writeOut(rc, func() error {
			w.WriteHeader(http.StatusOK)
			if _, err := w.Write(body); err != nil {
				return err
			}
			if err := rc.Flush(); !errors.Is(err, http.ErrNotSupported) {
				return err // it can be seen now whether it could be written
			}
			return nil
		})
	}
	if err == nil {
		c.outDone(buf)
		return
	}
	c.ep.debug(c, "LongPollingDisconnected", slog.Any("error", err))
	c.out.mu.Lock()
	c.out.putBack(buf)
	c.out.mu.Unlock()
}
