package auth

import (
	"net/http"
	"strings"
)

// maxTokenBytes bounds a token before anything parses it. It is twice what
// common servers take as a whole header, and far below net/http's limit of 1 MB.
const maxTokenBytes = 16 << 10

// Why a token is not even looked into. All have the code invalid_request.
var (
	errRepeated  = &TokenError{Code: CodeInvalidRequest, Description: "The request has more than one token"}
	errOversized = &TokenError{Code: CodeInvalidRequest, Description: "The token is too long"}
	errNoToken   = &TokenError{Code: CodeInvalidRequest, Description: "The credentials are not a bearer token"}
	errQuery     = &TokenError{Code: CodeInvalidRequest, Description: "A token in the query is accepted on hub requests only"}
)

// headerToken finds the token of "Authorization: Bearer". Other schemes are
// other middlewares' matter and count as no token.
func headerToken(r *http.Request) (string, error) {
	var tokens []string
	for _, line := range r.Header["Authorization"] {
		if token, ok := bearer(line); ok {
			tokens = append(tokens, token)
		}
	}
	return single(tokens)
}

// bearer returns what follows the scheme Bearer in an Authorization header.
func bearer(line string) (token string, ok bool) {
	const scheme = "bearer"
	if len(line) < len(scheme) || !strings.EqualFold(line[:len(scheme)], scheme) {
		return "", false
	}
	token = line[len(scheme):]
	if token != "" && token[0] != ' ' {
		return "", false // another scheme that only begins alike
	}
	return strings.TrimLeft(token, " "), true
}

// cookieToken finds the token in a cookie.
func cookieToken(r *http.Request, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	var tokens []string
	for _, cookie := range r.CookiesNamed(name) {
		tokens = append(tokens, cookie.Value)
	}
	return single(tokens)
}

// single returns the one token that was found. With two, somebody in between
// might look at the other one, so there is no telling which was checked: both
// are refused, equal or not. An empty one counts as none, as in ASP.NET Core.
func single(tokens []string) (string, error) {
	switch {
	case len(tokens) == 0:
		return "", nil
	case len(tokens) > 1:
		return "", errRepeated
	}
	token := tokens[0]
	if len(token) > maxTokenBytes {
		return "", errOversized
	}
	for i := range len(token) {
		if !isTokenByte(token[i]) {
			return "", errNoToken
		}
	}
	return token, nil
}

// isTokenByte knows the alphabet of RFC 6750, section 2.1.
func isTokenByte(b byte) bool {
	switch {
	case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
		return true
	}
	switch b {
	case '-', '.', '_', '~', '+', '/', '=':
		return true
	}
	return false
}
