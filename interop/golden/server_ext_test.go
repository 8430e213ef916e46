package golden_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	conformance = "github.com/hubwire/signalr/interop/conformance"

	startTime = 60 * time.Second // until the ready line; the real server unpacks itself first
	stopTime  = 5 * time.Second  // from SIGTERM to the end, as the contract has it
)

// servers hands out server processes, each to one scenario at a time, and
// starts new ones when all are busy.
type servers struct {
	command []string

	mu   sync.Mutex
	idle []*server // guarded by mu

	// starting is held while a server starts: one after the other is gentler
	// to a small machine than all at once, and where one cannot start there
	// is no use in trying more.
	starting sync.Mutex
	broken   bool // guarded by starting
}

// newServers builds our server, unless the real one is asked for. All processes
// are stopped when t and its subtests are over.
func newServers(t *testing.T) *servers {
	t.Helper()
	s := &servers{command: []string{*reference, "conformance", "--addr", "127.0.0.1:0"}}
	if *reference == "" {
		s.command = []string{build(t), "--addr", "127.0.0.1:0"}
	}
	t.Cleanup(func() {
		var stopping sync.WaitGroup
		for _, server := range s.idle {
			stopping.Go(func() { server.stop(t) })
		}
		stopping.Wait()
	})
	return s
}

// build makes the conformance server. That it cannot be built is a failure: a
// judge that finds nobody to judge must not acquit.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "conformance")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	args := []string{"build", "-o", binary}
	if raceEnabled {
		args = append(args, "-race")
	}
	out, err := exec.CommandContext(t.Context(), "go", append(args, conformance)...).CombinedOutput()
	if err != nil {
		t.Fatalf("building the conformance server: %v\n%s", err, out)
	}
	return binary
}

// take returns a server for the caller alone.
func (s *servers) take(t *testing.T, fresh bool) *server {
	t.Helper()
	s.mu.Lock()
	if n := len(s.idle); n > 0 && !fresh {
		server := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		server.log.take() // what it wrote before is not about this scenario
		return server
	}
	s.mu.Unlock()
	s.starting.Lock()
	defer s.starting.Unlock()
	if s.broken {
		t.Fatal("no server: another could not be started before")
	}
	s.broken = true // startServer does not return if it fails
	server := startServer(t, s.command)
	s.broken = false
	return server
}

// giveBack returns what the server wrote meanwhile. A server that is gone is a
// failure, unless the scenario was to end it.
func (s *servers) giveBack(t *testing.T, server *server, ends bool) string {
	t.Helper()
	if ends {
		server.expectExit(t)
		return server.log.take()
	}
	log := server.log.take()
	select {
	case <-server.exited:
		t.Errorf("the server ended during the scenario: %v\n%s", server.exitErr, log)
		return log
	default:
	}
	s.mu.Lock()
	s.idle = append(s.idle, server)
	s.mu.Unlock()
	return log
}

// server is a process of its own.
type server struct {
	url     string
	cmd     *exec.Cmd
	log     *lastBytes
	exited  chan struct{} // closed when the process has ended and exitErr is set
	exitErr error
}

func startServer(t *testing.T, command []string) *server {
	t.Helper()
	s := &server{log: &lastBytes{}, exited: make(chan struct{})}
	s.cmd = exec.Command(command[0], command[1:]...)
	s.cmd.Stderr = s.log
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("starting a server: %v", err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("starting a server: %v", err)
	}
	ready := make(chan string, 1)
	go func() { // ends when the process does
		defer close(s.exited)
		lines := bufio.NewReader(stdout)
		line, _ := lines.ReadString('\n') // without a line there is no address either
		ready <- strings.TrimSpace(line)
		_, _ = io.Copy(s.log, lines) // until the process ends
		s.exitErr = s.cmd.Wait()
	}()
	timer := time.NewTimer(startTime)
	defer timer.Stop()
	select {
	case line := <-ready:
		url, ok := strings.CutPrefix(line, "listening on ")
		if !ok {
			s.kill()
			t.Fatalf("the server is not ready, it printed %q\n%s", line, s.log.take())
		}
		s.url = url
	case <-timer.C:
		s.kill()
		t.Fatalf("the server is not ready after %v\n%s", startTime, s.log.take())
	}
	return s
}

// stop ends the process with SIGTERM.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.kill() // Windows has no SIGTERM
		return
	}
	s.expectExit(t)
}

// expectExit waits for the end of a process that was asked for it, and forces
// it when its time is over. Ours must end in time and with status 0.
func (s *server) expectExit(t *testing.T) {
	t.Helper()
	timer := time.NewTimer(stopTime)
	defer timer.Stop()
	select {
	case <-s.exited:
		if s.exitErr != nil && *reference == "" {
			t.Errorf("the server ended with %v\n%s", s.exitErr, s.log.take())
		}
	case <-timer.C:
		s.kill()
		if *reference == "" {
			t.Errorf("the server did not end within %v\n%s", stopTime, s.log.take())
		}
	}
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may have ended by itself
	<-s.exited
}

// lastBytes keeps the end of what a server wrote.
type lastBytes struct {
	mu  sync.Mutex
	buf []byte // guarded by mu
}

const logSize = 8 << 10

// Write implements io.Writer.
func (l *lastBytes) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, p...)
	if over := len(l.buf) - logSize; over > 0 {
		l.buf = append(l.buf[:0], l.buf[over:]...)
	}
	return len(p), nil
}

// take returns what is kept and forgets it.
func (l *lastBytes) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := string(l.buf)
	l.buf = nil
	return text
}
