package contract

import "time"

// The objects of the contract. Their properties are spelt on the wire as they
// are here; pointers stand for what may be null.

type customObject struct {
	Name  *string
	Value int32
}

type complexObject struct {
	ByteArray []byte
	DateTime  time.Time
	Guid      *string //nolint:revive,staticcheck // the contract spells it so
	IntArray  []int32
	String    *string
	Nested    *customObject
	Children  []customObject
	Map       map[string]int32
}

type uploadResult struct {
	Text string
	Sum  int32
}

type recordResult struct {
	Count   int32
	InOrder bool
}
