//go:build race

package hubs

// raceEnabled tells tests that count allocations that pools forget on purpose.
const raceEnabled = true
