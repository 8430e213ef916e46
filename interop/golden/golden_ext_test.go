package golden_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hubwire/signalr/interop/golden"
)

const testdata = "testdata"

// longest bounds one scenario; the longest takes about 8 s.
const longest = time.Minute

// TestGolden replays every scenario against our server, or with -reference
// against the real one. It is the judge of what clients see.
func TestGolden(t *testing.T) { //nolint:paralleltest // by the clock of pauses and silences: a quiet machine helps
	scenarios, err := golden.LoadAll(testdata)
	if err != nil {
		t.Fatal(err)
	}
	if *update && *reference == "" {
		t.Fatal("-update needs -reference: answers come from the real server only")
	}
	servers := newServers(t)
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			switch {
			case *update:
				record(t, servers, s)
			case *reference != "":
				if err := replayReference(t, servers, s); err != nil {
					t.Error(err)
				}
			default:
				replayOurs(t, servers, s)
			}
		})
	}
}

// replay plays s on a server that nobody else uses meanwhile: some scenarios
// send to all connections of a hub.
func replay(t *testing.T, servers *servers, s *golden.Scenario) error {
	t.Helper()
	server := servers.take(t, s.EndsServer)
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	err := golden.Replay(ctx, server.url, s)
	if log := servers.giveBack(t, server, s.EndsServer); err != nil && log != "" {
		err = fmt.Errorf("%w\nthe server wrote meanwhile:\n%s", err, log)
	}
	return err
}

// attempts is how often a scenario is tried on the real server. While that shuts
// down it races with itself: a waiting poll gets the Close message or, now and
// then, an empty 204. And where a script pauses for 60 ms to let it notice
// something, it needs longer on a busy machine. Ours has one attempt.
const attempts = 4

func replayReference(t *testing.T, servers *servers, s *golden.Scenario) error {
	t.Helper()
	err := replay(t, servers, s)
	for n := 1; err != nil && n < attempts; n++ {
		t.Logf("attempt %d: %v", n, err)
		err = replay(t, servers, s)
	}
	return err
}

func replayOurs(t *testing.T, servers *servers, s *golden.Scenario) {
	t.Helper()
	ours, holds, err := golden.Ours(s)
	if err != nil {
		t.Fatal(err)
	}
	if !holds {
		t.Log("a fact about the real server that ours does not copy")
		return
	}
	err = replay(t, servers, ours)
	subject, pending := golden.Pending[s.Name]
	switch {
	case pending && err == nil:
		t.Errorf("it passes: take it off the pending list (%s)", subject)
	case pending:
		t.Logf("pending (%s): %v", subject, err)
	case err != nil:
		t.Error(err)
	}
}

// record rewrites the scenario's file with the answers of the real server,
// unless those in it still hold.
func record(t *testing.T, servers *servers, s *golden.Scenario) {
	t.Helper()
	if replayReference(t, servers, s) == nil {
		return
	}
	server := servers.take(t, s.EndsServer)
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	text, err := golden.Record(ctx, server.url, s)
	servers.giveBack(t, server, s.EndsServer)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(testdata, filepath.FromSlash(s.Name)+".json")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(before, text) {
		return
	}
	t.Logf("%s: recorded anew", file)
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestTables keeps the tables honest: what they name exists.
func TestTables(t *testing.T) {
	t.Parallel()
	scenarios, err := golden.LoadAll(testdata)
	if err != nil {
		t.Fatal(err)
	}
	steps := make(map[string]int, len(scenarios))
	for _, s := range scenarios {
		steps[s.Name] = len(s.Steps)
		if _, _, err := golden.Ours(s); err != nil {
			t.Error(err)
		}
	}
	for name, subject := range golden.Pending {
		if steps[name] == 0 {
			t.Errorf("pending scenario %s does not exist", name)
		}
		if subject == "" {
			t.Errorf("pending scenario %s names no issue", name)
		}
	}
	for _, d := range golden.Deviations {
		if d.Step < 1 || d.Step > steps[d.Scenario] {
			t.Errorf("deviation at %s: there is no step %d", d.Scenario, d.Step)
		}
		if d.Reason == "" {
			t.Errorf("deviation at %s, step %d gives no reason", d.Scenario, d.Step)
		}
	}
}
