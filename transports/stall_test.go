package transports

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A client that stops reading is cut off after about a second; the others get
// everything in order meanwhile, and the server holds no more for it than the
// bound and what the kernel takes.
func TestStalledReceiversHoldUpNobody(t *testing.T) { //nolint:paralleltest // it takes all there is of the machine
	const stalledClients, good = 3, 5
	app := silentApp()
	s := newSite(t, Config{}, app)
	var all []*Conn
	for range stalledClients {
		_ = s.dialRaw(nil) // reads nothing
		all = append(all, app.next(t).c)
	}
	var clients []*websocket.Conn
	for range good {
		clients = append(clients, s.dial("-"))
		all = append(all, app.next(t).c)
	}
	message := []byte(strings.Repeat("x", 8191) + "\x1e")
	stop := make(chan struct{})
	sent := make(chan int)
	go func() {
		n := 0
		for ; ; n++ {
			select {
			case <-stop:
				sent <- n
				return
			default:
			}
			var full []*Conn
			for _, c := range all {
				if !c.TryQueue(message) {
					full = append(full, c)
					continue
				}
				c.Wake()
			}
			for _, c := range full {
				_ = c.Queue(context.Background(), message)
				c.Wake()
			}
		}
	}()
	got := make(chan int, good)
	for _, ws := range clients {
		go func() {
			n := 0
			for {
				_, p, err := ws.Read(context.Background())
				if err != nil {
					got <- n
					return
				}
				n += len(p)
			}
		}()
	}
	until(t, "the stalled ones to be cut off", func() bool { return s.ep.Stats().CutOff == stalledClients })
	for _, c := range all[:stalledClients] {
		if cause := context.Cause(c.Context()); !errors.Is(cause, ErrSlowReceiver) {
			t.Errorf("got cause %v, want %v", cause, ErrSlowReceiver)
		}
	}
	close(stop)
	n := <-sent
	for _, c := range all {
		c.Finish()
	}
	for range good {
		if got, want := <-got, n*len(message); got != want {
			t.Errorf("a good client got %d bytes, want %d", got, want)
		}
	}
}

// A client that reads slowly takes nothing from its socket's point of view for
// long, as the kernel wakes writers late. It still is not cut off.
func TestASlowReaderIsNotTakenForAStalledOne(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("how much of its buffer a client has taken can only be asked on Linux")
	}
	t.Parallel()
	app := silentApp()
	s := newSite(t, Config{TransportSendTimeout: -1}, app)
	r := s.dialRaw(nil)
	_ = r.nc.(*net.TCPConn).SetReadBuffer(64 << 10)
	c := app.next(t).c
	for c.TryQueue(make([]byte, 32<<10)) {
		c.Wake()
		runtime.Gosched()
	}
	queued := make(chan error)
	go func() { queued <- c.Queue(context.Background(), []byte("the end")) }()
	// About 1.6 MB/s: the kernel holds several MB by now.
	b := make([]byte, 64<<10)
	for slow := time.NewTicker(40 * time.Millisecond); ; {
		select {
		case err := <-queued:
			if err != nil || c.State() != Active {
				t.Errorf("got %v, state %d, cause %v", err, c.State(), context.Cause(c.Context()))
			}
			return
		case <-slow.C:
			if _, err := io.ReadFull(r.nc, b); err != nil {
				t.Fatal(err, context.Cause(c.Context()))
			}
		}
	}
}
