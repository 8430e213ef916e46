// Package browser_test opens the chat example, and pages with the official
// client on them, in a real headless Chromium. The tests proper are in test/;
// pictures of the chat stay in artifacts/.
//
// By environment variable: HUBWIRE_CHROMIUM=PATH names another browser,
// HUBWIRE_PATTERN=REGEXP chooses tests, HUBWIRE_REFERENCE=PATH puts the
// reference implementation in the place of our conformance server.
package browser_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hubwire/signalr/interop/client/nodetest"
)

func TestBrowser(t *testing.T) { //nolint:paralleltest // two cores have enough to do with one browser
	nodetest.Need(t)
	needChromium(t)
	if _, err := os.Stat(filepath.Join("..", "..", "example", "chat", "node_modules", "@microsoft", "signalr")); err != nil {
		t.Fatal("The chat example's npm packages are not installed. Run: make deps")
	}
	files, err := filepath.Glob(filepath.Join("test", "*.test.mjs"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got no test files (%v), want those in test/", err)
	}
	chat := nodetest.Command(nodetest.Build(t, "github.com/hubwire/signalr/example/chat"))
	server := nodetest.Command(os.Getenv("HUBWIRE_REFERENCE"), "conformance")
	if os.Getenv("HUBWIRE_REFERENCE") == "" {
		server = nodetest.Command(nodetest.Build(t, "github.com/hubwire/signalr/interop/conformance"))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".test.mjs"), func(t *testing.T) {
			nodetest.Run(t, file, "../client/lib/reporter.mjs", 8*time.Minute, "HUBWIRE_CHAT="+chat, "HUBWIRE_SERVER="+server)
		})
	}
}

// needChromium fails the test with what to do if there is no browser.
func needChromium(t *testing.T) {
	t.Helper()
	path := os.Getenv("HUBWIRE_CHROMIUM")
	if path == "" {
		path = "/usr/bin/chromium"
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("There is no browser at %s. Install one (apt-get install chromium), or name another in HUBWIRE_CHROMIUM.", path)
	}
}
