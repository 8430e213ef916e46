package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// TestMain lets the test binary be a node, since the fleet starts itself.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "--node") {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestFleet starts the fleet and lets a client of each node say something.
func TestFleet(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"redis-server", "nginx"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%v: apt-get install redis-server nginx-light", err)
			}
			t.Skipf("%v: apt-get install redis-server nginx-light", err)
		}
	}
	addrs, err := freePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- runFleet(running, addrs[0], "", slog.New(slog.DiscardHandler)) }() // ends with running; waited for below
	defer func() {
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the fleet ended with %v", err)
		}
	}()
	for !answers(ctx, "http://"+addrs[0]+"/ready") {
		select {
		case err := <-ended:
			ended <- err
			t.Fatal(err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	north, south := dial(ctx, t, addrs[0], "north"), dial(ctx, t, addrs[0], "south")
	for i := range 3 {
		said := fmt.Sprintf(`"arguments":["north","ann","hello %d"]`, i)
		write(ctx, t, north, fmt.Sprintf(`{"type":1,"target":"Say","arguments":["ann","hello %d"]}`, i))
		await(ctx, t, north, said)
		await(ctx, t, south, said)
	}
}

// dial connects through nginx to the node that a cookie names.
func dial(ctx context.Context, t *testing.T, addr, node string) *websocket.Conn {
	t.Helper()
	for {
		conn, _, err := websocket.Dial(ctx, "ws://"+addr+"/chat", &websocket.DialOptions{
			HTTPHeader: http.Header{"Cookie": {"node=" + node}},
		})
		if err != nil { // the other node may not be there yet
			if ctx.Err() != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond)
			continue
		}
		t.Cleanup(func() { _ = conn.CloseNow() })
		write(ctx, t, conn, `{"protocol":"json","version":1}`)
		await(ctx, t, conn, `"target":"OnNode","arguments":["`+node+`"]`)
		return conn
	}
}

func write(ctx context.Context, t *testing.T, conn *websocket.Conn, message string) {
	t.Helper()
	if err := conn.Write(ctx, websocket.MessageText, []byte(message+"\x1e")); err != nil {
		t.Fatal(err)
	}
}

// await reads until a message has the text in it.
func await(ctx context.Context, t *testing.T, conn *websocket.Conn, text string) {
	t.Helper()
	for {
		_, message, err := conn.Read(ctx)
		if err != nil {
			t.Fatalf("waiting for %s: %v", text, err)
		}
		if bytes.Contains(message, []byte(text)) {
			return
		}
	}
}
