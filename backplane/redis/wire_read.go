package redis

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"
)

// errPayload is what every unreadable payload is.
var errPayload = errors.New("redis: malformed payload")

// reader takes a payload apart. After a fault it returns zero values, and err
// says what was wrong first. Strings and bytes alias the payload.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(want string, got byte) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: found 0x%02x, want %s", errPayload, got, want)
	}
	r.rest = nil
}

// take returns the next n bytes.
func (r *reader) take(n uint64) []byte {
	if uint64(len(r.rest)) < n {
		if r.err == nil {
			r.err = fmt.Errorf("%w: it ends too soon", errPayload)
		}
		r.rest = nil
		return nil
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

// uint reads a big-endian number of 1, 2, 4 or 8 bytes.
func (r *reader) uint(size uint64) uint64 {
	b := r.take(size)
	if b == nil {
		return 0
	}
	switch size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	case 4:
		return uint64(binary.BigEndian.Uint32(b))
	}
	return binary.BigEndian.Uint64(b)
}

// array reads the length of an array, which must have so many items at least.
func (r *reader) array(least uint64) uint64 {
	var n uint64
	switch b := r.byte(); {
	case r.err != nil:
		return 0
	case b&0xf0 == 0x90:
		n = uint64(b & 0x0f)
	case b == 0xdc:
		n = r.uint(2)
	case b == 0xdd:
		n = r.uint(4)
	default:
		r.fail("an array", b)
		return 0
	}
	return r.items(n, least, 1)
}

func (r *reader) mapping() uint64 {
	var n uint64
	switch b := r.byte(); {
	case r.err != nil:
		return 0
	case b&0xf0 == 0x80:
		n = uint64(b & 0x0f)
	case b == 0xde:
		n = r.uint(2)
	case b == 0xdf:
		n = r.uint(4)
	default:
		r.fail("a map", b)
		return 0
	}
	return r.items(n, 0, 2)
}

// items checks a count of items that take so many bytes each at least, so that
// nobody counts to four billion over nothing.
func (r *reader) items(n, least, size uint64) uint64 {
	if r.err == nil && (n < least || n*size > uint64(len(r.rest))) {
		r.err = fmt.Errorf("%w: %d items", errPayload, n)
	}
	if r.err != nil {
		r.rest = nil
		return 0
	}
	return n
}

func (r *reader) str() string {
	b := r.byte()
	if r.err != nil {
		return ""
	}
	var text []byte
	switch {
	case b&0xe0 == 0xa0:
		text = r.take(uint64(b & 0x1f))
	case b == 0xd9:
		text = r.take(r.uint(1))
	case b == 0xda:
		text = r.take(r.uint(2))
	case b == 0xdb:
		text = r.take(r.uint(4))
	default:
		r.fail("a string", b)
	}
	// Nobody writes to a payload, so its bytes may stand in for a string.
	return unsafe.String(unsafe.SliceData(text), len(text)) //nolint:gosec // nobody writes to it
}

// strOrNil reads a string, or nil as an empty one.
func (r *reader) strOrNil() string {
	if len(r.rest) > 0 && r.rest[0] == 0xc0 {
		r.rest = r.rest[1:]
		return ""
	}
	return r.str()
}

func (r *reader) bin() []byte {
	b := r.byte()
	switch {
	case r.err != nil:
		return nil
	case b == 0xc4:
		return r.take(r.uint(1))
	case b == 0xc5:
		return r.take(r.uint(2))
	case b == 0xc6:
		return r.take(r.uint(4))
	}
	r.fail("bytes", b)
	return nil
}

func (r *reader) int() int64 {
	b := r.byte()
	switch {
	case r.err != nil:
		return 0
	case b < 0x80, b >= 0xe0:
		return int64(int8(b))
	case b >= 0xcc && b <= 0xcf:
		v := r.uint(1 << (b - 0xcc))
		if v > math.MaxInt64 {
			r.fail("a number below 2^63", b)
			return 0
		}
		return int64(v)
	case b >= 0xd0 && b <= 0xd3:
		size := uint64(1) << (b - 0xd0)
		shift := 64 - 8*size
		return int64(r.uint(size)<<shift) >> shift
	}
	r.fail("an integer", b)
	return 0
}

func (r *reader) int32() int32 {
	v := r.int()
	if v < math.MinInt32 || v > math.MaxInt32 {
		r.fail("a number of 32 bits", 0)
		return 0
	}
	return int32(v)
}
