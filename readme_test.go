package signalr_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// goBlock is a block of Go in the README.
var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// TestREADME builds every program that the README shows, and looks for every
// fragment in a file of examples, which the compiler sees.
func TestREADME(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := exampleSources(t)
	blocks := goBlock.FindAllStringSubmatch(string(readme), -1)
	if len(blocks) == 0 {
		t.Fatal("the README shows no Go")
	}
	for _, block := range blocks {
		code := block[1]
		if strings.HasPrefix(code, "package main") {
			buildProgram(t, code)
			continue
		}
		if !strings.Contains(examples, squeeze(code)) {
			t.Errorf("no example_*_test.go holds this fragment of the README, so nobody compiles it:\n%s", code)
		}
	}
}

// exampleSources returns the text of all example files, white space squeezed.
func exampleSources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range []string{"example_*_test.go", "chiext/example_*_test.go", "auth/example_*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.WriteString(squeeze(string(source)) + " ")
		}
	}
	return all.String()
}

// squeeze makes texts equal that differ in white space only.
func squeeze(text string) string { return strings.Join(strings.Fields(text), " ") }

func buildProgram(t *testing.T, code string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	// A file named on the command line finds its imports in this module.
	out, err := exec.CommandContext(t.Context(), "go", "vet", file).CombinedOutput()
	if err != nil {
		t.Errorf("a program of the README does not build: %v\n%s", err, out)
	}
}

// In a table, the last cell of a row and the code in a cell.
var (
	lastCell = regexp.MustCompile(`^\|.* \| (.*) \|$`)
	cellCode = regexp.MustCompile("``(.+?) ``|`([^`]+)`")
)

// TestDocsTables looks for the Go in the tables of docs in the examples.
func TestDocsTables(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/from-aspnetcore.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := exampleSources(t)
	found := 0
	for line := range strings.Lines(string(text)) {
		row := lastCell.FindStringSubmatch(strings.TrimSpace(line))
		if row == nil {
			continue
		}
		for _, match := range cellCode.FindAllStringSubmatch(row[1], -1) {
			snippet := strings.ReplaceAll(match[1]+match[2], `\|`, "|")
			if !strings.ContainsAny(snippet, "(.{") {
				continue // a name, not a line of code
			}
			found++
			if !strings.Contains(examples, squeeze(snippet)) {
				t.Errorf("docs/from-aspnetcore.md: no example holds this, so nobody compiles it: %s", snippet)
			}
		}
	}
	if found < 30 {
		t.Errorf("found only %d pieces of code in the tables; does the test still understand them?", found)
	}
}
