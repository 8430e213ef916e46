package protocol

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"time"
)

// timestampExtension is the type of MessagePack's timestamp.
const timestampExtension = -1

var timeType = reflect.TypeFor[time.Time]()

func writePackTime(e *packEncoder, v reflect.Value) error {
	t, _ := reflect.TypeAssert[time.Time](v)
	e.dst = appendTimestamp(e.dst, t)
	return nil
}

// appendTimestamp writes t in the shortest of the three forms, cut to 100 ns.
func appendTimestamp(dst []byte, t time.Time) []byte {
	seconds, nanos := t.Unix(), uint64(t.Nanosecond()/int(tick))*uint64(tick)
	const typ = 0x100 + timestampExtension
	switch {
	case seconds>>34 != 0:
		dst = append(dst, 0xc7, 12, typ)
		dst = binary.BigEndian.AppendUint32(dst, uint32(nanos))
		return binary.BigEndian.AppendUint64(dst, uint64(seconds))
	case nanos != 0 || seconds > math.MaxUint32:
		dst = append(dst, 0xd7, typ)
		return binary.BigEndian.AppendUint64(dst, nanos<<34|uint64(seconds))
	}
	dst = append(dst, 0xd6, typ)
	return binary.BigEndian.AppendUint32(dst, uint32(seconds))
}

func readPackTime(d *packDecoder, v reflect.Value) error {
	read := d.time
	if scanPack(d.rest).kind == packArray {
		read = d.timeWithOffset
	}
	t, err := read(v.Type())
	if err == nil {
		v.Set(reflect.ValueOf(t))
	}
	return err
}

// timeWithOffset reads what .NET clients make of a DateTimeOffset, for which Go
// has no other type than time.Time: an array of the local clock's reading, as
// if it were UTC, and the minutes that it is ahead of UTC.
func (d *packDecoder) timeWithOffset(t reflect.Type) (time.Time, error) {
	n, err := d.open(packArray, t)
	if err != nil {
		return time.Time{}, err
	}
	if n != 2 {
		return time.Time{}, errNoFit(fmt.Sprintf("an array of %d elements", n), t)
	}
	d.depth--
	clock, err := d.time(t)
	if err != nil {
		return time.Time{}, err
	}
	minutes, err := d.int(t, 16)
	if err != nil {
		return time.Time{}, err
	}
	if max(minutes, -minutes)*60 > maxZone {
		return time.Time{}, errNoFit(fmt.Sprintf("an offset of %d minutes", minutes), t)
	}
	zone := time.UTC
	if minutes != 0 {
		zone = time.FixedZone("", int(minutes)*60)
	}
	return clock.Add(-time.Duration(minutes) * time.Minute).In(zone), nil
}

// time reads a timestamp in either framing of an extension.
func (d *packDecoder) time(t reflect.Type) (time.Time, error) {
	head := scanPack(d.rest)
	if head.kind != packExt || int8(d.rest[head.body]) != timestampExtension {
		return time.Time{}, d.noFit(t)
	}
	data := d.rest[head.body+1 : head.size]
	var seconds, nanos uint64
	switch len(data) {
	case 4:
		seconds = uint64(binary.BigEndian.Uint32(data))
	case 8:
		both := binary.BigEndian.Uint64(data)
		seconds, nanos = both&(1<<34-1), both>>34
	case 12:
		nanos, seconds = uint64(binary.BigEndian.Uint32(data)), binary.BigEndian.Uint64(data[4:])
	default:
		return time.Time{}, d.noFit(t)
	}
	const first, last = -62135596800, 253402300799 // from year 1 to year 9999
	if s := int64(seconds); s < first || s > last {
		return time.Time{}, errNoFit(fmt.Sprintf("a timestamp of %d seconds", s), t)
	}
	d.rest = d.rest[head.size:]
	return time.Unix(int64(seconds), int64(nanos)/int64(tick)*int64(tick)).UTC(), nil
}

func writePackDuration(e *packEncoder, v reflect.Value) error {
	e.dst = appendPackInt(e.dst, v.Int()/int64(tick))
	return nil
}

func readPackDuration(d *packDecoder, v reflect.Value) error {
	ticks, err := d.int(v.Type(), 64)
	if err != nil {
		return err
	}
	if ticks > math.MaxInt64/int64(tick) || ticks < math.MinInt64/int64(tick) {
		return errNoFit(fmt.Sprintf("the number %d", ticks), v.Type())
	}
	v.SetInt(ticks * int64(tick))
	return nil
}
