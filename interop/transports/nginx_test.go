package transports_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nginxConfig is what the documentation tells users to write, no more: the
// server asks for what else it needs (X-Accel-Buffering).
const nginxConfig = `
daemon off;
pid %[1]s/pid;
error_log stderr warn;
worker_processes 1;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	gzip on;
	gzip_types *;
	map $http_upgrade $connection_upgrade {
		default upgrade;
		'' '';
	}
	server {
		listen %[2]s;
		location / {
			proxy_pass http://%[3]s;
			proxy_http_version 1.1;
			proxy_set_header Host $host;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection $connection_upgrade;
			proxy_read_timeout 100s;
			client_max_body_size 4m;
		}
	}
}
`

// behindNginx returns s as a client sees it through a real nginx.
func (s *site) behindNginx() *site {
	s.t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/nginx")
	}
	if err != nil {
		const message = "no nginx here, so nothing is tested behind a proxy: apt-get install nginx-light"
		if os.Getenv("CI") == "true" {
			s.t.Fatal(message)
		}
		s.t.Skip(message)
	}
	dir := s.t.TempDir()
	addr := freeAddr(s.t)
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(nginxConfig, dir, addr, s.addr)
	if os.Geteuid() == 0 {
		text = "user root;" + text // else its workers may not write to dir
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	log := &syncBuffer{}
	cmd := exec.Command(program, "-p", dir, "-c", config)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true}
	s.t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = cmd.Process.Signal(syscall.SIGTERM) // stops at once
		if err := cmd.Wait(); err != nil {
			s.t.Errorf("nginx: %v\n%s", err, log)
		}
	})
	awaitListener(s.t, addr, log)
	return &site{t: s.t, srv: s.srv, url: "http://" + addr, addr: addr, http: &http.Client{Transport: transport}, log: log}
}

// freeAddr returns an address that nobody listens on, most likely.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func awaitListener(t *testing.T, addr string, log *syncBuffer) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for ctx := limit(t); ; {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("nginx does not listen: %v\n%s", err, log)
		}
	}
}

// TestBehindNginx has every transport work through a real proxy with the
// configuration that the documentation shows, compression switched on.
func TestBehindNginx(t *testing.T) {
	t.Parallel()
	s := contractSite(t, nil).behindNginx()
	t.Run("conversations", func(t *testing.T) { converse(t, s) })
	t.Run("events come at once", func(t *testing.T) {
		c := &client{t: t, talk: s.events(s.negotiate("/testhub"), "Accept-Encoding: gzip")}
		c.greet()
		c.send(`{"type":4,"invocationId":"1","target":"InfiniteCounter","arguments":[20]}` + rs)
		for i := range 5 { // far less than any buffer would hold back
			want := fmt.Sprintf(`{"type":2,"invocationId":"1","item":%d}`, i)
			if got := c.next(); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	})
	t.Run("a poll waits", func(t *testing.T) {
		c := s.connect("LongPolling", "/testhub").greet()
		if got := c.invoke("Delay", 1500, "later"); got != "later" {
			t.Errorf("got %v, want the answer", got)
		}
		c.close()
	})
	t.Run("many messages", func(t *testing.T) {
		const count = 2000
		for _, transport := range []string{"WebSockets", "ServerSentEvents", "LongPolling"} {
			c := s.connect(transport, "/testhub").greet()
			c.send(fmt.Sprintf(`{"type":1,"target":"Burst","arguments":[%d]}`+rs, count))
			for i := range count {
				want := fmt.Sprintf(`{"type":1,"target":"Item","arguments":[%d]}`, i)
				if got := c.next(); got != want {
					t.Fatalf("%s: got %q, want %q", transport, got, want)
				}
			}
			c.close()
		}
	})
	t.Run("refusals keep their bodies", func(t *testing.T) {
		check(t, s.do(http.MethodGet, "/testhub?id=x", ""), http.StatusNotFound, "No Connection with that ID")
		if got := s.do(http.MethodPost, "/testhub?id=x", string(bytes.Repeat([]byte("x"), 5<<20))); got.status != http.StatusRequestEntityTooLarge ||
			!strings.Contains(got.body, "nginx") {
			t.Errorf("got %d %.100q, want nginx's own 413", got.status, got.body)
		}
	})
}

// TestAClientThatGoesBehindNginx has the hub know when a client is gone,
// although its connection is the proxy's.
func TestAClientThatGoesBehindNginx(t *testing.T) {
	t.Parallel()
	c := newChaos(t, nil)
	c.site = c.behindNginx()
	for _, transport := range []string{"WebSockets", "ServerSentEvents"} {
		target := c.negotiate("/chaos") + "&name=" + transport + "&count=3"
		var one *client
		if transport == "WebSockets" {
			one = &client{t: t, talk: c.webSocket(target)}
		} else {
			one = &client{t: t, talk: c.events(target)}
		}
		one.greet()
		if got := one.next(); !strings.Contains(got, "[0]") {
			t.Errorf("%s: got %q, want the first message", transport, got)
		}
		one.talk.close()
		c.gone(t)
	}
}
