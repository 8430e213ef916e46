//go:build unix

package transports

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// rawConn returns the way to the socket of nc itself, or nil. Only plain
// sockets have one: of a type that wraps or embeds one, the methods are not ours
// to go around.
func rawConn(nc net.Conn) syscall.RawConn {
	var sys syscall.RawConn
	switch t := nc.(type) {
	case *net.TCPConn:
		sys, _ = t.SyscallConn()
	case *net.UnixConn:
		sys, _ = t.SyscallConn()
	}
	return sys
}

// readSocket reads what there is; again is true if there is nothing yet.
func readSocket(fd uintptr, p []byte) (n int, again bool, err error) {
	for {
		n, err = syscall.Read(int(fd), p)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return 0, true, nil
		case err != nil:
			return 0, false, err
		case n == 0:
			return 0, false, io.EOF
		}
		return n, false, nil
	}
}

// writeSocket writes what fits; again is true if nothing does.
func writeSocket(fd uintptr, p []byte) (n int, again bool, err error) {
	for {
		n, err = syscall.Write(int(fd), p)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return 0, true, nil
		case err != nil:
			return 0, false, err
		}
		return n, false, nil
	}
}
