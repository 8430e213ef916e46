package reconnect_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/protocol"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) { http.DefaultClient.CloseIdleConnections() }))
}

var seed = flag.Uint64("seed", 0, "of the bad network; 0 chooses one")

// tally is what one connection's hub has seen.
type tally struct {
	mu     sync.Mutex
	next   int      // guarded by mu; of Record
	wrong  []string // guarded by mu
	opened int      // guarded by mu
	closed []error  // guarded by mu
	done   chan struct{}
}

func (y *tally) complainf(format string, args ...any) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if len(y.wrong) < 10 {
		y.wrong = append(y.wrong, fmt.Sprintf(format, args...))
	}
}

// counter is the hub. Everything it gets is numbered, and so is what it sends.
type counter struct {
	hubs.Hub

	y *tally
}

func (h *counter) OnConnected(context.Context) error {
	h.y.mu.Lock()
	defer h.y.mu.Unlock()
	h.y.opened++
	return nil
}

func (h *counter) OnDisconnected(_ context.Context, err error) error {
	h.y.mu.Lock()
	defer h.y.mu.Unlock()
	h.y.closed = append(h.y.closed, err)
	close(h.y.done)
	return nil
}

// Record gets the client's numbers.
func (h *counter) Record(n int) {
	h.y.mu.Lock()
	want := h.y.next
	h.y.next = n + 1
	h.y.mu.Unlock()
	if n != want {
		h.y.complainf("the hub got number %d, want %d", n, want)
	}
}

// Recorded returns how many numbers have come.
func (h *counter) Recorded() int {
	h.y.mu.Lock()
	defer h.y.mu.Unlock()
	return h.y.next
}

// Numbers sends the caller so many numbers, each as a message, and asks it for
// one now and then.
func (h *counter) Numbers(ctx context.Context, count int) (int, error) {
	for n := range count {
		if err := h.Clients().Caller().Send(ctx, "number", n); err != nil {
			return n, err
		}
		if n%500 != 499 {
			continue
		}
		twice, err := hubs.Invoke[int](ctx, h.Clients().Caller(), "double", n)
		if err != nil || twice != 2*n {
			h.y.complainf("asked for twice %d the client said %d, %v", n, twice, err)
		}
	}
	return count, nil
}

// Count is a stream of so many numbers.
func (h *counter) Count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// Sum adds up an upload stream of numbers that begin at 0.
func (h *counter) Sum(items iter.Seq2[int, error]) (int, error) {
	sum, want := 0, 0
	for n, err := range items {
		if err != nil {
			return 0, err
		}
		if n != want {
			h.y.complainf("the upload had number %d, want %d", n, want)
		}
		want = n + 1
		sum += n
	}
	return sum, nil
}

// TestNothingIsLostOrDoubled is what stateful reconnect is for.
func TestNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	for _, proto := range []protocol.Protocol{protocol.NewJSON(), protocol.NewMessagePack()} {
		t.Run(proto.Name(), func(t *testing.T) {
			t.Parallel()
			s := *seed
			if s == 0 {
				s = rand.Uint64()
			}
			t.Logf("to see this network again: -seed %d", s)
			messages, faults := 10_000, 60
			if testing.Short() {
				messages, faults = 1000, 10
			}
			lossless(t, proto, rand.New(rand.NewPCG(s, 1)), messages, faults)
		})
	}
}

func lossless(t *testing.T, proto protocol.Protocol, rng *rand.Rand, messages, faults int) {
	t.Helper()
	y := &tally{done: make(chan struct{})}
	url := serve(t, y)
	bad := newProxy(t, strings.TrimPrefix(url, "http://"), rng, faults)
	got := newReceived(t, proto)
	p := connect(t, proto, url+"/counter", "http://"+bad.Addr().String()+"/counter", got.handle)
	got.peer = p

	stream := messages / 3
	p.send(call(proto, protocol.Invocation, "numbers", "Numbers", messages))
	p.send(call(proto, protocol.StreamInvocation, "count", "Count", stream))
	p.send(call(proto, protocol.Invocation, "sum", "Sum", -1))
	for n := range messages {
		p.send(must(proto.AppendInvocation(nil, "", "Record", []any{n})))
		if n < stream {
			p.send(must(proto.AppendStreamItem(nil, "up", n)))
		}
	}
	p.send(proto.AppendEnd(nil, "up"))
	p.send(call(proto, protocol.Invocation, "recorded", "Recorded", -2))
	got.await(map[string]int{
		"numbers": messages, "count": stream, "sum": stream * (stream - 1) / 2, "recorded": messages,
	})
	if got.number != messages {
		t.Errorf("the client got %d numbers, want %d", got.number, messages)
	}
	cuts, halts := bad.toll()
	t.Logf("%d sockets, %d cut and %d frozen; %d messages came twice", p.sockets, cuts, halts, p.again)
	p.close()
	select {
	case <-y.done:
	case <-time.After(20 * time.Second):
		t.Fatal("OnDisconnected has not run 20 s after the client closed")
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.opened != 1 || len(y.closed) != 1 || y.closed[0] != nil {
		t.Errorf("got %d connections and the ends %v, want 1 and [<nil>]", y.opened, y.closed)
	}
	for _, wrong := range y.wrong {
		t.Error(wrong)
	}
}

// serve runs the hub until the test ends.
func serve(t *testing.T, y *tally) (url string) {
	t.Helper()
	sr := signalr.New(signalr.Logger(slog.New(slog.DiscardHandler)))
	mux := http.NewServeMux()
	signalr.MapHub(sr, mux, "/counter", func() *counter { return &counter{y: y} }, signalr.AllowStatefulReconnects(true))
	srv := httptest.NewServer(mux)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := sr.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		srv.Close()
	})
	return srv.URL
}

// received is what the client has got.
type received struct {
	t     *testing.T
	proto protocol.Protocol
	peer  *peer // set before anything is asked for

	mu      sync.Mutex
	number  int            // guarded by mu; the next
	item    int            // guarded by mu; the next of the stream
	results map[string]int // guarded by mu
	change  chan struct{}  // capacity 1
}

func newReceived(t *testing.T, proto protocol.Protocol) *received {
	return &received{t: t, proto: proto, results: map[string]int{}, change: make(chan struct{}, 1)}
}

func (r *received) handle(m *protocol.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch m.Type {
	case protocol.Invocation:
		n := r.value(m.Arguments[0])
		if string(m.Target) == "double" {
			r.peer.push(must(r.proto.AppendResult(nil, m.InvocationID, 2*n)))
			return
		}
		if n != r.number {
			r.t.Errorf("the client got number %d, want %d", n, r.number)
		}
		r.number = n + 1
	case protocol.StreamItem:
		if n := r.value(m.Item); n != r.item {
			r.t.Errorf("the stream had item %d, want %d", n, r.item)
		}
		r.item++
	case protocol.Completion:
		if m.HasError {
			r.t.Errorf("call %q failed: %s", m.InvocationID, m.Error)
		}
		n := r.item
		if m.HasResult {
			n = r.value(m.Result)
		}
		if _, twice := r.results[m.InvocationID]; twice {
			r.t.Errorf("call %q was answered twice", m.InvocationID)
		}
		r.results[m.InvocationID] = n
		select {
		case r.change <- struct{}{}:
		default:
		}
	}
}

func (r *received) value(raw protocol.Raw) int {
	var n int
	if err := r.proto.Unmarshal(raw, &n); err != nil {
		r.t.Errorf("%q: %v", raw, err)
	}
	return n
}

// await waits for the results of all calls and compares them.
func (r *received) await(want map[string]int) {
	r.t.Helper()
	limit := time.After(4 * time.Minute)
	for {
		r.mu.Lock()
		got, number, item := len(r.results), r.number, r.item
		r.mu.Unlock()
		if got >= len(want) {
			break
		}
		select {
		case <-r.change:
		case <-limit:
			r.t.Fatalf("waited too long: %v answered, %d numbers, %d items", r.results, number, item)
		}
	}
	for id, n := range want {
		if r.results[id] != n {
			r.t.Errorf("call %q: got %d, want %d", id, r.results[id], n)
		}
	}
}

// call encodes a call with one number, which the encoders of a server do not
// make: of a stream, or with the upload stream "up" where n is -1; -2 is no
// argument at all.
func call(proto protocol.Protocol, typ protocol.Type, id, target string, n int) []byte {
	args, streams := []any{n}, []string{}
	switch n {
	case -1:
		args, streams = nil, []string{"up"}
	case -2:
		args = nil
	}
	if proto.TransferFormat() == protocol.Text {
		text := must(proto.AppendInvocation(nil, id, target, args))
		head := fmt.Sprintf(`{"type":%d`, typ)
		if len(streams) > 0 {
			head += `,"streamIds":["up"]`
		}
		return append([]byte(head), text[len(`{"type":1`):]...)
	}
	frame := must(proto.AppendInvocation(nil, id, target, args))
	payload, _, _, _ := proto.Split(frame)
	body := append([]byte(nil), payload...)
	body[1] = byte(typ)
	if len(streams) > 0 {
		body = append(body[:len(body)-1], 0x91, 0xa2, 'u', 'p')
	}
	return append([]byte{byte(len(body))}, body...)
}

func must(frame []byte, err error) []byte {
	if err != nil {
		panic(errors.Join(errors.New("encode"), err))
	}
	return frame
}
