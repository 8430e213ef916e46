// Package client_test runs the official JavaScript clients, new and old, over
// every transport and in every protocol, against the conformance server.
//
// The tests proper are in test/, one idea per file; pending.json lists what
// our server does not have yet. By environment variable:
//
//   - HUBWIRE_REFERENCE=PATH runs them against the reference implementation
//     instead; reference.json lists where that differs from the contract.
//   - HUBWIRE_FEATURES=ws,sse chooses features, HUBWIRE_PATTERN=REGEXP tests.
//   - HUBWIRE_CLIENT_LOG=1 prints the log of the clients.
package client_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hubwire/signalr/interop/client/nodetest"
)

func TestOfficialClients(t *testing.T) { //nolint:paralleltest // by the clock of pings and tokens: a quiet machine helps
	nodetest.Need(t)
	files, err := filepath.Glob(filepath.Join("test", "*.test.mjs"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got no test files (%v), want those in test/", err)
	}
	command := []string{os.Getenv("HUBWIRE_REFERENCE"), "conformance"}
	if command[0] == "" {
		command = []string{nodetest.Build(t, "github.com/hubwire/signalr/interop/conformance")}
	}
	url := startServer(t, command)
	// One after the other: the hubs of the shared server know "all" connections.
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".test.mjs"), func(t *testing.T) {
			nodetest.Run(t, file, "./lib/reporter.mjs", 10*time.Minute,
				"HUBWIRE_URL="+url, "HUBWIRE_SERVER="+nodetest.Command(command...))
		})
	}
}

// startServer starts the server under test on a free port. At the end of the
// test it asks it to stop and expects that it does, in good order.
func startServer(t *testing.T, command []string) (url string) {
	t.Helper()
	server := exec.Command(command[0], append(command[1:], "--addr", "127.0.0.1:0")...)
	log := &lockedBuffer{}
	server.Stderr = log
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	ended := make(chan error, 1)
	go func() { // ends with the server
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
				ready <- url
			}
		}
		ended <- server.Wait()
	}()
	select {
	case url = <-ready:
	case err := <-ended:
		t.Fatalf("the server ended at once: %v\n%s", err, log.Bytes())
	case <-time.After(time.Minute):
		_ = server.Process.Kill()
		t.Fatalf("the server did not become ready\n%s", log.Bytes())
	}
	t.Cleanup(func() {
		stop(t, url, server.Process, ended)
		if t.Failed() && log.Len() > 0 {
			t.Logf("the server said:\n%s", log.Bytes())
		}
		nodetest.Races(t, log.Bytes())
	})
	return url
}

func stop(t *testing.T, url string, server *os.Process, ended <-chan error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/shutdown", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := http.DefaultClient.Do(request); err != nil {
		t.Errorf("POST /shutdown: %v", err)
	} else {
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the server ended with %v, want status 0", err)
		}
	case <-ctx.Done():
		t.Error("the server did not end after POST /shutdown")
		_ = server.Kill()
		if err := <-ended; err != nil {
			t.Logf("killed: %v", err)
		}
	}
}

// lockedBuffer keeps what the server logs, while it logs.
type lockedBuffer struct {
	mu  sync.Mutex
	log bytes.Buffer // guarded by mu
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Write(p)
}

func (b *lockedBuffer) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.log.Bytes())
}

func (b *lockedBuffer) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Len()
}
