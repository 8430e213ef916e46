package auth

import (
	"errors"
	"net/http"
	"strings"
)

// defaultRealm is the realm of a challenge that no middleware has named. RFC
// 6750 wants at least one parameter after "Bearer", so there is always one.
const defaultRealm = "signalr"

// Challenge answers 401: the caller has to say who it is. The body is empty and
// there is no Content-Type, as ASP.NET Core answers. WWW-Authenticate offers
// what the middlewares in front can check, Bearer if there are none, and says
// by RFC 6750 what was wrong with the token only if one was presented. A
// WWW-Authenticate that the program has already set is added to, or left alone
// if this package has nothing to say.
func Challenge(w http.ResponseWriter, r *http.Request) {
	f := findingsOf(r.Context())
	header := w.Header()
	schemes := f.schemes
	if len(schemes) == 0 && header.Get("WWW-Authenticate") == "" {
		schemes = []string{bearerChallenge("")}
	}
	refused := tokenError(f.failure)
	for _, scheme := range schemes {
		if refused != nil && isBearer(scheme) {
			scheme += `, error="` + quotable(refused.Code) + `", error_description="` + quotable(refused.Description) + `"`
		}
		header.Add("WWW-Authenticate", scheme)
	}
	refuse(w, http.StatusUnauthorized)
}

// Forbid answers 403: the caller is known and may not. The body is empty and
// there is no Content-Type. If the caller was known by a bearer token,
// WWW-Authenticate says so by RFC 6750: error="insufficient_scope".
func Forbid(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	f := findingsOf(ctx)
	if p := FromContext(ctx); p != nil && f.presented == p {
		for _, scheme := range f.schemes {
			if isBearer(scheme) {
				w.Header().Add("WWW-Authenticate", scheme+`, error="insufficient_scope"`)
			}
		}
	}
	refuse(w, http.StatusForbidden)
}

// Authorize checks a request against policies as [Check] does and, if they
// refuse it, answers: [Challenge] if the caller is anonymous or a policy says
// [ErrUnauthenticated], else [Forbid]. It reports whether to go on. Without
// policies every authenticated caller may go on.
func Authorize(w http.ResponseWriter, r *http.Request, policies ...Policy) bool {
	principal := FromContext(r.Context())
	if principal == nil && len(policies) == 0 {
		Challenge(w, r)
		return false
	}
	err := Check(r.Context(), Resource{Principal: principal, Request: r}, policies...)
	switch {
	case err == nil:
		return true
	case principal == nil, errors.Is(err, ErrUnauthenticated):
		Challenge(w, r)
	default:
		Forbid(w, r)
	}
	return false
}

// Require is [Authorize] as middleware, for routes that are not hubs. Hubs take
// policies at registration.
func Require(policies ...Policy) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if Authorize(w, r, policies...) {
				next.ServeHTTP(w, r)
			}
		})
	}
}

func refuse(w http.ResponseWriter, status int) {
	// A nil value, unlike a missing one, also keeps net/http from guessing.
	w.Header()["Content-Type"] = nil
	w.WriteHeader(status)
}

func bearerChallenge(realm string) string {
	if realm == "" {
		realm = defaultRealm
	}
	return `Bearer realm="` + quotable(realm) + `"`
}

func isBearer(challenge string) bool { return strings.HasPrefix(challenge, "Bearer ") }

// quotable returns text as it may stand between quotes in a header: RFC 6750
// allows %x20-21 / %x23-5B / %x5D-7E in an error_description.
func quotable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7E || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, text)
}
