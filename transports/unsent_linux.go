package transports

import (
	"syscall"
	"unsafe"
)

// unsentBytes returns how many bytes the kernel holds that the other side has
// not acknowledged, or -1.
func unsentBytes(fd uintptr) int {
	var n int32
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ,
		uintptr(unsafe.Pointer(&n))) //nolint:gosec // the ioctl's contract
	if errno != 0 {
		return -1
	}
	return int(n)
}
