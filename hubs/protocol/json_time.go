package protocol

import (
	"fmt"
	"reflect"
	"time"
)

// tick is the unit of .NET's time: 100 ns.
const tick = 100 * time.Nanosecond

// ticksPerSecond is the number of ticks in a second, and so the highest value
// of seven decimals plus one.
const ticksPerSecond = int64(time.Second / tick)

// decimals is how many digits after the point .NET keeps.
const decimals = 7

// maxZone is how many seconds a zone may be from UTC at most.
const maxZone = 14 * 60 * 60

func writeJSONTime(e *jsonEncoder, v reflect.Value) (err error) {
	t, _ := reflect.TypeAssert[time.Time](v)
	e.dst, err = appendJSONTime(e.dst, t)
	return err
}

// appendJSONTime writes RFC 3339 with up to seven decimals, and Z for UTC.
func appendJSONTime(dst []byte, t time.Time) ([]byte, error) {
	if _, offset := t.Zone(); offset%60 != 0 || max(offset, -offset) > maxZone {
		t = t.UTC() // no client could read such a zone
	}
	t = t.Add(-time.Duration(t.Nanosecond()) % tick)
	if y := t.Year(); y < 1 || y > 9999 {
		return dst, fmt.Errorf("the year %d has no form in JSON", y)
	}
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"'), nil
}

func readJSONTime(d *jsonDecoder, v reflect.Value) error {
	text, err := d.text(v.Type())
	if err != nil {
		return err
	}
	t, ok := parseDateTime(text)
	if !ok {
		return fmt.Errorf("%.40q is not a date and time", text)
	}
	v.Set(reflect.ValueOf(t))
	return nil
}

// parseDateTime reads the forms of ISO 8601 that System.Text.Json reads: a
// date, or a date and a time with or without seconds, decimals and zone.
// Without a zone it is UTC. Digits beyond the seventh decimal are cut off.
func parseDateTime(text []byte) (time.Time, bool) {
	p := timeText{rest: text, ok: true}
	year, month, day := p.number(4), p.after('-'), p.after('-')
	if len(p.rest) == 0 {
		return p.instant(year, month, day, 0, 0, 0, 0, time.UTC)
	}
	hour, minute := p.after('T'), p.after(':')
	var second, nanos int
	if p.next(':') {
		second = p.number(2)
		if p.next('.') {
			p.ok = p.ok && len(p.rest) > 0 // a point may lack its digits, not be the end
			nanos = p.fraction(16)
		}
	}
	zone := p.zone()
	return p.instant(year, month, day, hour, minute, second, nanos, zone)
}

// timeText reads fields of fixed width; ok turns false where one is missing.
type timeText struct {
	rest []byte
	ok   bool
}

// next skips c, if it is what comes.
func (p *timeText) next(c byte) bool {
	if len(p.rest) == 0 || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// number reads a number of exactly so many digits.
func (p *timeText) number(digits int) int {
	n := 0
	for range digits {
		if len(p.rest) == 0 || p.rest[0]-'0' > 9 {
			p.ok = false
			return 0
		}
		n = 10*n + int(p.rest[0]-'0')
		p.rest = p.rest[1:]
	}
	return n
}

// after reads c and a number of two digits behind it.
func (p *timeText) after(c byte) int {
	p.ok = p.ok && p.next(c)
	return p.number(2)
}

// fraction reads decimals of a second, as nanoseconds cut to ticks.
func (p *timeText) fraction(most int) int {
	ticks, n := 0, 0
	for ; len(p.rest) > 0 && p.rest[0]-'0' <= 9; n++ {
		if n < decimals {
			ticks = 10*ticks + int(p.rest[0]-'0')
		}
		p.rest = p.rest[1:]
	}
	p.ok = p.ok && n <= most
	for ; n < decimals; n++ {
		ticks *= 10
	}
	return ticks * int(tick)
}

// zone reads Z, an offset of hours with or without minutes, or nothing.
func (p *timeText) zone() *time.Location {
	sign := 1
	switch {
	case len(p.rest) == 0 || p.next('Z'):
		return time.UTC
	case p.next('-'):
		sign = -1
	case !p.next('+'):
		p.ok = false
		return time.UTC
	}
	offset := p.number(2) * 3600
	if len(p.rest) > 0 {
		minutes := p.after(':')
		p.ok = p.ok && minutes < 60
		offset += minutes * 60
	}
	p.ok = p.ok && offset <= maxZone
	if offset == 0 {
		return time.UTC
	}
	return time.FixedZone("", sign*offset)
}

// instant puts the fields together, provided that all is read and there is
// such a time.
func (p *timeText) instant(year, month, day, hour, minute, second, nanos int, zone *time.Location) (time.Time, bool) {
	if !p.ok || len(p.rest) > 0 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, zone)
	if y, m, d := t.Date(); y != year || int(m) != month || d != day {
		return time.Time{}, false
	}
	utc := t.UTC().Year()
	return t, utc >= 1 && utc <= 9999
}

func writeJSONDuration(e *jsonEncoder, v reflect.Value) error {
	e.dst = append(e.dst, '"')
	e.dst = appendTimeSpan(e.dst, v.Int()/int64(tick))
	e.dst = append(e.dst, '"')
	return nil
}

// appendTimeSpan writes ticks as .NET does: [-][d.]hh:mm:ss[.fffffff].
func appendTimeSpan(dst []byte, ticks int64) []byte {
	if ticks < 0 {
		dst = append(dst, '-')
		ticks = -ticks // no overflow: a duration has a hundredth of the ticks an int64 could hold
	}
	seconds, fraction := ticks/ticksPerSecond, ticks%ticksPerSecond
	if days := seconds / 86400; days > 0 {
		dst = fmt.Appendf(dst, "%d.", days)
	}
	dst = fmt.Appendf(dst, "%02d:%02d:%02d", seconds/3600%24, seconds/60%60, seconds%60)
	if fraction > 0 {
		dst = fmt.Appendf(dst, ".%07d", fraction)
	}
	return dst
}

func readJSONDuration(d *jsonDecoder, v reflect.Value) error {
	text, err := d.text(v.Type())
	if err != nil {
		return err
	}
	duration, ok := parseTimeSpan(text)
	if !ok {
		return fmt.Errorf("%.40q is not a duration", text)
	}
	v.SetInt(int64(duration))
	return nil
}

// parseTimeSpan reads what appendTimeSpan writes, and the shorter forms that
// .NET reads: hours and minutes, or days alone.
func parseTimeSpan(text []byte) (time.Duration, bool) {
	p := timeText{rest: text, ok: true}
	negative := p.next('-')
	first := p.free()
	var days, hours, minutes, seconds, nanos int
	switch {
	case len(p.rest) == 0:
		days = first
	case p.next('.'):
		days, hours = first, p.free()
		minutes = p.afterFree(':')
	default:
		hours, minutes = first, p.afterFree(':')
	}
	if p.next(':') {
		seconds = p.free()
		if p.next('.') {
			before := len(p.rest)
			nanos = p.fraction(decimals)
			p.ok = p.ok && len(p.rest) < before
		}
	}
	if !p.ok || len(p.rest) > 0 || hours > 23 || minutes > 59 || seconds > 59 {
		return 0, false
	}
	total := time.Duration(days)*24*time.Hour + time.Duration(hours)*time.Hour +
		time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second + time.Duration(nanos)
	const mostDays = 106751 // that a time.Duration holds; not for all of the next
	if days > mostDays || total < 0 {
		return 0, false
	}
	if negative {
		total = -total
	}
	return total, true
}

// free reads a number of one to eight digits.
func (p *timeText) free() int {
	n, digits := 0, 0
	for ; len(p.rest) > 0 && p.rest[0]-'0' <= 9 && digits < 8; digits++ {
		n = 10*n + int(p.rest[0]-'0')
		p.rest = p.rest[1:]
	}
	p.ok = p.ok && digits > 0
	return n
}

// afterFree reads c and a number behind it.
func (p *timeText) afterFree(c byte) int {
	p.ok = p.ok && p.next(c)
	return p.free()
}
