//go:build race

package golden_test

// raceEnabled: the server is built with the race detector if the tests are.
const raceEnabled = true
