package protocol

import (
	"errors"
	"fmt"
	"time"
)

// color is an enumeration as Go writes them: a number with a name.
type color int

const (
	red color = iota
	blue
)

func (c color) MarshalText() ([]byte, error) {
	switch c {
	case red:
		return []byte("Red"), nil
	case blue:
		return []byte("Blue"), nil
	}
	return nil, fmt.Errorf("no color %d", int(c))
}

func (c *color) UnmarshalText(text []byte) error {
	switch string(text) {
	case "Red":
		*c = red
	case "Blue":
		*c = blue
	default:
		return errors.New("no such color")
	}
	return nil
}

// plainEnum is one without names.
type plainEnum uint8

// Custom is a struct to nest and to embed; exported, as only then a pointer to it can be made when embedded.
type Custom struct {
	Name  string
	Value int
}

type complexObject struct {
	ByteArray []byte
	DateTime  time.Time
	GUID      string `msgpack:"Guid"`
	IntArray  []int
	String    string
	Nested    *Custom
	Children  []Custom
	Map       map[string]int
}

// base is embedded.
type base struct {
	BaseID int
	Shared string
}

type derived struct {
	base
	*Custom

	Shared string // hides the one of base
	hidden int    //nolint:unused // never written
	Skip   int    `json:"-" msgpack:"-"`
	Tagged int    `json:"other_name" msgpack:"OTHER"`
	Empty  int    `json:",omitempty" msgpack:",omitempty"`
}

// node contains itself.
type node struct {
	Value int
	Next  *node
	Kids  []node
	More  map[string]node
}

// tuple is an array in MessagePack.
type tuple struct {
	_     struct{} `msgpack:",as_array"` //nolint:revive // how a struct asks for it
	Left  int
	Right string
}

// ring refers to itself for ever.
func ring() any {
	var x any
	x = &x
	return x
}

// nested is a list in a list, and so on.
func nested(levels int) any {
	var x any = 1
	for range levels {
		x = []any{x}
	}
	return x
}
