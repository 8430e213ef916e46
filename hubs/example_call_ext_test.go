package hubs_test

import (
	"context"
	"fmt"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/hubs/internal/testclient"
)

// call is a client that connects, makes one call, and prints what it gets.
// arguments is JSON.
func call[H hubs.Instance[K], K any](newHub func() H, cfg hubs.Config, method, arguments string) {
	ctx := context.Background()
	runtime, _, err := hubs.NewRuntime(newHub, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer runtime.Shutdown(ctx) //nolint:errcheck // nothing hangs here
	client, err := testclient.Dial(ctx, runtime, testclient.Options{ID: "caller"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	client.Receive(fmt.Appendf(nil, `{"type":1,"invocationId":"1","target":%q,"arguments":%s}`+"\x1e", method, arguments))
	answer, err := client.Next(ctx)
	switch {
	case err != nil:
		fmt.Println(err)
	case answer.HasError:
		fmt.Println("error:", answer.Error)
	default:
		fmt.Println("result:", string(answer.Result))
	}
}
