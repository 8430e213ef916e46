package golden

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

// maxBody bounds what is read of an answer.
const maxBody = 64 << 20

// response is an HTTP answer with its whole body.
type response struct {
	status int
	header http.Header
	body   []byte
}

// roundTrip sends a request on a connection of its own and reads the answer.
// sent, if not nil, is closed when the request has been written or has failed.
func roundTrip(ctx context.Context, base string, r *Request, b *Bindings, sent chan<- struct{}) (*response, error) {
	if sent != nil {
		var once sync.Once
		done := func() { once.Do(func() { close(sent) }) }
		defer done()
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			WroteRequest: func(httptrace.WroteRequestInfo) { done() },
		})
	}
	req, err := newRequest(ctx, base, r, b)
	if err != nil {
		return nil, err
	}
	own := newOwnLink()
	defer own.release()
	resp, err := own.client.Do(req)
	if err != nil {
		return nil, err
	}
	return readResponse(resp)
}

func readResponse(resp *http.Response) (*response, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	return &response{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

func newRequest(ctx context.Context, base string, r *Request, b *Bindings) (*http.Request, error) {
	path, err := b.resolve(r.Path)
	if err != nil {
		return nil, err
	}
	header, err := r.Headers.resolve(b)
	if err != nil {
		return nil, err
	}
	body, err := r.body(b)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("request of the script: %w", err)
	}
	req.Header = header
	return req, nil
}

func (r *Request) body(b *Bindings) ([]byte, error) {
	switch {
	case r.BodyHex != nil:
		body, err := hex.DecodeString(*r.BodyHex)
		if err != nil {
			return nil, fmt.Errorf("bodyHex: %w", err)
		}
		return body, nil
	case r.Body != nil:
		text, err := b.resolve(*r.Body)
		return []byte(text), err
	default:
		return nil, nil
	}
}

// resolve turns the headers of a request into what is sent.
func (h Headers) resolve(b *Bindings) (http.Header, error) {
	out := make(http.Header, len(h))
	for _, header := range h {
		if header.Value == nil {
			continue
		}
		value, err := b.resolve(*header.Value)
		if err != nil {
			return nil, err
		}
		out.Set(header.Name, value)
	}
	return out, nil
}

// started is a request that the script does not wait for yet.
type started struct {
	request *Request
	cancel  context.CancelFunc
	done    chan struct{} // closed when answer and err are set

	answer *response
	err    error
}

// start sends a request and returns once it is written, so that what the script
// does next comes later on the server too. The goroutine ends with the answer,
// at the latest when cancel is called.
func start(ctx context.Context, base string, r *Request, b *Bindings) *started {
	ctx, cancel := context.WithCancel(ctx)
	s := &started{request: r, cancel: cancel, done: make(chan struct{})}
	b = b.clone() // the script goes on meanwhile
	sent := make(chan struct{})
	go func() {
		defer close(s.done)
		s.answer, s.err = roundTrip(ctx, base, r, b, sent)
	}()
	<-sent
	return s
}

// unsent is a request that an earlier poll has answered already.
func unsent(r *Request) *started {
	s := &started{request: r, cancel: func() {}, done: make(chan struct{})}
	close(s.done)
	return s
}

// wait waits for the answer.
func (s *started) wait(ctx context.Context, within time.Duration) error {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-s.done:
		return nil
	case <-timer.C:
		return errLate
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// roundTrip is the function of that name, bounded by the step's time.
func (r *run) roundTrip(step *Step, request *Request) (*response, error) {
	ctx, cancel := context.WithTimeoutCause(r.ctx, step.within(), errLate)
	defer cancel()
	answer, err := roundTrip(ctx, r.base, request, r.bindings, nil)
	if err == nil {
		return answer, nil
	}
	if errors.Is(context.Cause(ctx), errLate) {
		err = errLate
	}
	return nil, differs("%s %s: %v", request.Method, request.Path, err)
}

// compareHead reports how status and listed headers differ, "" if they do not.
func (b *Bindings) compareHead(want *Answer, status int, header http.Header) string {
	var out strings.Builder
	if want.Status != status {
		fmt.Fprintf(&out, "  status: -%d +%d\n", want.Status, status)
	}
	for _, h := range want.Headers {
		got, present := headerValue(header, h.Name)
		switch {
		case h.Value == nil && present:
			fmt.Fprintf(&out, "  header %s: must be absent, +%q\n", h.Name, got)
		case h.Value != nil && !present:
			fmt.Fprintf(&out, "  header %s: -%q, is absent\n", h.Name, *h.Value)
		case h.Value != nil && !b.match(withoutBlanks(*h.Value), withoutBlanks(got)):
			fmt.Fprintf(&out, "  header %s: -%q +%q\n", h.Name, *h.Value, got)
		}
	}
	return out.String()
}

// headerValue joins the values of a header as HTTP allows (RFC 9110, 5.3).
func headerValue(header http.Header, name string) (string, bool) {
	values := header.Values(name)
	return strings.Join(values, ", "), len(values) > 0
}

// withoutBlanks removes the blanks beside commas and semicolons, which do not count.
func withoutBlanks(value string) string {
	for _, mark := range []string{",", ";"} {
		parts := strings.Split(value, mark)
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		value = strings.Join(parts, mark)
	}
	return value
}

// compareText reports how a body that is no series of hub messages differs.
func (b *Bindings) compareText(want, got string) string {
	if isJSON(want) {
		wantTree, err := parseJSON([]byte(want))
		if err != nil {
			return fmt.Sprintf("  expected body: %v\n", err)
		}
		gotTree, err := parseJSON([]byte(got))
		if err != nil {
			return fmt.Sprintf("  body is not the JSON that is expected: %s\n", excerpt([]byte(got)))
		}
		return b.compareValues(wantTree, gotTree)
	}
	if b.match(want, got) {
		return ""
	}
	return fmt.Sprintf("  body: -%s\n        +%s\n", excerpt([]byte(want)), excerpt([]byte(got)))
}
