package hubs

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hubwire/signalr/hubs/protocol"
)

func (m *memoryLifetime) Send(ctx context.Context, to Target, method string, args []any) error {
	s := sendings.Get().(*sending)
	defer s.release()
	m.choose(s, to)
	// All of it is encoded before any of it is queued: a value that one of the
	// protocols cannot write fails the send, not the receivers.
	if err := s.encode(method, args); err != nil {
		return err
	}
	s.queue()
	return s.wait(ctx)
}

func (m *memoryLifetime) Invoke(ctx context.Context, connectionID, method string, args []any, decode ResultDecoder) error {
	asked := m.find(connectionID)
	if asked == nil {
		return NoConnectionError(connectionID)
	}
	p, id := asked.conn.Protocol(), m.env.NextInvocationID()
	frame, err := appendCall(nil, p, id, method, args)
	if err != nil {
		return err
	}
	result, err := asked.conn.Invoke(ctx, id, frame)
	if err != nil {
		return err
	}
	return decode(p, result)
}

// choose collects the receivers of a send.
func (m *memoryLifetime) choose(s *sending, to Target) {
	switch to.Kind {
	case TargetAll:
		m.mu.Lock()
		s.receivers = append(s.receivers, m.all.snapshot()...)
		m.mu.Unlock()
	case TargetConnections:
		for _, id := range s.unique(to.IDs) {
			if found := m.find(id); found != nil {
				s.picked = append(s.picked, receiver{found.conn, found.conn.wire})
			}
		}
		s.receivers = append(s.receivers, s.picked)
	case TargetGroups:
		for _, group := range to.IDs {
			s.receivers = m.groups.appendMembers(s.receivers, group)
		}
	case TargetUsers:
		for _, user := range s.unique(to.IDs) {
			s.receivers = m.users.appendMembers(s.receivers, user)
		}
	}
	if to.Kind == TargetAll || to.Kind == TargetGroups {
		// Looked up after the receivers were: nobody can have come in between
		// who is one of them.
		for _, id := range to.Except {
			if found := m.find(id); found != nil {
				s.except = append(s.except, found.conn)
			}
		}
		s.indexExcept()
	}
}

// sending is the scratch space of one send, used again for the next: a send
// allocates nothing for a receiver.
type sending struct {
	receivers [][]receiver // in parts: snapshots of others, not to be written
	picked    []receiver   // a part of its own, for receivers named one by one
	ids       []string
	except    []*Connection
	excepted  map[*Connection]struct{} // except, if that is long; else empty
	frames    []frame                  // the first used of them are of this send
	used      int
	full      []blocked // receivers without room
}

// frame is the message in one of the protocols in use.
type frame struct {
	wire  *wire
	bytes []byte
}

// blocked is a receiver that has to be waited for.
type blocked struct {
	conn  *Connection
	frame []byte
}

var sendings = sync.Pool{New: func() any { return new(sending) }}

// What a sending may keep for the next one. Above it, memory that one big send
// needed would stay with the pool.
const (
	keepFrame     = 64 << 10
	keepReceivers = 4096
)

// release forgets the send, so that the pool keeps no connection alive.
func (s *sending) release() {
	s.receivers = emptied(s.receivers)
	s.picked = emptied(s.picked)
	s.ids = emptied(s.ids)
	s.except = emptied(s.except)
	s.full = emptied(s.full)
	if len(s.excepted) > keepReceivers {
		s.excepted = nil
	}
	clear(s.excepted)
	for i := range s.frames {
		s.frames[i].wire = nil
		if cap(s.frames[i].bytes) > keepFrame {
			s.frames[i].bytes = nil
		}
	}
	s.used = 0
	sendings.Put(s)
}

func emptied[T any](list []T) []T {
	if cap(list) > keepReceivers {
		return nil
	}
	clear(list)
	return list[:0]
}

// unique returns names without repetitions, in no particular order.
func (s *sending) unique(names []string) []string {
	if len(names) < 2 {
		return names
	}
	s.ids = append(s.ids, names...)
	slices.Sort(s.ids)
	s.ids = slices.Compact(s.ids)
	return s.ids
}

// indexFew is up to how many excepted connections are looked through.
const indexFew = 8

func (s *sending) indexExcept() {
	if len(s.except) <= indexFew {
		return
	}
	if s.excepted == nil {
		s.excepted = make(map[*Connection]struct{}, len(s.except))
	}
	for _, c := range s.except {
		s.excepted[c] = struct{}{}
	}
}

// excepts reports whether the send leaves c out.
func (s *sending) excepts(c *Connection) bool {
	if len(s.except) <= indexFew {
		return slices.Contains(s.except, c)
	}
	_, found := s.excepted[c]
	return found
}

// encode makes a frame for each protocol that a receiver uses.
func (s *sending) encode(method string, args []any) error {
	for _, part := range s.receivers {
		for _, r := range part {
			if s.frameFor(r.wire) != nil || s.excepts(r.conn) {
				continue
			}
			if err := s.add(r.wire, method, args); err != nil {
				return err
			}
		}
	}
	return nil
}

// add encodes the message for the connections that speak w.
func (s *sending) add(w *wire, method string, args []any) error {
	if s.used == len(s.frames) {
		s.frames = append(s.frames, frame{})
	}
	f := &s.frames[s.used]
	bytes, err := appendCall(f.bytes[:0], w, "", method, args)
	if err != nil {
		return err
	}
	f.wire, f.bytes = w, bytes
	s.used++
	return nil
}

func appendCall(dst []byte, p protocol.Protocol, invocationID, method string, args []any) ([]byte, error) {
	dst, err := p.AppendInvocation(dst, invocationID, method, args)
	if err != nil {
		return nil, fmt.Errorf("hubs: encode the call of client method %q as %s: %w", method, p.Name(), err)
	}
	return dst, nil
}

// frameFor returns the frame for the connections that speak w, or nil.
func (s *sending) frameFor(w *wire) []byte {
	for i := range s.frames[:s.used] {
		if s.frames[i].wire == w {
			return s.frames[i].bytes
		}
	}
	return nil
}

// queue gives the message to every receiver that has room for it, and notes
// the others.
func (s *sending) queue() {
	for _, part := range s.receivers {
		for _, r := range part {
			if s.excepts(r.conn) {
				continue
			}
			frame := s.frameFor(r.wire)
			if r.conn.TryQueue(frame) {
				r.conn.Wake()
			} else {
				s.full = append(s.full, blocked{r.conn, frame})
			}
		}
	}
}

// maxWaiting bounds how many full receivers one send waits for side by side.
const maxWaiting = 64

// wait waits for the receivers that had no room. They are waited for side by
// side: one that takes its bytes slowly delays the sender, not the others.
func (s *sending) wait(ctx context.Context) error {
	if len(s.full) < 2 {
		for _, b := range s.full {
			return b.send(ctx)
		}
		return nil
	}
	var (
		next    atomic.Int64
		failed  atomic.Pointer[error]
		waiting sync.WaitGroup
	)
	// These goroutines end when nobody of s.full is left, which Queue's own
	// limits make sure of, and are waited for here.
	for range min(len(s.full), maxWaiting) {
		waiting.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(s.full)); i = next.Add(1) - 1 {
				if err := s.full[i].send(ctx); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	waiting.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (b blocked) send(ctx context.Context) error {
	err := b.conn.Queue(ctx, b.frame)
	b.conn.Wake()
	return err
}
