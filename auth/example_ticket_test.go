package auth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/hubwire/signalr/auth"
)

// A page fetches a ticket with what it is signed in with, and opens its
// WebSocket with the ticket in the URL, where it is worth nothing afterwards.
func ExampleTickets() {
	tickets := auth.NewTickets(auth.TicketOptions{})
	signedIn := auth.Basic("chat", auth.Passwords(map[string]string{"ann": "correct horse"}))

	mux := http.NewServeMux()
	mux.Handle("POST /ticket", signedIn(tickets))
	mux.Handle("GET /chat", tickets.Middleware(auth.Require()(http.HandlerFunc(
		func(_ http.ResponseWriter, r *http.Request) { fmt.Println("hello", auth.FromContext(r.Context())) }))))

	fetch := httptest.NewRequest(http.MethodPost, "/ticket", http.NoBody)
	fetch.SetBasicAuth("ann", "correct horse")
	ticket := httptest.NewRecorder()
	mux.ServeHTTP(ticket, fetch)

	for range 2 {
		open := httptest.NewRequest(http.MethodGet, "/chat?access_token="+ticket.Body.String(), http.NoBody)
		open.Header.Set("Connection", "Upgrade")
		open.Header.Set("Upgrade", "websocket")
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, open)
		fmt.Println(answer.Code)
	}
	// Output:
	// hello ann
	// 200
	// 401
}
