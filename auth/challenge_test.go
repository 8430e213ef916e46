package auth

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestAuthorizeAnswers(t *testing.T) {
	t.Parallel()
	token := signed(t, goodClaims())
	own := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("WWW-Authenticate", `Negotiate`)
			next.ServeHTTP(w, r)
		})
	}
	basic := Basic(`a "realm"`, Passwords(map[string]string{"ann": "pw"}))
	sameRealm := testConfig()
	sameRealm.Realm = defaultRealm
	realm := testConfig()
	realm.Realm = "chat\r\n"
	stepUp := Policy(func(context.Context, Resource) error { return ErrUnauthenticated })
	chain := func(m ...func(http.Handler) http.Handler) []func(http.Handler) http.Handler { return m }
	tests := []struct {
		name        string
		request     *http.Request
		middlewares []func(http.Handler) http.Handler
		policies    []Policy
		status      int
		challenges  []string
	}{
		{"good token", request(bearerHeader(token)), chain(JWT(testConfig())), nil, 200, nil},
		{"good token, allowed", request(bearerHeader(token)), chain(JWT(testConfig())), []Policy{Role("member")}, 200, nil},
		{"anonymous, allowed", request(), nil, []Policy{fixed(nil)}, 200, nil},
		{"no token", request(), chain(JWT(testConfig())), nil, 401, []string{`Bearer realm="signalr"`}},
		{"no token, a realm", request(), chain(JWT(realm)), nil, 401, []string{`Bearer realm="chat"`}},
		{
			"bad token", request(bearerHeader("x")), chain(JWT(testConfig())), nil, 401,
			[]string{`Bearer realm="signalr", error="invalid_token", error_description="The token is malformed"`},
		},
		{"anonymous, forbidden", request(), chain(JWT(testConfig())), []Policy{fixed(ErrForbidden)}, 401, []string{`Bearer realm="signalr"`}},
		{
			"good token, forbidden", request(bearerHeader(token)), chain(JWT(testConfig())),
			[]Policy{Role("admin")},
			403,
			[]string{`Bearer realm="signalr", error="insufficient_scope"`},
		},
		{"cookie, forbidden", request(cookie(token)), chain(JWT(testConfig())), []Policy{Role("admin")}, 403, nil},
		{"good token, not good enough", request(bearerHeader(token)), chain(JWT(testConfig())), []Policy{stepUp}, 401, []string{`Bearer realm="signalr"`}},
		{"policy panics", request(bearerHeader(token)), chain(JWT(testConfig())), []Policy{nil}, 403, []string{`Bearer realm="signalr", error="insufficient_scope"`}},
		{"no middleware", request(), nil, nil, 401, []string{`Bearer realm="signalr"`}},
		{"the program's own challenge", request(), chain(own), nil, 401, []string{"Negotiate"}},
		{"own and Bearer", request(), chain(own, JWT(testConfig())), nil, 401, []string{"Negotiate", `Bearer realm="signalr"`}},
		{"twice the same", request(), chain(JWT(testConfig()), JWT(sameRealm)), nil, 401, []string{`Bearer realm="signalr"`}},
		{
			"two schemes", request(bearerHeader("x")), chain(basic, JWT(testConfig())), nil, 401,
			[]string{`Basic realm="a realm", charset="UTF-8"`, `Bearer realm="signalr", error="invalid_token", error_description="The token is malformed"`},
		},
		{"basic, forbidden", request(func(r *http.Request) { r.SetBasicAuth("ann", "pw") }), chain(basic), []Policy{Role("admin")}, 403, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			handler := Require(tt.policies...)(&seen{})
			for _, m := range slices.Backward(tt.middlewares) {
				handler = m(handler)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, tt.request)
			if got := w.Header()["Www-Authenticate"]; w.Code != tt.status || !slices.Equal(got, tt.challenges) {
				t.Errorf("got %d, %q, want %d, %q", w.Code, got, tt.status, tt.challenges)
			}
		})
	}
}

// TestRefusalOnTheWire looks at bytes: ASP.NET Core sends neither a body nor a
// Content-Type, and a client must not be able to tell.
func TestRefusalOnTheWire(t *testing.T) {
	t.Parallel()
	for status, answer := range map[string]http.HandlerFunc{"401 Unauthorized": Challenge, "403 Forbidden": Forbid} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(answer)
			defer server.Close()
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := io.WriteString(conn, "POST /chat HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(conn)
			if err != nil {
				t.Fatal(err)
			}
			got := string(text)
			if !strings.HasPrefix(got, "HTTP/1.1 "+status) || !strings.Contains(got, "Content-Length: 0\r\n") ||
				strings.Contains(got, "Content-Type") || !strings.HasSuffix(got, "\r\n\r\n") {
				t.Errorf("got %q, want %s with an empty body and no Content-Type", got, status)
			}
		})
	}
}

func TestChallengeQuotesNothingOfOtherErrors(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	fails := Adapt(func(*http.Request) (*Principal, error) { return nil, errors.New("secret detail") })
	fails(Require()(&seen{})).ServeHTTP(w, request())
	if got := w.Header().Get("WWW-Authenticate"); w.Code != 401 || got != `Bearer realm="signalr"` {
		t.Errorf("got %d, %q, want 401 and no detail", w.Code, got)
	}
	w = httptest.NewRecorder()
	fails = Adapt(func(*http.Request) (*Principal, error) {
		return nil, &TokenError{Code: CodeInvalidToken, Description: "say \"no\"\r\nX: y\\"}
	})
	fails(Require()(&seen{})).ServeHTTP(w, request())
	want := `Bearer realm="signalr", error="invalid_token", error_description="say noX: y"`
	if got := w.Header().Get("WWW-Authenticate"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
