package transports_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestOverHTTP2 has event streams and polls work over HTTP/2, with TLS and
// without, and WebSockets over HTTP/1.1 on the same listener.
func TestOverHTTP2(t *testing.T) {
	t.Parallel()
	t.Run("TLS", func(t *testing.T) {
		t.Parallel()
		s := contractSite(t, nil, func(srv *httptest.Server) {
			srv.EnableHTTP2 = true
			srv.StartTLS()
		})
		trusted := s.http.Transport.(*http.Transport).TLSClientConfig.RootCAs
		speakHTTP2(t, s, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}})
	})
	t.Run("h2c", func(t *testing.T) {
		t.Parallel()
		s := contractSite(t, nil, func(srv *httptest.Server) {
			srv.Config.Protocols = new(http.Protocols)
			srv.Config.Protocols.SetHTTP1(true)
			srv.Config.Protocols.SetUnencryptedHTTP2(true)
		})
		h2c := &http.Transport{Protocols: new(http.Protocols)}
		h2c.Protocols.SetUnencryptedHTTP2(true)
		s.http = &http.Client{Transport: h2c}
		speakHTTP2(t, s, &http.Transport{})
	})
}

// speakHTTP2 uses s, whose client speaks HTTP/2, and http1 beside it.
func speakHTTP2(t *testing.T, s *site, http1 *http.Transport) {
	t.Helper()
	t.Cleanup(http1.CloseIdleConnections)
	s.sockets = &http.Client{Transport: http1}
	resp, err := s.open(limit(t), http.MethodGet, "/healthz", "")
	if err != nil || resp.ProtoMajor != 2 {
		t.Fatalf("got %v, %v, want HTTP/2", resp, err)
	}
	_ = resp.Body.Close()
	converse(t, s)

	// A poll that the client cancels, on a connection that stays.
	c := s.connect("LongPolling", "/testhub").greet()
	target := c.talk.(*pollTalk).target
	ctx, cancel := context.WithCancel(limit(t))
	ended := make(chan error, 1)
	go func() { // ends when ctx does
		_, err := s.try(ctx, http.MethodGet, target, "")
		ended <- err
	}()
	cancel()
	if err := <-ended; err == nil {
		t.Error("the poll was answered, want it cancelled")
	}
	if got := c.invoke("Echo", "not lost"); got != "not lost" {
		t.Errorf("got %v, want the echo", got)
	}
	c.close()
}
