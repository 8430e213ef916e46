package golden

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// The decoder is our own and reads every format by its first byte: a judge that
// shared the server's library would share its mistakes, and libraries forgive
// (an integer where a float was asked for) what must be seen here.

// errShort is a MessagePack value that ends too early.
var errShort = errors.New("MessagePack value is cut short")

// maxDepth bounds nesting, so that bytes from the wire cannot exhaust the stack.
const maxDepth = 100

// parseMessagePack reads one MessagePack value and nothing behind it.
func parseMessagePack(b []byte) (any, error) {
	r := msgpackReader{rest: b}
	v, err := r.value(0)
	if err != nil {
		return nil, fmt.Errorf("parsing MessagePack at byte %d: %w", len(b)-len(r.rest), err)
	}
	if len(r.rest) > 0 {
		return nil, fmt.Errorf("parsing MessagePack: %d bytes follow the value", len(r.rest))
	}
	return v, nil
}

type msgpackReader struct {
	rest []byte
}

func (r *msgpackReader) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.rest)) {
		return nil, errShort
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out, nil
}

// uint reads a big-endian number of the given width in bytes.
func (r *msgpackReader) uint(width uint64) (uint64, error) {
	b, err := r.take(width)
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[8-width:], b)
	return binary.BigEndian.Uint64(wide[:]), nil
}

func (r *msgpackReader) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	first, err := r.take(1)
	if err != nil {
		return nil, err
	}
	switch c := first[0]; {
	case c <= 0x7f:
		return Int(strconv.Itoa(int(c))), nil
	case c <= 0x8f:
		return r.mapOf(uint64(c&0x0f), depth)
	case c <= 0x9f:
		return r.arrayOf(uint64(c&0x0f), depth)
	case c <= 0xbf:
		return r.stringOf(uint64(c & 0x1f))
	case c >= 0xe0:
		return Int(strconv.Itoa(int(int8(c)))), nil
	default:
		return r.byFormat(c, depth)
	}
}

// byFormat reads what stands behind the one-byte formats 0xc0 to 0xdf.
func (r *msgpackReader) byFormat(c byte, depth int) (any, error) {
	switch c {
	case 0xc0:
		return nil, nil
	case 0xc2, 0xc3:
		return c == 0xc3, nil
	case 0xc4, 0xc5, 0xc6:
		return r.sized(1<<(c-0xc4), r.binOf)
	case 0xc7, 0xc8, 0xc9:
		return r.sized(1<<(c-0xc7), r.extOf)
	case 0xca:
		bits, err := r.uint(4)
		return Float32(math.Float32frombits(uint32(bits))), err
	case 0xcb:
		bits, err := r.uint(8)
		return Float64(math.Float64frombits(bits)), err
	case 0xcc, 0xcd, 0xce, 0xcf:
		n, err := r.uint(1 << (c - 0xcc))
		return Int(strconv.FormatUint(n, 10)), err
	case 0xd0, 0xd1, 0xd2, 0xd3:
		return r.signed(1 << (c - 0xd0))
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		return r.extOf(1 << (c - 0xd4))
	case 0xd9, 0xda, 0xdb:
		return r.sized(1<<(c-0xd9), r.stringOf)
	case 0xdc, 0xdd:
		return r.sized(2<<(c-0xdc), func(n uint64) (any, error) { return r.arrayOf(n, depth) })
	case 0xde, 0xdf:
		return r.sized(2<<(c-0xde), func(n uint64) (any, error) { return r.mapOf(n, depth) })
	default:
		return nil, fmt.Errorf("unknown format 0x%02x", c)
	}
}

// sized reads a size of the given width, then what is of that size.
func (r *msgpackReader) sized(width uint64, read func(uint64) (any, error)) (any, error) {
	n, err := r.uint(width)
	if err != nil {
		return nil, err
	}
	return read(n)
}

func (r *msgpackReader) signed(width uint64) (any, error) {
	n, err := r.uint(width)
	if err != nil {
		return nil, err
	}
	unused := 64 - 8*width
	return Int(strconv.FormatInt(int64(n<<unused)>>unused, 10)), nil
}

func (r *msgpackReader) stringOf(n uint64) (any, error) {
	b, err := r.take(n)
	return string(b), err
}

func (r *msgpackReader) binOf(n uint64) (any, error) {
	b, err := r.take(n)
	return Bin(hex.EncodeToString(b)), err
}

func (r *msgpackReader) extOf(n uint64) (any, error) {
	b, err := r.take(n + 1) // its type stands before the data
	if err != nil {
		return nil, err
	}
	return Ext{Type: int8(b[0]), Data: Bin(hex.EncodeToString(b[1:]))}, nil
}

func (r *msgpackReader) arrayOf(n uint64, depth int) (any, error) {
	array := Array{}
	for range n {
		item, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		array = append(array, item)
	}
	return array, nil
}

func (r *msgpackReader) mapOf(n uint64, depth int) (any, error) {
	object := Object{}
	for range n {
		key, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		object = append(object, Member{Key: key, Value: value})
	}
	return object, nil
}
