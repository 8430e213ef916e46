package auth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func FuzzHeaderToken(f *testing.F) {
	for _, seed := range []string{
		"Bearer a.b.c", "bearer  x", "Bearer", "Bearer ", "Basic YTpi", "Bearerish x", "Bearer a,Bearer b", "Bearer a b", "Bearer \x80", "BEARER\tx",
	} {
		f.Add(seed, "")
	}
	f.Add("Bearer a", "Bearer b")
	f.Add("Bearer "+strings.Repeat("a", maxTokenBytes), "Basic x")
	f.Fuzz(func(t *testing.T, first, second string) {
		r := &http.Request{Header: http.Header{"Authorization": {first, second}}}
		token, err := headerToken(r)
		if err != nil && (token != "" || err.Error() == "") {
			t.Fatalf("got a token of %d bytes and %v, want one of them", len(token), err)
		}
		if token == "" {
			return
		}
		if len(token) > maxTokenBytes || strings.ContainsFunc(token, func(r rune) bool { return r > 0x7F || !isTokenByte(byte(r)) }) {
			t.Errorf("got %q, want at most %d bytes of the alphabet", token, maxTokenBytes)
		}
		if !strings.HasSuffix(first, token) && !strings.HasSuffix(second, token) {
			t.Errorf("got %q, want what stands in the header", token)
		}
		if _, other := bearer(first); other {
			if _, both := bearer(second); both {
				t.Errorf("got %q of two Bearer headers, want none", token)
			}
		}
	})
}

func FuzzQueryToken(f *testing.F) {
	for _, seed := range []string{
		"", "access_token=x", "id=1&access_token=x", "%61ccess_token=x", "a;access_token=x", "access_token=%zz&a=%", "Access_Token=a&access_token=b",
		"ticket=1&access_token", "&&=&", "access+token=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		rest, values := cutParameter(query, queryToken)
		before, _ := url.ParseQuery(query) // on an error: as far as it goes, which is what handlers see
		after, _ := url.ParseQuery(rest)
		var seen int
		for key, found := range before {
			if strings.EqualFold(key, queryToken) {
				seen += len(found)
				delete(before, key)
			}
		}
		if seen > len(values) {
			t.Errorf("got %q, want all %d values", values, seen)
		}
		if len(before) != len(after) {
			t.Errorf("got %v, want %v", after, before)
		}
		for key, found := range before {
			if !slices.Equal(found, after[key]) {
				t.Errorf("%q: got %q, want %q", key, after[key], found)
			}
		}
		if again, more := cutParameter(rest, queryToken); again != rest || len(more) > 0 {
			t.Errorf("got %q and %q after a second time, want nothing left", again, more)
		}
	})
}

func FuzzJWT(f *testing.F) {
	f.Add("Bearer x", "access_token=x", "x")
	f.Add("Bearer "+unsigned(`{"alg":"none"}`, forged, ""), "access_token="+unsigned(`{"alg":"HS256"}`, forged, "x"), "a.b.c")
	f.Add("", "ticket=x&access_token=tkt_x", "")
	middleware := JWT(testConfig())
	f.Fuzz(func(t *testing.T, header, query, value string) {
		r := httptest.NewRequest(http.MethodGet, "/chat", http.NoBody)
		webSocket(r)
		r.Header.Set("Authorization", header)
		r.URL.RawQuery, r.RequestURI = query, "/chat?"+query
		r.Header.Set("Cookie", "token="+value)
		got := pass(r, middleware)
		if p := got.user(); p != nil {
			t.Errorf("got %v let in without the secret", p)
		}
		if _, left := cutParameter(got.request.URL.RawQuery, queryToken); len(left) > 0 {
			t.Errorf("got %q, want no token in the URL", got.request.URL.RawQuery)
		}
	})
}
