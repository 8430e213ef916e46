package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// redisServer is a real Redis of one test.
type redisServer struct {
	tb   testing.TB
	addr string
	args []string
	cmd  *exec.Cmd // nil while it is not running
}

// startRedis starts a Redis on a free port, with nothing on disk.
func startRedis(tb testing.TB, args ...string) *redisServer {
	tb.Helper()
	s := newRedis(tb, args...)
	s.start()
	return s
}

// newRedis chooses a port for a Redis that is to be started later.
func newRedis(tb testing.TB, args ...string) *redisServer {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		tb.Fatal("these tests need a real Redis: apt-get install redis-server")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	addr := listener.Addr().String()
	_ = listener.Close()
	s := &redisServer{tb: tb, addr: addr, args: args}
	tb.Cleanup(s.kill)
	return s
}

func (s *redisServer) start() {
	s.tb.Helper()
	_, port, _ := net.SplitHostPort(s.addr)
	args := append([]string{
		"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", s.tb.TempDir(), "--loglevel", "warning",
	}, s.args...)
	cmd := exec.Command("redis-server", args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	s.cmd = cmd
	eventually(s.tb, "Redis accepts connections", func() bool {
		conn, err := net.Dial("tcp", s.addr)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// kill ends Redis at once. To kill it twice is fine.
func (s *redisServer) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// freeze stops Redis as a debugger would; thaw has it go on.
func (s *redisServer) freeze() { s.signal(syscall.SIGSTOP) }
func (s *redisServer) thaw()   { s.signal(syscall.SIGCONT) }

func (s *redisServer) signal(sig syscall.Signal) {
	s.tb.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.tb.Fatal(err)
	}
}

// client returns a client of this Redis, closed when the test ends.
func (s *redisServer) client() *goredis.Client {
	c := goredis.NewClient(&goredis.Options{Addr: s.addr})
	s.tb.Cleanup(func() {
		if err := c.Close(); err != nil && !errors.Is(err, goredis.ErrClosed) {
			s.tb.Error(err)
		}
	})
	return c
}

// do runs a command.
func (s *redisServer) do(args ...any) any {
	s.tb.Helper()
	c := goredis.NewClient(&goredis.Options{Addr: s.addr})
	defer c.Close()
	reply, err := c.Do(context.Background(), args...).Result()
	if err != nil {
		s.tb.Fatalf("%v: %v", args, err)
	}
	return reply
}

// subscribers returns how many subscribers a channel has.
func (s *redisServer) subscribers(channel string) int {
	c := goredis.NewClient(&goredis.Options{Addr: s.addr})
	defer c.Close()
	return int(c.PubSubNumSub(context.Background(), channel).Val()[channel])
}

// channels returns all channels with subscribers.
func (s *redisServer) channels() []string {
	c := goredis.NewClient(&goredis.Options{Addr: s.addr})
	defer c.Close()
	return c.PubSubChannels(context.Background(), "*").Val()
}

// patience is how long the tests wait for what must come.
const patience = 20 * time.Second

// eventually waits until something observable is so.
func eventually(tb testing.TB, what string, so func() bool) {
	tb.Helper()
	within(tb, patience, what, so)
}

// within is eventually with a limit that is part of the rule.
func within(tb testing.TB, limit time.Duration, what string, so func() bool) {
	tb.Helper()
	deadline := time.Now().Add(limit)
	for !so() {
		if time.Now().After(deadline) {
			tb.Fatalf("waited %v in vain: %s", limit, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func freePort(tb testing.TB) int {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	_, text, _ := net.SplitHostPort(listener.Addr().String())
	port, err := strconv.Atoi(text)
	if err != nil {
		tb.Fatal(fmt.Errorf("a port: %w", err))
	}
	return port
}
