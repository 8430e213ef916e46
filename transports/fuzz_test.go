package transports

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// takeApart consumes b, given piece bytes at a time, 0 for all at once.
func takeApart(b []byte, piece int) (payload, pongs string, err error) {
	var f frameReader
	var out, pinged bytes.Buffer
	var have []byte
	for err == nil && len(b) > 0 {
		n := len(b)
		if piece > 0 {
			n = min(n, piece)
		}
		have = append(have, b[:n]...)
		b = b[n:]
		var k, rest int
		k, rest, err = f.consume(have, func(p []byte) { pinged.WriteString(string(p) + "|") })
		out.Write(have[:k])
		have = have[:copy(have, have[rest:])]
	}
	return out.String(), pinged.String(), err
}

// byLibrary reads the same bytes with coder/websocket.
func byLibrary(t *testing.T, b []byte) (payload, pongs string, err error) {
	t.Helper()
	var out, pinged bytes.Buffer
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, line := range upgradeLines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	lib, err := websocket.Accept(&fromBytes{httptest.NewRecorder(), bytes.NewReader(b)}, r, &websocket.AcceptOptions{
		OnPingReceived: func(_ context.Context, p []byte) bool {
			pinged.Write(append(bytes.Clone(p), '|'))
			return false
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lib.CloseNow() }()
	lib.SetReadLimit(-1)
	for {
		_, message, err := lib.Reader(context.Background())
		if err != nil {
			return out.String(), pinged.String(), err
		}
		// One byte at a time: what is cut off within a read comes masked.
		if _, err := io.CopyBuffer(onlyWriter{&out}, onlyReader{message}, make([]byte, 1)); err != nil {
			return out.String(), pinged.String(), err
		}
	}
}

type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)

type fromBytes struct {
	http.ResponseWriter
	in *bytes.Reader
}

func (h *fromBytes) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	nc := bytesConn{in: h.in}
	return nc, bufio.NewReadWriter(bufio.NewReader(nc), bufio.NewWriter(nc)), nil
}

type bytesConn struct {
	net.Conn
	in *bytes.Reader
}

func (c bytesConn) Read(p []byte) (int, error) { return c.in.Read(p) }
func (bytesConn) Write(p []byte) (int, error)  { return len(p), nil }
func (bytesConn) Close() error                 { return nil }

func FuzzFrames(f *testing.F) {
	for _, frames := range [][][]byte{
		{clientFrame(finText, "hello"), clientFrame(finBinary, "\xff")},
		{clientFrame(opText, "a\xe2"), clientFrame(final|opPing, "x"), clientFrame(0, "\x82"), clientFrame(finCont, "\xac")},
		{clientFrame(finBinary, strings.Repeat("x", 126)), clientFrame(finBinary, strings.Repeat("y", 70_000))},
		{clientFrame(finText, ""), clientFrame(opBinary, ""), clientFrame(finCont, "")},
		{clientFrame(final|opClose, "\x03\xe8bye")},
		{clientFrame(final|opClose, "\x03\xed")},
		{clientFrame(final|opClose, "x")},
		{clientFrame(finCont, "x")},
		{clientFrame(opText, "x"), clientFrame(finText, "x")},
		{clientFrame(finText|0x40, "x")},
		{clientFrame(opPing, "x")},
		{clientFrame(final|0x3, "x")},
		{{finText, 1, 'x'}},
		{{finText, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}},
	} {
		f.Add(bytes.Join(frames, nil), byte(3))
	}
	f.Fuzz(func(t *testing.T, b []byte, piece byte) {
		got, pongs, err := takeApart(b, 0)
		got2, pongs2, err2 := takeApart(b, int(piece))
		if got != got2 && !errors.Is(err, ErrInvalidUTF8) || pongs != pongs2 || (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
			t.Fatalf("at once: %q, %q, %v\nin pieces of %d: %q, %q, %v", got, pongs, err, piece, got2, pongs2, err2)
		}
		if errors.Is(err, ErrInvalidUTF8) {
			return // the library does not look
		}
		want, wantPongs, wantErr := byLibrary(t, b)
		if !strings.HasPrefix(got, want) || pongs != wantPongs {
			t.Fatalf("got %q, %q; the library %q, %q", got, pongs, want, wantPongs)
		}
		closed := websocket.CloseStatus(wantErr) != -1
		ended := errors.Is(wantErr, io.EOF) || errors.Is(wantErr, io.ErrUnexpectedEOF) ||
			strings.Contains(wantErr.Error(), "not read to completion") // its word for an EOF within a message
		if errors.Is(err, errPeerClosed) != closed || (err == nil) != ended {
			t.Fatalf("got %v, the library %v", err, wantErr)
		}
	})
}
