package protocol

import (
	"fmt"

	"github.com/tinylib/msgp/msgp"
)

type packValues struct{}

func (p MessagePack) appendValue(dst []byte, v any) ([]byte, error) {
	return msgp.AppendIntf(dst, v)
}

func (p MessagePack) Unmarshal(raw Raw, v any) error {
	x, _, err := msgp.ReadIntfBytes(raw)
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case *string:
		*v, _ = x.(string)
	case *any:
		*v = x
	default:
		return fmt.Errorf("not yet: %T", v)
	}
	return nil
}

// MessagePackOption changes how [MessagePack] writes and reads values.
type MessagePackOption interface{ applyMessagePack(*packValues) }

// NewMessagePack makes a MessagePack protocol.
func NewMessagePack(opts ...MessagePackOption) *MessagePack {
	p := &MessagePack{values: &packValues{}}
	for _, o := range opts {
		o.applyMessagePack(p.values)
	}
	return p
}
