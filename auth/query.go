package auth

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// queryToken is the query parameter in which SignalR's browser clients put
// their token, because neither WebSocket nor EventSource can send headers.
const queryToken = "access_token"

type queryTokensKey struct{}

// RedactQuery takes access_token out of the URL before next sees the request
// and keeps it aside for [JWT] and [Tickets.Middleware] further in. These do the
// same by themselves, so it is only needed where something that logs URLs has to
// run before them:
//
//	r.Use(auth.RedactQuery, middleware.Logger, auth.JWT(config))
//
// What net/http's server or a proxy in front logs by itself it cannot reach.
func RedactQuery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, _ = hideQueryTokens(r)
		next.ServeHTTP(w, r)
	})
}

// hideQueryTokens returns the values of access_token that are in the request's
// URL, or were before an earlier middleware hid them, and a request without
// them. r itself is left as it is; if it has none, it is also what is returned.
func hideQueryTokens(r *http.Request) (*http.Request, []string) {
	hidden, _ := r.Context().Value(queryTokensKey{}).([]string)
	query, tokens := cutParameter(r.URL.RawQuery, queryToken)
	if query == r.URL.RawQuery {
		return r, hidden
	}
	tokens = append(slices.Clip(hidden), tokens...)
	return withoutParameter(context.WithValue(r.Context(), queryTokensKey{}, tokens), r, queryToken, query), tokens
}

// forgetQueryTokens hides the tokens, if there are any, from middlewares
// further in.
func forgetQueryTokens(ctx context.Context, tokens []string) context.Context {
	if len(tokens) == 0 {
		return ctx
	}
	return context.WithValue(ctx, queryTokensKey{}, []string(nil))
}

// withoutParameter returns a copy of r with ctx and with query as its query.
// The parameter also goes from RequestURI, which loggers print, and from a Form
// that an earlier middleware has parsed.
func withoutParameter(ctx context.Context, r *http.Request, name, query string) *http.Request {
	r = r.WithContext(ctx)
	target := *r.URL
	target.RawQuery = query
	target.ForceQuery = false
	r.URL = &target
	if path, query, found := strings.Cut(r.RequestURI, "?"); found {
		r.RequestURI = path
		if query, _ = cutParameter(query, name); query != "" {
			r.RequestURI += "?" + query
		}
	}
	if r.Form != nil {
		r.Form = maps.Clone(r.Form)
		maps.DeleteFunc(r.Form, func(key string, _ []string) bool { return strings.EqualFold(key, name) })
	}
	return r
}

// cutParameter returns a raw query without the parameter of this name, in
// whatever case and escaping, and the parameter's values. A value that cannot be
// unescaped is returned as it is: it was there, and is no token. All other
// parameters stay byte for byte as they were.
func cutParameter(query, name string) (rest string, values []string) {
	if !mayHave(query, name) {
		return query, nil
	}
	kept := make([]string, 0, 4)
	for pair := range strings.SplitSeq(query, "&") {
		// net/url ignores a pair with a semicolon in it. A logger does not, so
		// such a pair goes as a whole.
		found := false
		for part := range strings.SplitSeq(pair, ";") {
			key, value, _ := strings.Cut(part, "=")
			if text, err := url.QueryUnescape(key); err != nil || !strings.EqualFold(text, name) {
				continue
			}
			found = true
			if text, err := url.QueryUnescape(value); err == nil {
				value = text
			}
			values = append(values, value)
		}
		if !found {
			kept = append(kept, pair)
		}
	}
	if len(values) == 0 {
		return query, nil
	}
	return strings.Join(kept, "&"), values
}

// mayHave spares the requests without the parameter, nearly all, the work.
func mayHave(query, name string) bool {
	if strings.IndexByte(query, '%') >= 0 || strings.IndexByte(query, '+') >= 0 {
		return true
	}
	for i := 0; i+len(name) <= len(query); i++ {
		if strings.EqualFold(query[i:i+len(name)], name) {
			return true
		}
	}
	return false
}
