package auth

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

func TestCutParameter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		query, rest string
		values      []string
	}{
		{"", "", nil},
		{"id=1", "id=1", nil},
		{"access_token=x", "", []string{"x"}},
		{"id=1&access_token=x&b=2", "id=1&b=2", []string{"x"}},
		{"access_token=x&access_token=y&id=%2f+", "id=%2f+", []string{"x", "y"}},
		{"Access_Token=x", "", []string{"x"}},
		{"%61ccess_token=x%2By", "", []string{"x+y"}},
		{"access_token", "", []string{""}},
		{"access_token=", "", []string{""}},
		{"access_token=%zz", "", []string{"%zz"}},
		{"a=1;access_token=x&b=2", "b=2", []string{"x"}},
		{"my_access_token=x", "my_access_token=x", nil},
		{"next=access_token%3Dx", "next=access_token%3Dx", nil},
		{"&&a", "&&a", nil},
		{"%zz=1&access_token=x", "%zz=1", []string{"x"}},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			t.Parallel()
			rest, values := cutParameter(tt.query, queryToken)
			if rest != tt.rest || !slices.Equal(values, tt.values) {
				t.Errorf("got %q and %q, want %q and %q", rest, values, tt.rest, tt.values)
			}
		})
	}
}

func TestHidingLeavesTheOriginalAlone(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/chat?id=1&access_token=x", http.NoBody)
	if err := r.ParseForm(); err != nil {
		t.Fatal(err)
	}
	hidden, tokens := hideQueryTokens(r)
	if hidden.URL.RawQuery != "id=1" || hidden.RequestURI != "/chat?id=1" || hidden.Form.Has(queryToken) || hidden.Form.Get("id") != "1" {
		t.Errorf("got %q, %q and %v, want no token in them", hidden.URL.RawQuery, hidden.RequestURI, hidden.Form)
	}
	if r.URL.RawQuery != "id=1&access_token=x" || r.RequestURI != "/chat?id=1&access_token=x" || r.Form.Get(queryToken) != "x" {
		t.Errorf("the original: got %q, %q and %v, want it as it was", r.URL.RawQuery, r.RequestURI, r.Form)
	}
	if again, still := hideQueryTokens(hidden); again != hidden || !slices.Equal(tokens, still) {
		t.Errorf("hiding twice: got %q, want %q and no further copy", still, tokens)
	}
	plain := httptest.NewRequest(http.MethodGet, "/chat?id=1", http.NoBody)
	if same, none := hideQueryTokens(plain); same != plain || none != nil {
		t.Errorf("a request without token: got %q and a copy, want neither", none)
	}
}

func TestHidingInRequestTargets(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"/chat?access_token=x":                        "/chat",
		"http://host.example/chat?access_token=x&a=1": "http://host.example/chat?a=1",
	} {
		r := httptest.NewRequest(http.MethodGet, target, http.NoBody)
		if hidden, _ := hideQueryTokens(r); hidden.RequestURI != want {
			t.Errorf("%s: got %q, want %q", target, hidden.RequestURI, want)
		}
	}
}

func TestHubPaths(t *testing.T) {
	t.Parallel()
	isHub := HubPaths("/chat", "/feed/")
	for path, want := range map[string]bool{
		"/chat": true, "/chat/negotiate": true, "/feed": true, "/feed/": true, "/chatter": false, "/Chat": false, "/": false, "/api/chat": false,
	} {
		r := httptest.NewRequest(http.MethodPost, path, http.NoBody)
		if got := isHub(r); got != want {
			t.Errorf("%s: got %t, want %t", path, got, want)
		}
	}
}

func TestOpensStream(t *testing.T) {
	t.Parallel()
	upgrade := http.Header{"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"WebSocket"}}
	tests := []struct {
		name   string
		method string
		header http.Header
		want   bool
	}{
		{"WebSocket", http.MethodGet, upgrade, true},
		{"WebSocket over HTTP/2", http.MethodConnect, http.Header{":protocol": {"websocket"}}, true},
		{"another tunnel", http.MethodConnect, http.Header{":protocol": {"connect-udp"}}, false},
		{"upgrade by POST", http.MethodPost, upgrade, false},
		{"upgrade to something else", http.MethodGet, http.Header{"Connection": {"upgrade"}, "Upgrade": {"h2c"}}, false},
		{"upgrade without Connection", http.MethodGet, http.Header{"Upgrade": {"websocket"}}, false},
		{"event stream", http.MethodGet, http.Header{"Accept": {"text/html, Text/Event-Stream"}}, true},
		{"event stream by POST", http.MethodPost, http.Header{"Accept": {"text/event-stream"}}, false},
		{"a browser following a link", http.MethodGet, http.Header{"Accept": {"text/html,*/*;q=0.8"}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(tt.method, "/chat", http.NoBody)
			r.Header = tt.header
			if got := opensStream(r); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
