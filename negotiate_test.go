package signalr_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/transports"
)

type emptyHub struct{ hubs.Hub }

func newEmptyHub() *emptyHub { return &emptyHub{} }

// newServer returns a server that the test shuts down.
func newServer(t *testing.T, options ...signalr.ServerOption) *signalr.Server {
	t.Helper()
	sr := signalr.New(options...)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
		cancel() // nobody is connected any more, so there is nothing to wait for
		_ = sr.Shutdown(ctx)
	})
	return sr
}

func answer(t *testing.T, handler http.Handler, method, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, nil))
	return w
}

func TestNegotiateVersions(t *testing.T) {
	t.Parallel()
	const (
		list      = `,"availableTransports":[{"transport":"WebSockets","transferFormats":["Text","Binary"]},{"transport":"ServerSentEvents","transferFormats":["Text"]},{"transport":"LongPolling","transferFormats":["Text","Binary"]}]}`
		v0        = `^{"negotiateVersion":0,"connectionId":"[\w-]{22}"`
		v1        = `^{"negotiateVersion":1,"connectionId":"[\w-]{22}","connectionToken":"[\w-]{22}"`
		noInteger = `^{"error":"The client requested a non-integer protocol version."}$`
	)
	tests := []struct {
		name, query string
		options     []signalr.ServerOption
		want        string // regular expression; list is added to versions
	}{
		{"no version is 0", "", nil, v0},
		{"0", "negotiateVersion=0", nil, v0},
		{"1", "negotiateVersion=1", nil, v1},
		{"names in any case", "NEGOTIATEVERSION=1", nil, v1},
		{"blanks and a sign", "negotiateVersion=%20%2B1%20", nil, v1},
		{"newer than ours", "negotiateVersion=7", nil, v1},
		{"empty", "negotiateVersion=", nil, noInteger},
		{"no number", "negotiateVersion=one", nil, noInteger},
		{"twice", "negotiateVersion=1&negotiateVersion=1", nil, noInteger},
		{"out of range", "negotiateVersion=2147483648", nil, noInteger},
		{"negative", "negotiateVersion=-1", nil, `^{"error":"The client requested version '-1', but the server does not support this version."}$`},
		{
			"below the minimum", "",
			[]signalr.ServerOption{signalr.MinimumProtocolVersion(1)},
			`^{"error":"The client requested version '0', but the server does not support this version."}$`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			signalr.MapHub(newServer(t, test.options...), mux, "/hub", newEmptyHub)
			got := answer(t, mux, http.MethodPost, "/hub/negotiate?"+test.query)
			if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "application/json" {
				t.Errorf("got %d, %q, want 200, application/json", got.Code, got.Header().Get("Content-Type"))
			}
			want := test.want
			if !strings.HasSuffix(want, "$") {
				want += regexp.QuoteMeta(list) + "$"
			}
			if !regexp.MustCompile(want).MatchString(got.Body.String()) {
				t.Errorf("got  %s\nwant %s", got.Body, want)
			}
		})
	}
}

func TestNegotiateKeepsTokenAndIDApart(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	signalr.MapHub(newServer(t), mux, "/hub", newEmptyHub)
	var got struct{ ConnectionID, ConnectionToken string }
	if err := json.Unmarshal(answer(t, mux, http.MethodPost, "/hub/negotiate?negotiateVersion=1").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.ConnectionID == got.ConnectionToken {
		t.Error("the public id is the secret token")
	}
	if status := answer(t, mux, http.MethodGet, "/hub?id="+got.ConnectionID).Code; status != http.StatusNotFound {
		t.Errorf("the public id was taken as token: got %d, want 404", status)
	}
}

func TestNegotiateListsTheTransportsThatAreOn(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	signalr.MapHub(newServer(t), mux, "/hub", newEmptyHub, signalr.Transports(transports.LongPolling))
	body := answer(t, mux, http.MethodPost, "/hub/negotiate?negotiateVersion=1").Body.String()
	if want := `"availableTransports":[{"transport":"LongPolling","transferFormats":["Text","Binary"]}]}`; !strings.HasSuffix(body, want) {
		t.Errorf("got %s, want it to end in %s", body, want)
	}
}

func TestNegotiateIsPOSTOnly(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	signalr.MapHub(newServer(t), mux, "/hub", newEmptyHub)
	for _, method := range []string{"GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"} {
		got := answer(t, mux, method, "/hub/negotiate")
		if got.Code != http.StatusMethodNotAllowed || got.Header().Get("Content-Type") != "text/plain" ||
			got.Header().Get("Allow") != "" || got.Body.Len() != 0 {
			t.Errorf("%s: got %d %v %q, want an empty 405 of text/plain without Allow", method, got.Code, got.Header(), got.Body)
		}
	}
}

func TestNegotiateBeyondTheUnusedConnections(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	signalr.MapHub(newServer(t, signalr.MaximumUnusedConnections(2)), mux, "/hub", newEmptyHub)
	for _, want := range []int{http.StatusOK, http.StatusOK, http.StatusServiceUnavailable} {
		got := answer(t, mux, http.MethodPost, "/hub/negotiate?negotiateVersion=1")
		if again := got.Header().Get("Retry-After"); got.Code != want || (again != "") != (want == http.StatusServiceUnavailable) {
			t.Errorf("got %d, Retry-After %q, want %d", got.Code, again, want)
		}
	}
	if _, err := signalr.NewServer(signalr.MaximumUnusedConnections(0)); err == nil || !strings.Contains(err.Error(), "MaximumUnusedConnections") {
		t.Errorf("got %v, want an error that names the option", err)
	}
}

func TestNegotiateAfterShutdown(t *testing.T) {
	t.Parallel()
	sr := signalr.New()
	mux := http.NewServeMux()
	signalr.MapHub(sr, mux, "/hub", newEmptyHub)
	if err := sr.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := answer(t, mux, http.MethodPost, "/hub/negotiate?negotiateVersion=1")
	if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" {
		t.Errorf("got %d, Retry-After %q, want 503 with Retry-After", got.Code, got.Header().Get("Retry-After"))
	}
	if err := sr.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown a second time: %v", err)
	}
}

func TestRedirectNegotiate(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/hub/negotiate", signalr.RedirectNegotiate(func(*http.Request) (url, accessToken string, err error) {
		return "https://elsewhere.example/hub", "t0ken", nil
	}))
	got := answer(t, mux, http.MethodPost, "/hub/negotiate?negotiateVersion=1").Body.String()
	if want := `{"url":"https://elsewhere.example/hub","accessToken":"t0ken"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
