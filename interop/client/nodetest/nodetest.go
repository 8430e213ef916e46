// Package nodetest runs the parts of the tests that are written in JavaScript,
// because their subject is: official clients, and pages in a browser.
package nodetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Need makes sure that node and the packages of the current folder are there.
// Without them the test fails with what to do; in short mode it is skipped.
func Need(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs official JavaScript clients, which -short leaves out")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatal("Node.js is not installed. These tests need Node.js 20 or later with npm: https://nodejs.org")
	}
	// npm writes this file last; what is older than the lock is of another version.
	installed, err := os.Stat(filepath.Join("node_modules", ".package-lock.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatal("The npm packages are not installed. Run: make deps")
	}
	if err != nil {
		t.Fatal(err)
	}
	if lock, err := os.Stat("package-lock.json"); err == nil && lock.ModTime().After(installed.ModTime()) {
		t.Log("The npm packages may be out of date. Run: make deps")
	}
}

// Build compiles a program of this module, with the race detector if the test
// has it, and returns its path.
func Build(t *testing.T, pkg string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), filepath.Base(pkg))
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	args := []string{"build", "-buildvcs=false", "-o", program}
	if raceEnabled {
		args = append(args, "-race")
	}
	out, err := exec.CommandContext(t.Context(), "go", append(args, pkg)...).CombinedOutput()
	if err != nil {
		t.Fatalf("building %s: %v\n%s", pkg, err, out)
	}
	return program
}

// Command is a command line in the form that the JavaScript side takes from
// its environment.
func Command(words ...string) string {
	text, err := json.Marshal(words)
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	return string(text)
}

// Run runs one test file with node's test runner and forwards what it prints.
// HUBWIRE_PATTERN, a regular expression, chooses tests by name.
func Run(t *testing.T, file, reporter string, limit time.Duration, env ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	args := []string{"--test", "--test-reporter=" + reporter}
	if pattern := os.Getenv("HUBWIRE_PATTERN"); pattern != "" {
		args = append(args, "--test-name-pattern="+pattern)
	}
	node := exec.CommandContext(ctx, "node", append(args, file)...)
	node.Env = append(os.Environ(), env...)
	node.Stdout = t.Output()
	node.Stderr = t.Output()
	// First the chance to end what the tests have started, then the end.
	node.Cancel = func() error { return node.Process.Signal(os.Interrupt) }
	node.WaitDelay = 10 * time.Second
	err := node.Run()
	switch {
	case ctx.Err() != nil:
		t.Errorf("%s did not end within %v", file, limit)
	case err != nil:
		t.Errorf("%s: %v", file, err)
	}
}

// Races fails the test if what a Go program has printed reports a data race.
func Races(t *testing.T, output []byte) {
	t.Helper()
	if _, report, found := bytes.Cut(output, []byte("WARNING: DATA RACE")); found {
		t.Errorf("the server reports a data race:\n%s", strings.TrimSpace(string(report)))
	}
}
