package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
)

// errPassword does not say which of the two was wrong.
var errPassword = errors.New("auth: wrong user name or password")

// Basic returns a middleware for HTTP basic authentication: verify returns who
// has this name and password, or an error. A request without them goes on
// anonymous, one with wrong ones too, and [Failure] knows why. [Challenge] then
// offers the scheme Basic with the realm, upon which a browser asks its user.
//
// verify has to compare in constant time; [Passwords] makes one that does.
func Basic(
	realm string, verify func(ctx context.Context, user, password string) (*Principal, error),
) func(http.Handler) http.Handler {
	find := func(r *http.Request) (*Principal, error) {
		user, password, ok := r.BasicAuth()
		if !ok {
			return nil, nil //nolint:nilnil // nobody, and nothing wrong: that is what a Finder says
		}
		p, err := verify(r.Context(), user, password)
		if err == nil && p == nil {
			err = errPassword
		}
		return p, err
	}
	return adapt(find, `Basic realm="`+quotable(realm)+`", charset="UTF-8"`)
}

// Passwords returns a function for [Basic] that knows a few fixed users, such
// as those of a back office, by name and password. How long it takes does not
// depend on how much of either was right. It is not for the passwords of people, which have to be
// stored as slow hashes.
func Passwords(users map[string]string) func(ctx context.Context, user, password string) (*Principal, error) {
	// What is compared are hashes under a key that nobody has, so the time of a
	// look-up depends on no secret and on nothing that a caller could steer.
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	known := make(map[string][]byte, len(users))
	for user, password := range users {
		known[user] = keyedHash(key, password)
	}
	nobody := keyedHash(key, rand.Text())

	return func(_ context.Context, user, password string) (*Principal, error) {
		want, exists := known[user]
		if !exists {
			want = nobody
		}
		if equal := hmac.Equal(keyedHash(key, password), want); !equal || !exists {
			return nil, errPassword
		}
		return NewPrincipal(Identity{ID: user, Scheme: "Basic"}), nil
	}
}

func keyedHash(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
