//go:build !race

package hubs

const raceEnabled = false
