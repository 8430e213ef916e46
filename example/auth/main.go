// Command auth is a hub behind a login: a form, a JSON Web Token in a cookie
// or in access_token, roles, and a sign-out that ends what is open.
//
//	go run ./example/auth    # or "make auth", which installs the page's client first
//
// The order of its middleware is what this file is about. Who signs in is in
// login.go, the hub in board.go, the page in static/.
package main

import (
	"embed"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/hubwire/signalr"
	"github.com/hubwire/signalr/auth"
	"github.com/hubwire/signalr/chiext"
)

//go:embed static
var static embed.FS

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	if err := findClient(); err != nil {
		fmt.Fprintln(os.Stderr, "auth:", err)
		os.Exit(1)
	}
	server := &http.Server{Addr: *addr, Handler: routes(signalr.New()), ReadHeaderTimeout: 10 * time.Second}
	fmt.Printf("listening on http://%s\n", *addr)
	fmt.Fprintln(os.Stderr, "auth:", server.ListenAndServe()) // example/chat shows how to end in good order
	os.Exit(1)
}

// routes is the program: who is calling comes first, then what they may do.
func routes(sr *signalr.Server) http.Handler {
	sessions := newSessions()
	r := chi.NewRouter()
	r.Use(middleware.Recoverer)
	r.Use(auth.JWT(auth.Config{ // before the logger, so that no token is in a URL that is logged
		Secret: sessions.secret, Audience: audience, Cookie: cookieName, OnTokenValidated: sessions.check,
	}))
	r.Use(middleware.Logger)
	r.Use(http.NewCrossOriginProtection().Handler) // the forms; hubs look at origins themselves

	// These two lines are all that a program needs that has its own login.
	board := chiext.MapHub(sr, r, "/board", func() *Board { return &Board{} },
		signalr.RequireAuthorization(),
		signalr.AuthorizeMethod((*Board).Clear, auth.Role("moderator")),
		signalr.CloseOnAuthenticationExpiration(true))

	r.Post("/login", sessions.login)
	r.Get("/me", me)
	r.Group(func(r chi.Router) {
		r.Use(auth.Require())
		r.Post("/token", sessions.token) // for clients that send access_token instead of the cookie
		r.Post("/logout", func(w http.ResponseWriter, r *http.Request) {
			user := auth.FromContext(r.Context()).ID()
			sessions.end(w, user) // no new connections ...
			if err := board.DisconnectUser(r.Context(), user); err != nil {
				http.Error(w, "not everywhere", http.StatusInternalServerError)
				return
			}
			w.WriteHeader(http.StatusNoContent) // ... and the open ones have ended
		})
	})

	page, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // it is embedded
	}
	r.Handle("/*", http.FileServerFS(page))
	r.Get("/signalr.min.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, client) })
	return r
}

// client is the path of the official client, which npm puts beside this
// program's source.
var client string

func findClient() error {
	const file = "node_modules/@microsoft/signalr/dist/browser/signalr.min.js"
	for _, dir := range []string{"example/auth", "."} {
		client = filepath.Join(dir, filepath.FromSlash(file))
		if _, err := os.Stat(client); err == nil {
			return nil
		}
	}
	return errors.New("the official SignalR client is not installed: run \"make auth\" in the root of the checkout")
}
