package golden

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
)

// raw is MessagePack bytes to be copied as they are, in hexadecimal; a script
// uses it to send what no encoder would write.
type raw string

// appendMessagePack appends v in the shortest formats, as clients write it.
func appendMessagePack(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, 0xc0), nil
	case bool:
		if v {
			return append(b, 0xc3), nil
		}
		return append(b, 0xc2), nil
	case string:
		return append(appendSize(b, len(v), stringFormat), v...), nil
	case Int:
		return appendInt(b, v)
	case Float32:
		return binary.BigEndian.AppendUint32(append(b, 0xca), math.Float32bits(float32(v))), nil
	case Float64:
		return binary.BigEndian.AppendUint64(append(b, 0xcb), math.Float64bits(float64(v))), nil
	case Bin:
		return appendBytes(b, string(v), binFormat)
	case Ext:
		return appendExt(b, v)
	case raw:
		return appendHex(b, string(v))
	case Array:
		return appendArray(b, v)
	case Object:
		return appendMap(b, v)
	default:
		return nil, fmt.Errorf("a %T is no MessagePack value", v)
	}
}

// sizeFormat is how one family of MessagePack formats writes its size: in the
// first byte up to a limit, else in one, two or four bytes behind it.
type sizeFormat struct {
	fix      byte // first byte for the smallest sizes; fixLimit 0: there is none
	fixLimit int
	one      byte // 0: the family has no one-byte size
	two      byte
	four     byte
}

var (
	stringFormat = sizeFormat{fix: 0xa0, fixLimit: 32, one: 0xd9, two: 0xda, four: 0xdb}
	binFormat    = sizeFormat{one: 0xc4, two: 0xc5, four: 0xc6}
	extFormat    = sizeFormat{one: 0xc7, two: 0xc8, four: 0xc9}
	arrayFormat  = sizeFormat{fix: 0x90, fixLimit: 16, two: 0xdc, four: 0xdd}
	mapFormat    = sizeFormat{fix: 0x80, fixLimit: 16, two: 0xde, four: 0xdf}
)

func appendSize(b []byte, n int, f sizeFormat) []byte {
	switch {
	case n < f.fixLimit:
		return append(b, f.fix|byte(n))
	case n <= math.MaxUint8 && f.one != 0:
		return append(b, f.one, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, f.two), uint16(n))
	default:
		return binary.BigEndian.AppendUint32(append(b, f.four), uint32(n))
	}
}

func appendHex(b []byte, text string) ([]byte, error) {
	data, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", text, err)
	}
	return append(b, data...), nil
}

func appendBytes(b []byte, text string, f sizeFormat) ([]byte, error) {
	return appendHex(appendSize(b, len(text)/2, f), text)
}

func appendExt(b []byte, v Ext) ([]byte, error) {
	switch n := len(v.Data) / 2; n {
	case 1, 2, 4, 8, 16:
		b = append(b, map[int]byte{1: 0xd4, 2: 0xd5, 4: 0xd6, 8: 0xd7, 16: 0xd8}[n])
	default:
		b = appendSize(b, n, extFormat)
	}
	return appendHex(append(b, byte(v.Type)), string(v.Data))
}

func appendInt(b []byte, v Int) ([]byte, error) {
	if n, err := strconv.ParseUint(string(v), 10, 64); err == nil {
		switch {
		case n <= 0x7f:
			return append(b, byte(n)), nil
		case n <= math.MaxUint8:
			return append(b, 0xcc, byte(n)), nil
		case n <= math.MaxUint16:
			return binary.BigEndian.AppendUint16(append(b, 0xcd), uint16(n)), nil
		case n <= math.MaxUint32:
			return binary.BigEndian.AppendUint32(append(b, 0xce), uint32(n)), nil
		default:
			return binary.BigEndian.AppendUint64(append(b, 0xcf), n), nil
		}
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	switch {
	case err != nil:
		return nil, fmt.Errorf("MessagePack integer: %w", err)
	case n >= -32:
		return append(b, byte(n)), nil
	case n >= math.MinInt8:
		return append(b, 0xd0, byte(n)), nil
	case n >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(b, 0xd1), uint16(n)), nil
	case n >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(b, 0xd2), uint32(n)), nil
	default:
		return binary.BigEndian.AppendUint64(append(b, 0xd3), uint64(n)), nil
	}
}

func appendArray(b []byte, v Array) ([]byte, error) {
	b = appendSize(b, len(v), arrayFormat)
	var err error
	for _, item := range v {
		if b, err = appendMessagePack(b, item); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendMap(b []byte, v Object) ([]byte, error) {
	b = appendSize(b, len(v), mapFormat)
	var err error
	for _, m := range v {
		if b, err = appendMessagePack(b, m.Key); err != nil {
			return nil, err
		}
		if b, err = appendMessagePack(b, m.Value); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// appendLengthPrefix appends the length that goes before a MessagePack hub
// message: seven bits a byte, the lowest first.
func appendLengthPrefix(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(n)) }
