package transports

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// echoApp is an App that costs little.
type echoApp struct{}

func (echoApp) Connect(c *Conn) Session { return echoSession{c} }

type echoSession struct{ c *Conn }

func (s echoSession) Receive(p []byte) {
	if !s.c.TryQueue(p) {
		_ = s.c.Queue(context.Background(), p)
	}
	s.c.Flush()
}
func (s echoSession) Ended(error)    { s.c.Finish() }
func (s echoSession) Tick(time.Time) {}

// benchSocket opens a raw WebSocket to an echo server.
func benchSocket(b *testing.B) (net.Conn, *bufio.Reader) {
	b.Helper()
	e := NewEngine()
	ep, err := NewEndpoint(e, Config{}, echoApp{})
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewServer(ep)
	nc, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = nc.Close(); e.Close(); srv.Close() })
	_, _ = io.WriteString(nc, "GET /hub HTTP/1.1\r\nHost: x\r\n"+strings.Join(upgradeLines, "\r\n")+"\r\n\r\n")
	br := bufio.NewReaderSize(nc, 64<<10)
	resp, err := http.ReadResponse(br, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		b.Fatal(resp, err)
	}
	_ = resp.Body.Close()
	return nc, br
}

func benchEcho(b *testing.B, size, depth int) {
	nc, br := benchSocket(b)
	var batch []byte
	for range depth {
		batch = append(batch, clientFrame(finText, strings.Repeat("x", size))...)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := nc.Write(batch); err != nil {
			b.Fatal(err)
		}
		for left := size * depth; left > 0; {
			n := benchFrame(b, br)
			left -= n
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(depth), "ns/frame")
}

// benchFrame skips a frame and returns the length of its payload.
func benchFrame(b *testing.B, br *bufio.Reader) int {
	b.Helper()
	head, err := br.Peek(2)
	if err != nil {
		b.Fatal(err)
	}
	size, n := 2, int(head[1])
	if n == 126 {
		size = 4
		head, _ = br.Peek(4)
		n = int(head[2])<<8 | int(head[3])
	}
	if _, err := br.Discard(size + n); err != nil {
		b.Fatal(err)
	}
	return n
}

func BenchmarkEcho(b *testing.B)      { benchEcho(b, 100, 1) }
func BenchmarkEcho16(b *testing.B)    { benchEcho(b, 100, 16) }
func BenchmarkEcho4KiB(b *testing.B)  { benchEcho(b, 4096, 4) }
func BenchmarkEcho60KiB(b *testing.B) { benchEcho(b, 60<<10, 1) }

func BenchmarkLongPoll(b *testing.B) {
	e := NewEngine()
	ep, err := NewEndpoint(e, Config{}, echoApp{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(e.Close)
	_, token, err := ep.Create(httptest.NewRequest(http.MethodPost, "/", nil), 1, false)
	if err != nil {
		b.Fatal(err)
	}
	get := httptest.NewRequest(http.MethodGet, "/hub?id="+token, nil)
	ep.ServeHTTP(httptest.NewRecorder(), get)
	c := ep.find(token)
	b.ReportAllocs()
	for b.Loop() {
		c.TryQueue([]byte("x"))
		c.Wake()
		ep.ServeHTTP(httptest.NewRecorder(), get)
	}
}
