package protocol

import "testing"

// What the hot paths may allocate. An id of more than one byte costs a string,
// a string argument another; nothing else does.
func TestAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun does not allow it
	for _, p := range []Protocol{JSON{}, MessagePack{}} {
		call := echoCall(p)
		var m Message
		if err := p.Parse(call, &m); err != nil {
			t.Fatal(err)
		}
		argument := m.Arguments[0]
		var text string
		dst := make([]byte, 0, 4096)
		args := []any{"user", text64, 1234, 1.5, true, nil, []byte(text64)}
		var value any = text64
		var err error
		for _, test := range []struct {
			name string
			most float64
			run  func()
		}{
			{"parse a call", 1, func() { err = p.Parse(call, &m) }},
			{"read a string", 1, func() { err = p.Unmarshal(argument, &text) }},
			{"write a call", 0, func() { _, err = p.AppendInvocation(dst, "1234", "ReceiveMessage", args) }},
			{"write a result", 0, func() { _, err = p.AppendResult(dst, "1234", value) }},
			{"write an item", 0, func() { _, err = p.AppendStreamItem(dst, "1234", value) }},
			{"write an error", 0, func() { p.AppendError(dst, "1234", text64) }},
			{"write a ping", 0, func() { p.AppendPing(dst) }},
		} {
			if got := testing.AllocsPerRun(100, test.run); got > test.most || err != nil {
				t.Errorf("%s, %s: %v allocations, want %v at most; error %v", p.Name(), test.name, got, test.most, err)
			}
		}
	}
}
