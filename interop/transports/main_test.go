// Package transports_test is the HTTP side under hard conditions, over real
// listeners: connections that break at any byte, clients that mean harm, and
// what stands between a client and the server in real life, such as nginx,
// compression, time-outs, HTTP/2 and CORS.
package transports_test

import (
	"flag"
	"hash/fnv"
	"math/rand/v2"
	"testing"

	"go.uber.org/goleak"
)

var (
	messages = flag.Int("messages", 33_334, "messages over each transport while connections break")
	seed     = flag.Uint64("seed", 0, "seed of the tests that break connections; 0 takes a new one")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	goleak.VerifyTestMain(m)
}

// newRand returns a test's source of chance. If the test fails it says how to
// have the same again, as far as the scheduler lets it.
func newRand(t *testing.T) *rand.Rand {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again with: go test -run '^%s$' -args -seed %d", t.Name(), *seed)
		}
	})
	h := fnv.New64a()
	_, _ = h.Write([]byte(t.Name()))
	return rand.New(rand.NewPCG(*seed, h.Sum64()))
}

// fork returns a source of chance for another goroutine.
func fork(rng *rand.Rand) *rand.Rand {
	return rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64()))
}
