package auth_test

import (
	"bytes"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/golang-jwt/jwt/v5"

	"github.com/hubwire/signalr/auth"
)

var secret = []byte("a secret for tests only, of 32 bytes or more")

func token(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	claims["exp"] = time.Now().Add(time.Hour).Unix()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// syncBuffer takes what loggers write, from any goroutine.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// chiLogger is chi's common logger, writing to w.
func chiLogger(w io.Writer) func(http.Handler) http.Handler {
	return middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: log.New(w, "", 0), NoColor: true})
}

// slogLogger logs all of a request that a logger could think of, except the
// headers, and what the packages' own values print.
func slogLogger(w io.Writer) func(http.Handler) http.Handler {
	logger := slog.New(slog.NewTextHandler(w, nil))
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm() // a bad form is logged as far as it goes
			logger.Info("request", slog.Any("url", r.URL), slog.String("uri", r.RequestURI), slog.Any("query", r.URL.Query()),
				slog.Any("form", r.Form), slog.String("value", r.FormValue("access_token")),
				slog.Any("user", auth.FromContext(r.Context())), slog.Any("failure", auth.Failure(r.Context())))
			next.ServeHTTP(w, r)
		})
	}
}

// TestNoTokenInLogs sends good and bad tokens in the query through real servers
// and searches all that was logged for them.
func TestNoTokenInLogs(t *testing.T) {
	t.Parallel()
	authenticate := auth.JWT(auth.Config{Secret: secret})
	good := token(t, jwt.MapClaims{"sub": "ann"})
	bad := good[:len(good)-4] + "AAAA"
	chains := map[string]func(io.Writer) chi.Middlewares{
		"loggers behind JWT": func(w io.Writer) chi.Middlewares {
			return chi.Chain(authenticate, chiLogger(w), slogLogger(w))
		},
		"loggers in front, behind RedactQuery": func(w io.Writer) chi.Middlewares {
			return chi.Chain(auth.RedactQuery, chiLogger(w), slogLogger(w), authenticate)
		},
	}
	for name, chain := range chains {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logged syncBuffer
			router := chi.NewRouter()
			router.Use(chain(&logged)...)
			router.Use(middleware.Recoverer)
			router.Handle("/chat", auth.Require()(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
			server := httptest.NewUnstartedServer(router)
			server.Config.ErrorLog = log.New(&logged, "", 0)
			server.Start()
			defer server.Close()

			for query, want := range map[string]int{
				"id=kept&access_token=" + good:                          http.StatusOK,
				"id=kept&Access%5FToken=" + good:                        http.StatusOK,
				"id=kept&access_token=" + bad:                           http.StatusUnauthorized,
				"id=kept&access_token=" + good + "&access_token=" + bad: http.StatusUnauthorized,
				"id=kept&access_token=%zz" + good:                       http.StatusUnauthorized,
				"id=kept&a=1;access_token=" + good + ";b":               http.StatusOK,
			} {
				if got := openStream(t, server, query); got != want {
					t.Errorf("got %d, want %d", got, want)
				}
			}
			text := logged.String()
			if !strings.Contains(text, "/chat?id=kept") || !strings.Contains(text, "uri=") {
				t.Fatalf("got %q, want a line for each request", text)
			}
			for part := range strings.SplitSeq(good+"."+bad, ".") {
				if strings.Contains(text, part) {
					t.Errorf("got %q, want no part of a token", text)
				}
			}
		})
	}
}

// openStream asks for an event stream, as a browser does, and returns the status.
func openStream(t *testing.T, server *httptest.Server, query string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/chat?"+query, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}
