package transports

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// rawSocket is a WebSocket client that can do what the library does not let
// one do.
type rawSocket struct {
	t  *testing.T
	nc net.Conn
	br *bufio.Reader
}

// dialRaw opens a WebSocket and sends first right behind the request.
func (s *site) dialRaw(first []byte) *rawSocket {
	s.t.Helper()
	nc, err := net.Dial("tcp", strings.TrimPrefix(s.srv.URL, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	request := "GET /hub HTTP/1.1\r\nHost: x\r\n" + strings.Join(upgradeLines, "\r\n") + "\r\n\r\n"
	if _, err := nc.Write(append([]byte(request), first...)); err != nil {
		s.t.Fatal(err)
	}
	r := &rawSocket{s.t, nc, bufio.NewReader(nc)}
	resp, err := http.ReadResponse(r.br, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		s.t.Fatalf("got %v, %v; want 101", resp, err)
	}
	_ = resp.Body.Close()
	return r
}

// clientFrame makes a masked frame; flags is the first byte.
func clientFrame(flags byte, payload string) []byte {
	b := make([]byte, 14, 14+len(payload))
	putHeader(b, 0, len(payload))
	n := headerSize(len(payload))
	b[0] = flags
	b[1] |= 0x80
	mask := []byte{1, 2, 3, 4}
	b = append(b[:n], mask...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i%4])
	}
	return b
}

func (r *rawSocket) write(frames ...[]byte) {
	r.t.Helper()
	if _, err := r.nc.Write(bytes.Join(frames, nil)); err != nil {
		r.t.Fatal(err)
	}
}

// read returns the next frame.
func (r *rawSocket) read() (first byte, payload string) {
	r.t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(r.br, head); err != nil {
		r.t.Fatal(err)
	}
	n := int(head[1])
	for range map[int]int{126: 2, 127: 8}[n] {
		b, err := r.br.ReadByte()
		if err != nil {
			r.t.Fatal(err)
		}
		if n == 126 || n == 127 {
			n = 0
		}
		n = n<<8 | int(b)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r.br, body); err != nil {
		r.t.Fatal(err)
	}
	return head[0], string(body)
}

// expectClose reads a close frame of this code without a reason, and then the
// end of the connection.
func (r *rawSocket) expectClose(code uint16) {
	r.t.Helper()
	first, payload := r.read()
	if want := string([]byte{byte(code >> 8), byte(code)}); first != final|opClose || payload != want {
		r.t.Errorf("got frame %#x %q, want a close frame of %d without a reason", first, payload, code)
	}
	if b, err := r.br.ReadByte(); err == nil {
		r.t.Errorf("got byte %#x after the close frame, want the end", b)
	}
}

const (
	finText   = final | opText
	finBinary = final | opBinary
	finCont   = final
)

func TestCloseCodeIsAlways1000(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp())
	for _, payload := range []string{"", "\x03\xe8", "\x03\xe9bye", "\x0b\xb8", "\x13\x87x", "\x03\xea"} {
		r := s.dialRaw(nil)
		session := s.app.next(t)
		r.write(clientFrame(final|opClose, payload))
		r.expectClose(1000)
		if err := session.awaitEnded(t); err != nil {
			t.Errorf("Ended got %v, want nil", err)
		}
		if cause := context.Cause(session.c.Context()); !errors.Is(cause, ErrClosedByClient) {
			t.Errorf("got cause %v, want %v", cause, ErrClosedByClient)
		}
	}
}

func TestProtocolViolationsClose(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp())
	unmasked := []byte{finText, 1, 'x'}
	for name, tt := range map[string]struct {
		frames [][]byte
		code   uint16
		echoed bool
	}{
		"invalid UTF-8":                        {[][]byte{clientFrame(finText, "a\xffb")}, 1007, false},
		"invalid UTF-8 over fragments":         {[][]byte{clientFrame(opText, "a\xe2"), clientFrame(finCont, "(")}, 1007, true},
		"text ends within a character":         {[][]byte{clientFrame(finText, "a\xe2\x82")}, 1007, false},
		"continuation without a beginning":     {[][]byte{clientFrame(finCont, "a")}, 1002, false},
		"beginning within a message":           {[][]byte{clientFrame(opText, "a"), clientFrame(finText, "b")}, 1002, true},
		"reserved bits":                        {[][]byte{clientFrame(finText|0x40, "a")}, 1002, false},
		"unknown opcode":                       {[][]byte{clientFrame(final|3, "a")}, 1002, false},
		"unmasked":                             {[][]byte{unmasked}, 1002, false},
		"fragmented ping":                      {[][]byte{clientFrame(0x9, "a")}, 1002, false},
		"long ping":                            {[][]byte{clientFrame(final|0x9, strings.Repeat("x", 126))}, 1002, false},
		"close with half a code":               {[][]byte{clientFrame(final|opClose, "x")}, 1002, false},
		"close with a code that is never sent": {[][]byte{clientFrame(final|opClose, "\x03\xed")}, 1002, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.dialRaw(clientFrame(finBinary, "before"))
			r.t = t
			session := s.app.next(t)
			if _, got := r.read(); got != "before" {
				t.Errorf("got %q, want the echo", got)
			}
			r.write(tt.frames...)
			if tt.echoed {
				_, _ = r.read() // what was good of it
			}
			r.expectClose(tt.code)
			err := session.awaitEnded(t)
			if !errors.Is(err, ErrProtocol) || errors.Is(err, ErrInvalidUTF8) != (tt.code == 1007) {
				t.Errorf("Ended got %v", err)
			}
		})
	}
}

func TestTextInPieces(t *testing.T) {
	t.Parallel()
	const text = "aé€𝄞z"
	for cut := range len(text) {
		for cut2 := cut; cut2 < len(text); cut2++ {
			var u utf8Checker
			if !u.write([]byte(text[:cut])) || !u.write([]byte(text[cut:cut2])) || !u.write([]byte(text[cut2:])) || !u.end() {
				t.Fatalf("cut at %d and %d: got false, want true", cut, cut2)
			}
		}
	}
	s := newSite(t, Config{}, newFakeApp())
	r := s.dialRaw(nil)
	session := s.app.next(t)
	for i := range len(text) {
		flags := byte(0)
		if i == 0 {
			flags = opText
		}
		r.write(clientFrame(flags, text[i:i+1]), clientFrame(final|0x9, "ping"))
	}
	r.write(clientFrame(finCont, ""))
	if got := session.awaitReceived(t, len(text)); got != text {
		t.Errorf("got %q, want %q", got, text)
	}
}

func TestBytesReadAheadAreNotLost(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp())
	long := strings.Repeat("x", 3000)
	first := bytes.Join([][]byte{clientFrame(finText, "a"), clientFrame(opBinary, "b"), clientFrame(finCont, long)}, nil)
	for _, cut := range []int{0, 1, 5, 10, len(first) - 1, len(first)} {
		r := s.dialRaw(first[:cut])
		session := s.app.next(t)
		r.write(first[cut:])
		if got := session.awaitReceived(t, 2+len(long)); got != "ab"+long {
			t.Errorf("cut at %d: got %d bytes, want %d", cut, len(got), 2+len(long))
		}
	}
}

func TestAFrameIsReadAsItArrives(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp())
	r := s.dialRaw(nil)
	session := s.app.next(t)
	frame := clientFrame(finText, "hello\x1eworld")
	r.write(frame[:len(frame)-5])
	if got := session.awaitReceived(t, 6); got != "hello\x1e" {
		t.Errorf("got %q, want what has come of the frame", got)
	}
	r.write(frame[len(frame)-5:])
	if got := session.awaitReceived(t, 11); got != "hello\x1eworld" {
		t.Errorf("got %q", got)
	}
}

func TestPipelinedFramesAreDeliveredTogether(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp())
	r := s.dialRaw(nil)
	session := s.app.next(t)
	var frames [][]byte
	for range 20 {
		frames = append(frames, clientFrame(finText, "0123456789"))
	}
	// A part of another is behind them: they must not wait for the rest of it.
	next := clientFrame(finText, "next")
	r.write(append(frames, next[:3])...)
	if _, got := r.read(); got != strings.Repeat("0123456789", 20) {
		t.Errorf("got %d bytes in the first message, want all 20 answers", len(got))
	}
	session.mu.Lock()
	if len(session.pieces) != 1 {
		t.Errorf("got %d calls of Receive, want 1", len(session.pieces))
	}
	session.mu.Unlock()
	r.write(next[3:])
	if _, got := r.read(); got != "next" {
		t.Errorf("got %q, want the echo of the last", got)
	}
}

func TestPings(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp())
	r := s.dialRaw(nil)
	ping := clientFrame(final|0x9, "are you there")
	r.write(ping[:7])
	r.write(ping[7:], clientFrame(final|opPong, "unasked"), clientFrame(finText, "x"))
	if first, got := r.read(); first != final|opPong || got != "are you there" {
		t.Errorf("got frame %#x %q, want a pong", first, got)
	}
	if _, got := r.read(); got != "x" {
		t.Errorf("got %q, want the echo", got)
	}
}

func TestMessagesToTheClient(t *testing.T) {
	t.Parallel()
	app := newFakeApp()
	s := newSite(t, Config{TransportMaxBufferSize: NoLimit}, app)
	r := s.dialRaw(nil)
	c := app.next(t).c
	expect := func(first byte, want string) {
		t.Helper()
		if op, got := r.read(); op != first || got != want {
			t.Errorf("got frame %#x of %d bytes, want %#x of %d", op, len(got), first, len(want))
		}
	}
	for _, n := range []int{1, 125, 126, 127, 65535, 65536, 300_000} {
		text := strings.Repeat("x", n)
		c.TryQueue([]byte(text))
		c.Wake()
		expect(finText, text)
		c.TryQueue([]byte(text[:n/2]))
		c.TryQueue([]byte(text[n/2:]))
		c.Flush()
		expect(finText, text)
	}
	c.TryQueue([]byte("{}"))
	c.SetBinary()
	c.SetBinary()
	c.TryQueue([]byte{0, 0xff})
	c.Flush()
	expect(finText, "{}")
	expect(finBinary, "\x00\xff")
	c.TryQueue([]byte("b"))
	c.Flush()
	expect(finBinary, "b")
	if !c.SupportsBinary() || c.InherentKeepAlive() || c.Transport() != "WebSockets" {
		t.Errorf("got %v, %v, %q", c.SupportsBinary(), c.InherentKeepAlive(), c.Transport())
	}
}

func TestBinaryBeforeAnythingIsQueuedOrWithNothingBehind(t *testing.T) {
	t.Parallel()
	app := newFakeApp()
	s := newSite(t, Config{}, app)
	r := s.dialRaw(nil)
	c := app.next(t).c
	c.TryQueue([]byte("text"))
	c.SetBinary()
	c.Flush()
	if op, got := r.read(); op != finText || got != "text" {
		t.Errorf("got frame %#x %q, want text: it was queued before", op, got)
	}

	r = s.dialRaw(nil)
	c = app.next(t).c
	c.SetBinary()
	c.TryQueue([]byte("binary"))
	c.Flush()
	if op, got := r.read(); op != finBinary || got != "binary" {
		t.Errorf("got frame %#x %q, want binary", op, got)
	}
}

func TestFinishWritesWhatIsQueuedAndCloses(t *testing.T) {
	t.Parallel()
	app := newFakeApp()
	s := newSite(t, Config{}, app)
	r := s.dialRaw(nil)
	session := app.next(t)
	session.c.TryQueue([]byte("last words"))
	session.c.Finish()
	session.c.TryQueue([]byte("too late?"))
	if _, got := r.read(); got != "last words" && got != "last wordstoo late?" {
		t.Errorf("got %q", got)
	}
	first, payload := r.read()
	if first != final|opClose || payload != "\x03\xe8" {
		t.Fatalf("got frame %#x %q, want code 1000", first, payload)
	}
	r.write(clientFrame(finText, "still talking"), clientFrame(final|opClose, "\x03\xe8"))
	if b, err := r.br.ReadByte(); err == nil {
		t.Errorf("got byte %#x, want the end", b)
	}
	if err := session.awaitEnded(t); err != nil {
		t.Errorf("Ended got %v, want nil", err)
	}
	if got := session.received(); got != "" {
		t.Errorf("the App got %q after Finish", got)
	}
	if cause := context.Cause(session.c.Context()); !errors.Is(cause, ErrFinished) {
		t.Errorf("got cause %v, want %v", cause, ErrFinished)
	}
	await(t, s.ep.conns.quiet(), "the table to be empty")
}

func TestAbortIs1006(t *testing.T) {
	t.Parallel()
	app := newFakeApp()
	s := newSite(t, Config{}, app)
	ws := s.dial("-")
	session := app.next(t)
	ctx := session.c.Context()
	session.c.TryQueue([]byte("never sent"))
	why := errors.New("why")
	session.c.Abort(why)
	session.c.Abort(errors.New("again"))
	if _, p, err := ws.Read(limit(t)); err == nil || websocket.CloseStatus(err) != -1 {
		t.Errorf("got %q, %v; want an end without a close frame", p, err)
	}
	if err := session.awaitEnded(t); err != nil {
		t.Errorf("Ended got %v, want nil", err)
	}
	if context.Cause(ctx) != why || context.Cause(session.c.Context()) != why { //nolint:errorlint // this very one
		t.Errorf("got cause %v, want %v", context.Cause(ctx), why)
	}
	if !session.c.TryQueue([]byte("x")) || session.c.Queue(context.Background(), []byte("x")) != nil {
		t.Error("an ended connection must drop what is queued")
	}
	session.c.Flush()
	session.c.Wake()
	await(t, s.ep.conns.quiet(), "the table to be empty")
	if got := session.c.State(); got != Disposed {
		t.Errorf("got state %d, want Disposed", got)
	}
}

func TestAbortDuringConnect(t *testing.T) {
	t.Parallel()
	app := newFakeApp()
	app.onConnect = func(s *fakeSession) { s.c.Abort(nil) }
	s := newSite(t, Config{}, app)
	ws := s.dial("-")
	session := app.next(t)
	_ = session.awaitEnded(t)
	if cause := context.Cause(session.c.Context()); !errors.Is(cause, context.Canceled) {
		t.Errorf("got cause %v, want %v", cause, context.Canceled)
	}
	_, _, _ = ws.Read(limit(t))
	id := s.negotiate()
	events := s.openEvents(id)
	_ = app.next(t).awaitEnded(t)
	_, _ = events.rest()
	id = s.negotiate()
	checkAnswer(t, s.send(http.MethodGet, id, ""), 200, octets, "")
	_ = app.next(t).awaitEnded(t)
	await(t, s.ep.conns.quiet(), "the table to be empty")
}

func TestConnectionLost(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{}, newFakeApp())
	r := s.dialRaw(nil)
	session := s.app.next(t)
	r.write(clientFrame(finText, "last"), []byte{finText})
	_ = r.nc.(*net.TCPConn).CloseWrite()
	if _, got := r.read(); got != "last" {
		t.Errorf("got %q, want the echo", got)
	}
	r.expectClose(1000) // there is somebody to read it
	if err := session.awaitEnded(t); err != nil {
		t.Errorf("Ended got %v, want nil", err)
	}
	if cause := context.Cause(session.c.Context()); !errors.Is(cause, ErrConnectionLost) {
		t.Errorf("got cause %v, want %v", cause, ErrConnectionLost)
	}
}

func TestCloseTimeoutOfARealSocket(t *testing.T) {
	t.Parallel()
	app := newFakeApp()
	s := newSite(t, Config{WebSocketCloseTimeout: 100 * time.Millisecond}, app)
	r := s.dialRaw(nil)
	session := app.next(t)
	session.c.Finish()
	r.expectClose(1000) // and the end, though there is no answer
	if err := session.awaitEnded(t); err != nil {
		t.Errorf("Ended got %v, want nil", err)
	}
}

// An idle WebSocket is one goroutine, its reader.
func TestGoroutinesOfIdleConnections(t *testing.T) { //nolint:paralleltest // it counts goroutines
	const n = 50
	s := newSite(t, Config{}, newFakeApp())
	_ = s.dialRaw(nil)
	s.app.next(t)
	readers := func() int {
		buf := make([]byte, 4<<20)
		return strings.Count(string(buf[:runtime.Stack(buf, true)]), "(*webSocket).run")
	}
	before, readersBefore := runtime.NumGoroutine(), readers()
	for range n {
		r := s.dialRaw(clientFrame(finText, "x"))
		s.app.next(t)
		r.read()
	}
	until(t, "the handlers of the upgrades to return, and one goroutine each to be left", func() bool {
		return runtime.NumGoroutine() <= before+n
	})
	if got := readers() - readersBefore; got != n {
		t.Errorf("got %d readers, want %d", got, n)
	}
}

func TestEngineCloseEndsEverything(t *testing.T) {
	t.Parallel()
	app := newFakeApp()
	s := newSite(t, Config{}, app)
	_ = s.dial("-")
	_ = s.openEvents(s.negotiate())
	checkAnswer(t, s.send(http.MethodGet, s.negotiate(), ""), 200, octets, "")
	_ = s.negotiate()
	sessions := []*fakeSession{app.next(t), app.next(t), app.next(t)}
	s.eng.Close()
	s.eng.Close()
	for _, session := range sessions {
		_ = session.awaitEnded(t)
	}
	await(t, s.ep.conns.quiet(), "the table to be empty")
	if got := s.ep.Stats(); got != (Stats{}) {
		t.Errorf("got %+v, want zero", got)
	}
	checkAnswer(t, s.send(http.MethodGet, "-", "", upgradeLines...), 503, plain, "")
}

func ExampleEndpoint() {
	engine := NewEngine()
	defer engine.Close()
	endpoint, err := NewEndpoint(engine, Config{Transports: WebSockets}, newFakeApp())
	if err != nil {
		fmt.Println(err)
		return
	}
	http.NewServeMux().Handle("/echo", endpoint)
	fmt.Println(endpoint.Stats().WebSockets)
	// Output: 0
}
