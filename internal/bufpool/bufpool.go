// Package bufpool lends byte buffers in a few sizes, so that a connection holds memory for its bytes only while it has
// some.
package bufpool

import "sync"

// Buffer is a borrowed buffer. Append to B as to any slice; when it has to
// outgrow its capacity, use [Buffer.Grow], which keeps the memory in the pool.
// A Buffer belongs to one goroutine at a time and must not be used after
// [Put].
type Buffer struct {
	B     []byte
	class int8 // index in sizes; noClass: too big to be kept
}

// Largest is the capacity up to which buffers are kept. Bigger ones are left to
// the garbage collector: they are rare, and a pool would hold on to the peak.
const Largest = 64<<10 + slack

// slack lets a payload of a round size and its framing share one buffer.
const slack = 128

const noClass = -1

var sizes = [...]int{1<<10 + slack, 4<<10 + slack, 16<<10 + slack, Largest}

var pools [len(sizes)]sync.Pool

// Get returns an empty buffer with a capacity of at least n bytes.
func Get(n int) *Buffer {
	for i, size := range sizes {
		if n > size {
			continue
		}
		if b, ok := pools[i].Get().(*Buffer); ok {
			return b
		}
		return &Buffer{B: make([]byte, 0, size), class: int8(i)}
	}
	return &Buffer{B: make([]byte, 0, n), class: noClass}
}

// Put gives b back. A nil b is fine.
func Put(b *Buffer) {
	if b == nil || b.class == noClass {
		return
	}
	b.B = b.B[:0]
	pools[b.class].Put(b)
}

// Grow makes room for n more bytes and returns the buffer to go on with: b
// itself, or a bigger one with the same content, and b has been given back.
func (b *Buffer) Grow(n int) *Buffer {
	need := len(b.B) + n
	if need <= cap(b.B) {
		return b
	}
	if need > Largest {
		need = max(need, 2*cap(b.B)) // beyond the classes, double: appending stays linear
	}
	bigger := Get(need)
	bigger.B = append(bigger.B, b.B...)
	Put(b)
	return bigger
}
