package golden_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

var (
	reference = flag.String("reference", "", "replay against the real server, this executable, instead of ours")
	update    = flag.Bool("update", false, "with -reference: record its answers into testdata")
)

// atOnce is how many scenarios run at a time where -parallel does not say.
// They mostly wait, so more than there are processors; but some measure time,
// so not many more.
const atOnce = "4"

func TestMain(m *testing.M) {
	flag.Parse()
	parallelSet := false
	flag.Visit(func(f *flag.Flag) { parallelSet = parallelSet || f.Name == "test.parallel" })
	if !parallelSet {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}
