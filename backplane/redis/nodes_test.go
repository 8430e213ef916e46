package redis

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/interop/conformance/contract"
	goredis "github.com/redis/go-redis/v9"
)

// goNode is a conformance server in this process, as a node of a fleet.
type goNode struct {
	url       string
	server    *contract.Server
	backplane *Backplane
	stop      func() // ends it; twice is fine
}

func startGo(tb testing.TB, redisAddr string, options ...Option) *goNode {
	tb.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: redisAddr})
	return startGoWith(tb, client, options...)
}

func startGoWith(tb testing.TB, client goredis.UniversalClient, options ...Option) *goNode {
	tb.Helper()
	n := &goNode{backplane: New(client, append([]Option{quiet}, options...)...)}
	n.server = contract.New(slog.New(slog.DiscardHandler), func() {}, signalr.LifetimeManager(n.backplane.Manager))
	web := httptest.NewServer(n.server.Handler)
	n.url = web.URL
	stopped := false
	n.stop = func() {
		if stopped {
			return
		}
		stopped = true
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := n.server.SignalR.Shutdown(ctx); err != nil {
			tb.Errorf("shutdown: %v", err)
		}
		web.Close()
		_ = client.Close()
	}
	tb.Cleanup(n.stop)
	return n
}

// healthy waits until the node hears everything.
func (n *goNode) healthy(tb testing.TB) {
	tb.Helper()
	eventually(tb, "the node is healthy", n.backplane.Healthy)
}

// refserver returns the path of the real server.
func refserver(tb testing.TB) string {
	tb.Helper()
	path := os.Getenv("HUBWIRE_REFSERVER")
	if path == "" {
		path = filepath.Join("..", "..", "..", "shared", "reference", "refserver")
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("no real server to test a mixed fleet with: %v", err)
		}
		tb.Skipf("no real server to test a mixed fleet with (set HUBWIRE_REFSERVER): %v", err)
	}
	return path
}

// startNET starts an ASP.NET Core node and returns its URL.
func startNET(tb testing.TB, redisAddr string, args ...string) string {
	tb.Helper()
	url, _ := startNETProcess(tb, redisAddr, args...)
	return url
}

func startNETProcess(tb testing.TB, redisAddr string, args ...string) (url string, pid int) {
	tb.Helper()
	args = append([]string{"conformance", "--addr", "127.0.0.1:0", "--redis", redisAddr}, args...)
	cmd := exec.Command(refserver(tb), args...)
	cmd.Env = append(os.Environ(), "Logging__LogLevel__Default=None")
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		killer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer killer.Stop()
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
			tb.Errorf("the real server: %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		tb.Fatalf("the real server did not start: %v", err)
	}
	_, url, ok := strings.Cut(strings.TrimSpace(line), "listening on ")
	if !ok {
		tb.Fatalf("the real server said %q", line)
	}
	return url, cmd.Process.Pid
}
