package auth

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// rsaConfig accepts RS256, with its key as JWKS libraries return it.
func rsaConfig() Config {
	return Config{
		Keyfunc: func(*jwt.Token) (any, error) { return &rsaKey().PublicKey, nil },
		Issuer:  "issuer", Audience: "chat",
	}
}

// publicPEM is the public key as the attacker of a confusion has it, in the two
// forms that a careless server might use as a secret.
func publicPEM(t *testing.T) (block, der []byte) {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&rsaKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), der
}

// unsigned returns a token of any header, with a signature of choice.
func unsigned(header, claims, signature string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(claims)) + "." + encode([]byte(signature))
}

const forged = `{"iss":"issuer","aud":"chat","sub":"ann","role":"member","exp":9999999999}`

// TestAttacks sends what must never be let in, to a route that lets in all who
// have a good token. Each is answered 401 with the code of RFC 6750, and the
// token appears neither in the answer nor in the failure.
func TestAttacks(t *testing.T) {
	t.Parallel()
	block, der := publicPEM(t)
	pemSecrets := rsaConfig() // both keys by one function, and HMAC allowed by mistake
	pemSecrets.Algorithms = []string{"HS256"}
	pemSecrets.Keyfunc = func(*jwt.Token) (any, error) { return block, nil }
	emptySecrets := pemSecrets
	emptySecrets.Keyfunc = func(*jwt.Token) (any, error) { return []byte{}, nil }
	emptySecretSet := pemSecrets
	emptySecretSet.Keyfunc = func(*jwt.Token) (any, error) {
		return jwt.VerificationKeySet{Keys: []jwt.VerificationKey{testSecret, []byte{}}}, nil
	}

	synctest.Test(t, func(t *testing.T) {
		good := signed(t, goodClaims())
		crit := jwt.NewWithClaims(jwt.SigningMethodHS256, goodClaims())
		crit.Header["crit"] = []string{"exp"}
		critical, err := crit.SignedString(testSecret)
		if err != nil {
			t.Fatal(err)
		}
		hs := func(change jwt.MapClaims) string { return signed(t, with(change)) }
		tests := []struct {
			name   string
			config Config
			token  string
			code   string
		}{
			{"alg none", testConfig(), signedWith(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, goodClaims()), CodeInvalidToken},
			{"alg None", testConfig(), unsigned(`{"alg":"None"}`, forged, ""), CodeInvalidToken},
			{"alg none to public keys", rsaConfig(), unsigned(`{"alg":"none"}`, forged, ""), CodeInvalidToken},
			{"no alg", testConfig(), unsigned(`{}`, forged, "x"), CodeInvalidToken},
			{"alg of another type", testConfig(), unsigned(`{"alg":["HS256"]}`, forged, "x"), CodeInvalidToken},
			{"RS/HS confusion, PEM", rsaConfig(), signedWith(t, jwt.SigningMethodHS256, block, goodClaims()), CodeInvalidToken},
			{"RS/HS confusion, DER", rsaConfig(), signedWith(t, jwt.SigningMethodHS256, der, goodClaims()), CodeInvalidToken},
			{"a PEM block as secret", pemSecrets, signedWith(t, jwt.SigningMethodHS256, block, goodClaims()), CodeInvalidToken},
			{"an empty secret", emptySecrets, signedWith(t, jwt.SigningMethodHS256, []byte{}, goodClaims()), CodeInvalidToken},
			{"an empty secret in a set", emptySecretSet, signedWith(t, jwt.SigningMethodHS256, []byte{}, goodClaims()), CodeInvalidToken},
			{"another HMAC than configured", testConfig(), signedWith(t, jwt.SigningMethodHS512, testSecret, goodClaims()), CodeInvalidToken},
			{"another secret", testConfig(), signedWith(t, jwt.SigningMethodHS256, testSecret[1:], goodClaims()), CodeInvalidToken},
			{"expired", testConfig(), hs(jwt.MapClaims{"exp": time.Now().Unix()}), CodeInvalidToken},
			{"no expiry", testConfig(), hs(jwt.MapClaims{"exp": nil}), CodeInvalidToken},
			{"expiry is zero", testConfig(), hs(jwt.MapClaims{"exp": 0}), CodeInvalidToken},
			{"expiry is no number", testConfig(), hs(jwt.MapClaims{"exp": "9999999999"}), CodeInvalidToken},
			{"not yet valid", testConfig(), hs(jwt.MapClaims{"nbf": time.Now().Add(time.Second).Unix()}), CodeInvalidToken},
			{"wrong audience", testConfig(), hs(jwt.MapClaims{"aud": "chatter"}), CodeInvalidToken},
			{"no audience", testConfig(), hs(jwt.MapClaims{"aud": nil}), CodeInvalidToken},
			{"wrong issuer", testConfig(), hs(jwt.MapClaims{"iss": "issuer/"}), CodeInvalidToken},
			{"no issuer", testConfig(), hs(jwt.MapClaims{"iss": nil}), CodeInvalidToken},
			{"an extension not understood", testConfig(), critical, CodeInvalidToken},
			{"truncated by one", testConfig(), good[:len(good)-1], CodeInvalidToken},
			{"truncated signature", testConfig(), good[:strings.LastIndexByte(good, '.')+1], CodeInvalidToken},
			{"truncated to two parts", testConfig(), good[:strings.LastIndexByte(good, '.')], CodeInvalidToken},
			{"a part too many", testConfig(), good + ".x", CodeInvalidToken},
			{"claims are no object", testConfig(), signedClaims(t, `"ann"`), CodeInvalidToken},
			{"claims are null", testConfig(), signedClaims(t, `null`), CodeInvalidToken},
			{"changed claims", testConfig(), swapClaims(good, forged), CodeInvalidToken},
			{"a connection id", testConfig(), "u3Jk0Qw8m1bYp7sVn2XcRg", CodeInvalidToken},
			{"oversized", testConfig(), hs(jwt.MapClaims{"x": strings.Repeat("x", maxTokenBytes)}), CodeInvalidRequest},
			{"not of the alphabet", testConfig(), good + "\x80", CodeInvalidRequest},
			{"two in one header", testConfig(), good + ", Bearer " + good, CodeInvalidRequest},
		}
		for _, tt := range tests {
			for place, r := range map[string]*http.Request{
				"header": request(bearerHeader(tt.token)),
				"query":  request(webSocket, query("access_token="+strings.ReplaceAll(tt.token, "+", "%2B"))),
			} {
				attack(t, tt.name+" in the "+place, JWT(tt.config), r, tt.token, tt.code)
			}
		}

		twice := "access_token=" + good + "&access_token=" + good
		for name, r := range map[string]*http.Request{
			"doubled access_token":                request(webSocket, query(twice)),
			"doubled in another case":             request(webSocket, query("ACCESS_TOKEN="+good+"&access_%74oken=x")),
			"doubled, the second empty":           request(webSocket, query("access_token="+good+"&access_token=")),
			"doubled header":                      request(bearerHeader(good), bearerHeader("x")),
			"doubled cookie":                      request(cookie(good), cookie("x")),
			"a good query behind a bad header":    request(webSocket, bearerHeader(good+","), query("access_token="+good)),
			"in the query of an ordinary request": request(query("access_token=" + good)),
		} {
			attack(t, name, JWT(testConfig()), r, good, CodeInvalidRequest)
		}
	})
}

func attack(t *testing.T, name string, middleware func(http.Handler) http.Handler, r *http.Request, token, code string) {
	t.Helper()
	var failure error
	reached := &seen{}
	w := httptest.NewRecorder()
	middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		failure = Failure(r.Context())
		Require()(reached).ServeHTTP(w, r)
	})).ServeHTTP(w, r)

	challenge := w.Header().Get("WWW-Authenticate")
	if reached.called || w.Code != http.StatusUnauthorized || !strings.Contains(challenge, ` error="`+code+`", error_description="`) {
		t.Errorf("%s: got %d with %q, let in: %t, want 401 with %s", name, w.Code, challenge, reached.called, code)
	}
	if tokenError(failure) == nil {
		t.Errorf("%s: failure: got %v, want a *TokenError", name, failure)
		return
	}
	for part := range strings.SplitSeq(token, ".") {
		if len(part) > 8 && strings.Contains(challenge+failure.Error(), part) {
			t.Errorf("%s: got %q and %v, want no part of the token", name, challenge, failure)
		}
	}
}

// signedClaims signs any text as claims.
func signedClaims(t *testing.T, claims string) string {
	t.Helper()
	text := strings.TrimSuffix(unsigned(`{"alg":"HS256"}`, claims, ""), ".")
	signature, err := jwt.SigningMethodHS256.Sign(text, testSecret)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// swapClaims keeps header and signature of a token.
func swapClaims(token, claims string) string {
	parts := strings.Split(token, ".")
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(claims))
	return strings.Join(parts, ".")
}

func TestNetHTTPRefusesAnOversizedHeader(t *testing.T) {
	t.Parallel()
	reached := &seen{}
	server := httptest.NewServer(JWT(testConfig())(reached))
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.Repeat("x", 2*http.DefaultMaxHeaderBytes))
	response, err := server.Client().Do(r)
	if err != nil {
		return // cut off while it was still sending: as good an answer
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge || reached.called {
		t.Errorf("got %d, want 431 and no handler called", response.StatusCode)
	}
}
