package contract

import (
	"context"

	"github.com/hubwire/signalr/hubs"
)

func (h *hub) InvokeWithString(ctx context.Context, message *string) error {
	return h.Clients().Caller().Send(ctx, "Message", message)
}

func (h *hub) SendCustomObject(ctx context.Context, o *customObject) error {
	return h.Clients().Caller().Send(ctx, "CustomObject", o)
}

func (h *hub) SendManyArgs(ctx context.Context) error {
	return h.Clients().Caller().Send(ctx, "ManyArgs", "a", 1, true, nil, []int32{1, 2})
}

func (h *hub) CallHandlerThatDoesntExist(ctx context.Context) error {
	return h.Clients().Caller().Send(ctx, "NoClientHandler")
}

func (h *hub) Burst(ctx context.Context, count int32) (int32, error) {
	for i := range count {
		if err := h.Clients().Caller().Send(ctx, "Item", i); err != nil {
			return 0, err
		}
	}
	return count, nil
}

func (h *hub) Record(n int32) {
	r := h.recorded()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inOrder = r.inOrder && n == r.count
	r.count++
}

func (h *hub) GetRecord() recordResult {
	r := h.recorded()
	r.mu.Lock()
	defer r.mu.Unlock()
	return recordResult{Count: r.count, InOrder: r.inOrder}
}

func (h *hub) AskCaller(ctx context.Context, question *string) (*string, error) {
	return hubs.Invoke[*string](ctx, h.Clients().Caller(), "Answer", question)
}

func (h *hub) AskCallerForInt(ctx context.Context, question *string) (int32, error) {
	return hubs.Invoke[int32](ctx, h.Clients().Caller(), "AnswerInt", question)
}

func (h *hub) AskClient(ctx context.Context, connectionID string, question *string) (*string, error) {
	return hubs.Invoke[*string](ctx, h.Clients().Client(connectionID), "Answer", question)
}
