package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/hubwire/signalr/auth"
)

const (
	cookieName = "session"
	audience   = "board"
	lifetime   = 15 * time.Minute
)

// users stand for the program's own: name, password, roles. A real one keeps
// slow hashes of passwords.
var users = map[string]struct {
	password string
	roles    []string
}{
	"ann": {"ann", []string{"member", "moderator"}},
	"bob": {"bob", []string{"member"}},
}

// sessions signs users in and out. A token is good until it expires or its
// session ends, whichever comes first.
type sessions struct {
	secret []byte

	mu   sync.Mutex
	open map[string]string // guarded by mu; session id to user
}

func newSessions() *sessions {
	return &sessions{secret: []byte(rand.Text() + rand.Text()), open: map[string]string{}}
}

// login answers the form.
func (s *sessions) login(w http.ResponseWriter, r *http.Request) {
	name := r.PostFormValue("name")
	user, known := users[name]
	if !known || r.PostFormValue("password") != user.password {
		http.Error(w, "Wrong name or password.", http.StatusUnauthorized)
		return
	}
	id := rand.Text()
	s.mu.Lock()
	s.open[id] = name
	s.mu.Unlock()
	token, err := s.sign(id, name, user.roles)
	if err != nil {
		http.Error(w, "The token could not be signed.", http.StatusInternalServerError)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: token, Path: "/", MaxAge: int(lifetime.Seconds()),
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
	w.WriteHeader(http.StatusNoContent)
}

func (s *sessions) sign(id, user string, roles []string) (string, error) {
	claims := jwt.MapClaims{
		"jti": id, "sub": user, "role": roles, "aud": audience, "exp": time.Now().Add(lifetime).Unix(),
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(s.secret)
}

var errSignedOut = errors.New("signed out")

// check has the last word on a token that is good by itself.
func (s *sessions) check(_ *http.Request, _ *jwt.Token, p *auth.Principal) (*auth.Principal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[p.Claim("jti")] == "" {
		return nil, errSignedOut
	}
	return p, nil
}

// end signs a user out everywhere.
func (s *sessions) end(w http.ResponseWriter, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, of := range s.open {
		if of == user {
			delete(s.open, id)
		}
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// token gives a page a token of the same session, which it can show itself.
func (s *sessions) token(w http.ResponseWriter, r *http.Request) {
	p := auth.FromContext(r.Context())
	token, err := s.sign(p.Claim("jti"), p.ID(), users[p.ID()].roles)
	if err != nil {
		http.Error(w, "The token could not be signed.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, token) // the page may be gone
}

// me tells a page who is signed in, null for nobody.
func me(w http.ResponseWriter, r *http.Request) {
	p := auth.FromContext(r.Context())
	var user map[string]string
	if p != nil {
		user = map[string]string{"id": p.ID(), "name": p.Name()}
	}
	body, err := json.Marshal(user)
	if err != nil {
		http.Error(w, "The user cannot be told.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // the page may be gone
}
