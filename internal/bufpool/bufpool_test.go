package bufpool

import (
	"bytes"
	"testing"
)

func TestGetHasTheCapacityAskedFor(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 1 << 10, 1<<10 + slack, 1<<10 + slack + 1, 16 << 10, 64 << 10, Largest, Largest + 1, 1 << 20} {
		b := Get(n)
		if len(b.B) != 0 || cap(b.B) < n {
			t.Errorf("Get(%d): got length %d, capacity %d", n, len(b.B), cap(b.B))
		}
		Put(b)
	}
}

func TestGrowKeepsTheContent(t *testing.T) {
	t.Parallel()
	b := Get(10)
	var want []byte
	for i := range 40 {
		p := bytes.Repeat([]byte{byte(i)}, 1+i*250)
		b = b.Grow(len(p))
		if free := cap(b.B) - len(b.B); free < len(p) {
			t.Fatalf("Grow(%d): got room for %d", len(p), free)
		}
		b.B = append(b.B, p...)
		want = append(want, p...)
	}
	if !bytes.Equal(b.B, want) {
		t.Error("content changed while growing")
	}
	Put(b)
}

func TestPutForgetsBigBuffers(t *testing.T) {
	t.Parallel()
	Put(nil)
	Put(Get(1 << 20))
	for range 100 {
		if b := Get(Largest); cap(b.B) > 2*Largest {
			t.Fatalf("the pool kept a buffer of %d bytes", cap(b.B))
		}
	}
}

func TestGetAndPutDoNotAllocate(t *testing.T) { //nolint:paralleltest // it counts allocations
	if raceEnabled {
		t.Skip("the race detector makes pools drop buffers")
	}
	Put(Get(100))
	if n := testing.AllocsPerRun(1000, func() { Put(Get(100)) }); n >= 1 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkGetPut(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Put(Get(100))
	}
}
