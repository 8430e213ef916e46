package golden

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// fake is a server that does on each path what a test tells it to, right or
// wrong: the judge has to notice.
type fake struct {
	http.ServeMux
}

// url starts the server; it ends with the test.
func (f *fake) url(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return server.URL
}

// frame is one thing that a fake WebSocket does.
type frame func(context.Context, *websocket.Conn) error

func text(s string) frame {
	return func(ctx context.Context, c *websocket.Conn) error {
		return c.Write(ctx, websocket.MessageText, []byte(s))
	}
}

func binaryFrame(s string) frame {
	return func(ctx context.Context, c *websocket.Conn) error {
		return c.Write(ctx, websocket.MessageBinary, []byte(s))
	}
}

// read waits for a message of the script and checks it: opcode, space, text.
func read(want string) frame {
	return func(ctx context.Context, c *websocket.Conn) error {
		kind, data, err := c.Read(ctx)
		if err != nil {
			return err
		}
		if got := fmt.Sprintf("%v %s", kind, data); got != want {
			return fmt.Errorf("the script sent %q, want %q", got, want)
		}
		return nil
	}
}

func closeWith(code websocket.StatusCode, reason string) frame {
	return func(_ context.Context, c *websocket.Conn) error {
		_ = c.Close(code, reason) // the script may be over before it has answered
		return nil
	}
}

// breakOff ends the connection without a close frame.
func breakOff(_ context.Context, c *websocket.Conn) error { return c.CloseNow() }

// closedWith waits for the client's close frame and checks it.
func closedWith(code websocket.StatusCode, reason string) frame {
	return func(ctx context.Context, c *websocket.Conn) error {
		_, _, err := c.Read(ctx)
		var closed websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != code || closed.Reason != reason {
			return fmt.Errorf("the script closed with %w, want code %d, reason %q", err, code, reason)
		}
		return nil
	}
}

// dropped waits until the client breaks off.
func dropped(ctx context.Context, c *websocket.Conn) error {
	_, _, err := c.Read(ctx)
	if err == nil || websocket.CloseStatus(err) != -1 {
		return fmt.Errorf("got %w, want a connection without a close frame", err)
	}
	return nil
}

// after does nothing for a while.
func after(d time.Duration) frame {
	return func(ctx context.Context, _ *websocket.Conn) error { return wait(ctx, d) }
}

// webSocket makes the path a WebSocket that does these things, then waits for
// the end. What it meets is a failure of t.
func (f *fake) webSocket(t *testing.T, path string, frames ...frame) {
	t.Helper()
	f.HandleFunc("GET "+path, func(w http.ResponseWriter, req *http.Request) {
		c, err := websocket.Accept(w, req, nil)
		if err != nil {
			t.Errorf("accepting: %v", err)
			return
		}
		defer c.CloseNow()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		for _, do := range frames {
			if err := do(ctx, c); err != nil {
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("fake server: %v", err)
				}
				return
			}
		}
		_, _, _ = c.Read(ctx) // until the script is over
	})
}

// events makes the path an event stream of this text, ended at once or with the script.
func (f *fake) events(path, body string, ends bool) {
	f.HandleFunc("GET "+path, func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, body)
		_ = http.NewResponseController(w).Flush()
		if !ends {
			<-req.Context().Done()
		}
	})
}

// polls answers GETs of the path with one body after the other, then with 204.
func (f *fake) polls(path string, bodies ...string) *atomic.Int32 {
	var count atomic.Int32
	f.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
		n := int(count.Add(1))
		if n > len(bodies) {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		fmt.Fprint(w, bodies[n-1])
	})
	return &count
}

// script makes a scenario of steps; the header may say otherwise than the defaults.
func script(t *testing.T, header string, steps ...string) *Scenario {
	t.Helper()
	if header == "" {
		header = `"protocol":"json"`
	}
	s, err := parseScenario([]byte(`{"format":1,"name":"test/script","vars":{"id":"[a-z]{3}","other":"[a-z]{3}"},` + header +
		",\n\"steps\":[\n" + strings.Join(steps, ",\n") + "\n]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	s.file = "script"
	return s
}
