package hubs

// replayLog keeps the frames that the client has not acknowledged, in order. It
// stores their bytes and nothing else: where one ends is for the protocol to
// say. Frames are numbered from 1 and the numbers are never on the wire.
type replayLog struct {
	split func(buf []byte) (payload, rest []byte, ok bool, err error)
	limit int // bytes

	bytes  []byte // whole frames, the oldest first
	sent   int    // how many of the bytes the transport has been given
	oldest int64  // number of the first frame, or of the next one if there is none
	last   int64  // number of the last frame ever added
}

func newReplayLog(split func([]byte) ([]byte, []byte, bool, error), limit int) replayLog {
	return replayLog{split: split, limit: wholePages(limit), oldest: 1}
}

// wholePages makes a big limit one that the memory allocator can serve without
// rounding up by more than 2 KiB.
func wholePages(limit int) int {
	const big, page, slack = 32 << 10, 8 << 10, 2 << 10
	if limit <= big {
		return limit
	}
	return (limit + slack) / page * page
}

// room reports whether a frame of n bytes may be added: one that is over the
// limit by itself only to an empty log.
func (l *replayLog) room(n int) bool { return len(l.bytes) == 0 || len(l.bytes)+n <= l.limit }

// add appends a frame, which is copied.
func (l *replayLog) add(frame []byte) {
	need := len(l.bytes) + len(frame)
	if need > cap(l.bytes) {
		const least = 256
		grown := make([]byte, len(l.bytes), max(need, min(2*cap(l.bytes), l.limit), min(least, l.limit)))
		copy(grown, l.bytes)
		l.bytes = grown
	}
	l.bytes = append(l.bytes, frame...)
	l.last++
}

// unsent returns the first frame that the transport has not been given, nil if
// there is none.
func (l *replayLog) unsent() []byte {
	if l.sent >= len(l.bytes) {
		return nil
	}
	return l.first(l.bytes[l.sent:])
}

// first returns the first frame of b, which is not empty.
func (l *replayLog) first(b []byte) []byte {
	_, rest, ok, err := l.split(b)
	if !ok || err != nil {
		return b // a protocol that cannot read what it wrote
	}
	return b[:len(b)-len(rest)]
}

// keepEmpty is how much memory an empty log may hold on to.
const keepEmpty = 1 << 10

// ack drops the frames up to a number and reports whether there were any.
func (l *replayLog) ack(number int64) bool {
	n := 0
	for l.oldest <= number && n < len(l.bytes) {
		n += len(l.first(l.bytes[n:]))
		l.oldest++
	}
	if n == 0 {
		return false
	}
	l.bytes = l.bytes[:copy(l.bytes, l.bytes[n:])]
	l.sent = max(0, l.sent-n)
	if len(l.bytes) == 0 && cap(l.bytes) > keepEmpty {
		l.bytes = nil
	}
	return true
}
