//go:build !linux

package transports

func unsentBytes(uintptr) int { return -1 }
