package golden

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// eventStream is a Server-Sent Events response of the script.
type eventStream struct {
	own  *ownLink
	body io.ReadCloser
}

// openEventStream asks for an event stream. If the server refuses, there is its
// answer and no stream. Cancelling ctx ends the stream.
func openEventStream(ctx context.Context, url string, header http.Header) (*eventStream, *response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("opening an event stream: %w", err)
	}
	req.Header = header.Clone()
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "text/event-stream")
	}
	own := newOwnLink()
	resp, err := own.client.Do(req)
	if err != nil {
		own.release()
		return nil, nil, fmt.Errorf("opening an event stream: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		defer own.release()
		refusal, err := readResponse(resp)
		return nil, refusal, err
	}
	return &eventStream{own: own, body: resp.Body}, &response{status: resp.StatusCode, header: resp.Header}, nil
}

// pump reads until the end. It is the only reader.
func (s *eventStream) pump(to *feed) {
	r := bufio.NewReader(s.body)
	for {
		event, err := readEvent(r)
		if len(event) > 0 {
			c := chunk{event: event}
			c.data, c.err = parseEvent(event)
			to.put(c)
		}
		if errors.Is(err, io.EOF) {
			to.finish(ended{})
			return
		}
		if err != nil {
			to.finish(ended{err: err})
			return
		}
	}
}

func (s *eventStream) release() {
	s.own.release()
	_ = s.body.Close() // its connection is closed
}

// readEvent returns the bytes up to and with the next empty line; a comment
// line stands alone, since the first one has no empty line behind it.
func readEvent(r *bufio.Reader) ([]byte, error) {
	var event []byte
	for {
		line, err := r.ReadBytes('\n')
		comment := len(event) == 0 && bytes.HasPrefix(line, []byte(":"))
		event = append(event, line...)
		if err != nil || comment || len(bytes.Trim(line, "\r\n")) == 0 {
			return event, err
		}
	}
}

// parseEvent returns the payload of an event, which must be made of "data: "
// lines that end in CR LF, and an empty line. A comment has no payload.
func parseEvent(event []byte) ([]byte, error) {
	if bytes.HasPrefix(event, []byte(":")) {
		if !bytes.HasSuffix(event, []byte("\r\n")) {
			return nil, fmt.Errorf("a comment that does not end in CR LF: %q", event)
		}
		return nil, nil
	}
	lines, ok := bytes.CutSuffix(event, []byte("\r\n\r\n"))
	if !ok {
		return nil, fmt.Errorf("an event that does not end in an empty line, or not in CR LF: %s", excerpt(event))
	}
	var data [][]byte
	for line := range bytes.SplitSeq(lines, []byte("\r\n")) {
		content, ok := bytes.CutPrefix(line, []byte("data: "))
		if !ok || bytes.ContainsAny(line, "\r\n") {
			return nil, fmt.Errorf("a line of an event that is not \"data: \", payload, CR LF: %s", excerpt(event))
		}
		data = append(data, content)
	}
	return bytes.Join(data, []byte("\n")), nil
}
