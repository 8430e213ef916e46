package protocol

import "encoding/binary"

// maxPackDepth is how deep arrays and maps may nest inside one value.
const maxPackDepth = 500

// packHead is what the first bytes of a MessagePack value say of it.
type packHead struct {
	kind packKind
	size int    // bytes of the value, those of its elements aside
	body int    // where the contents begin: text, bytes, extension data, number
	n    uint32 // elements of an array, pairs of a map
}

// values is how many values the elements are: two for each pair of a map.
func (h packHead) values() uint64 {
	if h.kind == packMap {
		return 2 * uint64(h.n)
	}
	return uint64(h.n)
}

// packKind is a family of MessagePack formats.
type packKind uint8

const (
	packInvalid packKind = iota // the one unused format, or fewer bytes than announced
	packNil
	packBool
	packInt   // signed, fixed or not
	packUint  // unsigned, fixed or not
	packFloat // 32 or 64 bits
	packStr
	packBin
	packExt
	packArray
	packMap
)

// scanPack reads the head of the value at the start of b. Whatever size says
// is there.
func scanPack(b []byte) packHead {
	head := packHeadOf(b)
	if head.kind == packInvalid || head.size > len(b) {
		return packHead{}
	}
	return head
}

func packHeadOf(b []byte) packHead {
	if len(b) == 0 {
		return packHead{}
	}
	switch c := b[0]; {
	case c < 0x80:
		return packHead{kind: packUint, size: 1}
	case c >= 0xe0:
		return packHead{kind: packInt, size: 1}
	case c >= 0xc0:
		return packHeadLong(b)
	case c >= 0xa0:
		return packHead{kind: packStr, size: 1 + int(c&0x1f), body: 1}
	case c >= 0x90:
		return packHead{kind: packArray, size: 1, n: uint32(c & 0x0f)}
	default:
		return packHead{kind: packMap, size: 1, n: uint32(c & 0x0f)}
	}
}

// packHeadLong is packHeadOf for the formats whose first byte is c0 to df.
func packHeadLong(b []byte) packHead {
	switch c := b[0]; c {
	case 0xc0:
		return packHead{kind: packNil, size: 1}
	case 0xc2, 0xc3:
		return packHead{kind: packBool, size: 1}
	case 0xc4, 0xc5, 0xc6:
		return packSized(packBin, b, 1<<(c-0xc4), 0)
	case 0xc7, 0xc8, 0xc9:
		return packSized(packExt, b, 1<<(c-0xc7), 1)
	case 0xca, 0xcb:
		return packHead{kind: packFloat, size: 5 + 4*int(c-0xca), body: 1}
	case 0xcc, 0xcd, 0xce, 0xcf:
		return packHead{kind: packUint, size: 1 + 1<<(c-0xcc), body: 1}
	case 0xd0, 0xd1, 0xd2, 0xd3:
		return packHead{kind: packInt, size: 1 + 1<<(c-0xd0), body: 1}
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		return packHead{kind: packExt, size: 2 + 1<<(c-0xd4), body: 1}
	case 0xd9, 0xda, 0xdb:
		return packSized(packStr, b, 1<<(c-0xd9), 0)
	case 0xdc, 0xdd:
		return packCounted(packArray, b, 2<<(c-0xdc))
	case 0xde, 0xdf:
		return packCounted(packMap, b, 2<<(c-0xde))
	}
	return packHead{}
}

// packSized reads a length of width bytes; extra more bytes precede the contents.
func packSized(kind packKind, b []byte, width, extra int) packHead {
	n, ok := packLength(b, width)
	if !ok || n > maxFrameLength-16 { // so that adding to it is safe where int has 32 bits
		return packHead{}
	}
	return packHead{kind: kind, size: 1 + width + extra + int(n), body: 1 + width}
}

func packCounted(kind packKind, b []byte, width int) packHead {
	n, ok := packLength(b, width)
	if !ok {
		return packHead{}
	}
	return packHead{kind: kind, size: 1 + width, n: n}
}

func packLength(b []byte, width int) (n uint32, ok bool) {
	if len(b) < 1+width {
		return 0, false
	}
	switch width {
	case 1:
		return uint32(b[1]), true
	case 2:
		return uint32(binary.BigEndian.Uint16(b[1:])), true
	}
	return binary.BigEndian.Uint32(b[1:]), true
}

// skipPack returns what follows the value at the start of b. depth is how many
// arrays and maps are around it.
func skipPack(b []byte, depth int) (rest []byte, ok bool) {
	head := scanPack(b)
	switch head.kind {
	case packInvalid:
		return b, false
	case packArray, packMap:
	default:
		return b[head.size:], true
	}
	elements := head.values()
	b = b[head.size:]
	// Each element has at least a byte, so a claim that cannot be true ends here.
	if depth++; depth > maxPackDepth || elements > uint64(len(b)) {
		return b, false
	}
	for ; elements > 0; elements-- {
		if b, ok = skipPack(b, depth); !ok {
			return b, false
		}
	}
	return b, true
}
