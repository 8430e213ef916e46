package contract

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/hubwire/signalr/hubs"
)

// maxLargeString is the most that GetLargeString makes, in bytes.
const maxLargeString = 4 << 20

func (h *hub) Echo(v *string) *string                        { return v }
func (h *hub) EchoInt(v int32) int32                         { return v }
func (h *hub) EchoLong(v int64) int64                        { return v }
func (h *hub) EchoDouble(v float64) float64                  { return v }
func (h *hub) EchoBool(v bool) bool                          { return v }
func (h *hub) EchoBytes(v *[]byte) *[]byte                   { return v }
func (h *hub) EchoDateTime(v time.Time) time.Time            { return v }
func (h *hub) EchoIntArray(v *[]int32) *[]int32              { return v }
func (h *hub) EchoMap(v *map[string]int32) *map[string]int32 { return v } //nolint:gocritic // null is not the empty map
func (h *hub) EchoComplexObject(v *complexObject) *complexObject {
	return v
}

func (h *hub) SendComplexObject() *complexObject {
	guid, text := "00010203-0405-0607-0706-050403020100", "hello world"
	return &complexObject{
		ByteArray: []byte{1, 2, 3},
		DateTime:  time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		Guid:      &guid,
		IntArray:  []int32{1, 2, 3},
		String:    &text,
	}
}

func (h *hub) Add(a, b int32) int32 { return a + b }

func (h *hub) VoidMethod() {}

func (h *hub) GetLargeString(length int32) (string, error) {
	if length < 0 || length > maxLargeString {
		return "", errors.New("the length must be from 0 to 4194304")
	}
	return strings.Repeat("x", int(length)), nil
}

func (h *hub) Delay(ctx context.Context, ms int32, tag *string) (*string, error) {
	if err := wait(ctx, ms); err != nil {
		return nil, err
	}
	return tag, nil
}

func (h *hub) ThrowException(message string) error { return errors.New(message) }

func (h *hub) ThrowHubException(message string) error { return hubs.Errorf("%s", message) }

// wait waits for so many milliseconds or until ctx ends.
func wait(ctx context.Context, ms int32) error {
	if ms <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
