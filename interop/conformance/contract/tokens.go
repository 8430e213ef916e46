package contract

import (
	"net/http"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/hubwire/signalr/auth"
)

// The contract's tokens; the secret is for tests only and public.
const (
	tokenSecret   = "signalr-conformance-server-test-secret-0001"
	tokenIssuer   = "SignalRTestServer"
	tokenAudience = "SignalRTests"
)

func newToken(user string, lifetime time.Duration, roles []string) (string, error) {
	claims := jwt.MapClaims{
		"iss": tokenIssuer,
		"aud": tokenAudience,
		"sub": user,
		"exp": time.Now().Add(lifetime).Unix(),
	}
	switch len(roles) {
	case 0:
	case 1:
		claims["role"] = roles[0]
	default:
		claims["role"] = roles
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(tokenSecret))
}

// serveToken answers GET /generateJwtToken/{user}.
func serveToken(w http.ResponseWriter, r *http.Request) {
	lifetime := time.Hour
	if text := r.URL.Query().Get("seconds"); text != "" {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil {
			http.Error(w, "seconds: not a number", http.StatusBadRequest)
			return
		}
		lifetime = time.Duration(seconds * float64(time.Second))
	}
	token, err := newToken(r.PathValue("user"), lifetime, r.URL.Query()["role"])
	if err != nil {
		http.Error(w, "the token could not be signed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write([]byte(token)) // the client may be gone
}

// authenticate finds out who is calling, from the header or, on the hubs that
// need a token, from the query.
var authenticate = auth.JWT(auth.Config{
	Secret:     []byte(tokenSecret),
	Issuer:     tokenIssuer,
	Audience:   tokenAudience,
	HubRequest: auth.HubPaths("/authorizedhub", "/authexpire", "/authrefresh"),
})
