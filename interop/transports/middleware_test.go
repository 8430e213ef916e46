package transports_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5/middleware"
)

// TestBehindCompression has a middleware that would compress everything leave
// event streams alone, and all else work.
func TestBehindCompression(t *testing.T) {
	t.Parallel()
	s := contractSite(t, middleware.Compress(5, "text/event-stream", "application/json", "application/octet-stream", "text/plain"))
	converse(t, s)

	plain := s.events(s.negotiate("/testhub"), "Accept-Encoding: gzip") // so the client does not unpack it
	(&client{t: t, talk: plain}).greet()

	target := s.negotiate("/testhub")
	s.polls(target).send(handshake)
	resp, err := s.open(limit(t), http.MethodGet, target, "", "Accept-Encoding: gzip")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	unpacked, err := gzip.NewReader(resp.Body)
	if err != nil || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("poll: got %v, %v, want gzip", resp.Header, err)
	}
	if got, err := io.ReadAll(unpacked); err != nil || string(got) != "{}"+rs {
		t.Errorf("poll: got %q, %v, want the handshake's answer", got, err)
	}
}

// packed is the ResponseWriter of many a hand-made middleware: it compresses
// everything, and nobody can flush or hijack what is below.
type packed struct {
	http.ResponseWriter

	gz *gzip.Writer
}

func (p *packed) Write(b []byte) (int, error) { return p.gz.Write(b) }

func (p *packed) WriteHeader(status int) {
	p.Header().Del("Content-Length")
	p.ResponseWriter.WriteHeader(status)
}

func pack(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		gz := gzip.NewWriter(w)
		defer gz.Close()
		next.ServeHTTP(&packed{w, gz}, r)
	})
}

// TestBehindAWriterThatHidesWhatItWraps has what cannot work there refused at
// once, so that clients fall back to what can, and the log say what to do.
func TestBehindAWriterThatHidesWhatItWraps(t *testing.T) {
	t.Parallel()
	s := contractSite(t, pack)
	for _, r := range requests[1:3] { // event stream, WebSocket
		check(t, s.do(http.MethodGet, s.negotiate("/testhub"), "", r.lines...), http.StatusInternalServerError, "*")
	}
	if got := countLines(s.log.String(), "level=ERROR", "Unwrap"); got != 2 {
		t.Errorf("got log %q, want two errors that say what is missing", s.log)
	}
	converse(t, s, "LongPolling")
}

// TestServerTimeouts has each transport outlive the time-outs that are meant
// for ordinary requests.
func TestServerTimeouts(t *testing.T) {
	t.Parallel()
	const timeout = 500 * time.Millisecond
	s := contractSite(t, nil, func(srv *httptest.Server) {
		srv.Config.ReadHeaderTimeout = timeout
		srv.Config.ReadTimeout = timeout
		srv.Config.WriteTimeout = timeout
		srv.Config.IdleTimeout = time.Minute // a POST on a connection that just ends would fail
	})
	var all []*client
	for _, transport := range []string{"WebSockets", "ServerSentEvents", "LongPolling"} {
		c := s.connect(transport, "/testhub").greet()
		c.send(`{"type":1,"invocationId":"1","target":"Delay","arguments":[1500,"late"]}` + rs)
		all = append(all, c)
	}
	for _, c := range all {
		if got := c.next(); !strings.Contains(got, `"result":"late"`) {
			t.Errorf("got %q, want the result", got)
		}
		if got := c.invoke("Echo", "and on"); got != "and on" {
			t.Errorf("got %v, want the echo", got)
		}
	}
}
