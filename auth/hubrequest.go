package auth

import (
	"net/http"
	"strings"
)

// HubPaths returns a function for [Config.HubRequest] that knows the requests
// to hubs by their path: each path itself and all below it, such as
// /chat/negotiate below /chat. It compares with r.URL.Path, so behind an
// http.StripPrefix the paths are those without the prefix.
func HubPaths(paths ...string) func(*http.Request) bool {
	trimmed := make([]string, len(paths))
	for i, path := range paths {
		trimmed[i] = strings.TrimSuffix(path, "/")
	}
	return func(r *http.Request) bool {
		for _, path := range trimmed {
			rest, found := strings.CutPrefix(r.URL.Path, path)
			if found && (rest == "" || rest[0] == '/') {
				return true
			}
		}
		return false
	}
}

// opensStream reports whether r opens a WebSocket or an event stream: what a
// browser's SignalR client does with its token in the query, and what following
// a link or posting a form cannot do.
func opensStream(r *http.Request) bool {
	return opensWebSocket(r) || r.Method == http.MethodGet && hasToken(r.Header["Accept"], "text/event-stream")
}

func opensWebSocket(r *http.Request) bool {
	if r.Method == http.MethodConnect { // HTTP/2, RFC 8441
		protocol := r.Header[":protocol"]
		return len(protocol) == 1 && protocol[0] == "websocket"
	}
	return r.Method == http.MethodGet && hasToken(r.Header["Connection"], "upgrade") && hasToken(r.Header["Upgrade"], "websocket")
}

// hasToken reports whether a comma-separated header has an element, in any case.
func hasToken(header []string, element string) bool {
	for _, line := range header {
		for item := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.Trim(item, " \t"), element) {
				return true
			}
		}
	}
	return false
}
