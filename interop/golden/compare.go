package golden

import (
	"math"
	"slices"

	"github.com/google/go-cmp/cmp"
)

// compareValues reports how got differs from want, "" if it does not.
// Placeholders in the strings of want take their values in b only if all fits.
func (b *Bindings) compareValues(want, got any) string {
	trial := b.clone()
	matched, ok := trial.matchValue(want, got)
	if ok {
		b.values = trial.values
		return ""
	}
	return cmp.Diff(shown(matched), shown(got))
}

// matchValue compares two trees. What it returns is want with everything that
// fits replaced by what was got, so that a diff shows only what does not fit:
// no placeholder that was met, no number that is merely spelt otherwise.
func (b *Bindings) matchValue(want, got any) (any, bool) {
	switch want := want.(type) {
	case string:
		text, ok := got.(string)
		if ok && b.match(want, text) {
			return got, true
		}
		known, _ := b.resolve(want) // for the diff; those without a value stay as they are
		return known, false
	case Number:
		number, ok := got.(Number)
		if ok && equalNumbers(want, number) {
			return got, true
		}
		return want, false
	case Float32:
		f, ok := got.(Float32)
		return want, ok && sameFloat(float64(want), float64(f))
	case Float64:
		f, ok := got.(Float64)
		return want, ok && sameFloat(float64(want), float64(f))
	case Array:
		return b.matchArray(want, got)
	case Object:
		return b.matchObject(want, got)
	default: // nil, bool, Int, Bin, Ext
		return want, want == got
	}
}

func (b *Bindings) matchArray(want Array, got any) (any, bool) {
	array, ok := got.(Array)
	if !ok {
		return want, false
	}
	out := slices.Clone(want)
	ok = len(want) == len(array)
	for i := range min(len(want), len(array)) {
		var fits bool
		out[i], fits = b.matchValue(want[i], array[i])
		ok = ok && fits
	}
	return out, ok
}

// matchObject pairs each entry of want with one of the same key. Keys may
// repeat in MessagePack; then the first of them that fits is taken. A property
// that JSON repeats is one too many.
func (b *Bindings) matchObject(want Object, got any) (any, bool) {
	object, ok := got.(Object)
	if !ok {
		return want, false
	}
	out := slices.Clone(want)
	left := slices.Clone(object)
	for i, m := range want {
		at, fits := -1, false
		for j, candidate := range left {
			if _, sameKey := b.clone().matchValue(m.Key, candidate.Key); !sameKey {
				continue
			}
			trial := b.clone()
			value, matched := trial.matchValue(m.Value, candidate.Value)
			if at < 0 || matched {
				at, fits = j, matched
				out[i] = Member{Key: candidate.Key, Value: value}
			}
			if matched {
				b.values = trial.values
				break
			}
		}
		if at >= 0 {
			left = slices.Delete(left, at, at+1)
		}
		ok = ok && fits
	}
	return out, ok && len(left) == 0
}

// sameFloat tells -0 from 0 and takes any NaN for another.
func sameFloat(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Float64bits(a) == math.Float64bits(b)
}
