package hubtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hubwire/signalr/hubs"
)

// Sent is one call of a client method by the hub.
type Sent struct {
	Target hubs.Target
	Method string // as the client knows it
	Args   []any
	Asked  bool // the hub waited for the client's result
}

// newSent copies what the hub may use again.
func newSent(to hubs.Target, method string, args []any) Sent {
	to.IDs, to.Except = slices.Clone(to.IDs), slices.Clone(to.Except)
	return Sent{Target: to, Method: method, Args: slices.Clone(args)}
}

// String returns the call as one would write it in a hub, such as
//
//	All.ReceiveMessage("ann", "hi")
//	GroupExcept("room", "caller").Move(1, 2)
//
// The caller is Client with its id, "caller" unless it was given another one.
func (s Sent) String() string {
	args := make([]string, len(s.Args))
	for i, arg := range s.Args {
		if text, ok := arg.(string); ok {
			args[i] = fmt.Sprintf("%q", text)
		} else {
			args[i] = fmt.Sprintf("%+v", arg)
		}
	}
	return fmt.Sprintf("%s.%s(%s)", targetString(s.Target), s.Method, strings.Join(args, ", "))
}

func targetString(to hubs.Target) string {
	name := map[hubs.TargetKind]string{
		hubs.TargetAll:         "All",
		hubs.TargetConnections: "Client",
		hubs.TargetGroups:      "Group",
		hubs.TargetUsers:       "User",
	}[to.Kind]
	if to.Kind != hubs.TargetAll && len(to.IDs) != 1 {
		name += "s"
	}
	if len(to.Except) > 0 {
		name += "Except"
	}
	ids := make([]string, 0, len(to.IDs)+len(to.Except))
	for _, id := range slices.Concat(to.IDs, to.Except) {
		ids = append(ids, fmt.Sprintf("%q", id))
	}
	if len(ids) == 0 {
		return name
	}
	return name + "(" + strings.Join(ids, ", ") + ")"
}
