//go:build !unix

package transports

import (
	"io"
	"net"
	"syscall"
)

// Elsewhere a socket cannot be asked to try: a goroutine per busy connection
// writes, and a small buffer waits with each reader.

func rawConn(net.Conn) syscall.RawConn { return nil }

func readSocket(uintptr, []byte) (n int, again bool, err error) { return 0, false, io.EOF }

func writeSocket(uintptr, []byte) (n int, again bool, err error) { return 0, false, io.EOF }
