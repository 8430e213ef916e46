module github.com/hubwire/signalr

go 1.26

require (
	github.com/coder/websocket v1.8.15
	github.com/go-chi/chi/v5 v5.5.0
	github.com/go-chi/cors v1.2.2
	github.com/go-json-experiment/json v1.27.2
	github.com/golang-jwt/jwt/v5 v5.3.1
	github.com/google/go-cmp v0.7.0
	github.com/rs/cors v1.11.1
	github.com/tinylib/msgp v1.6.5
	go.uber.org/goleak v1.3.0
	pgregory.net/rapid v1.3.0
)

require github.com/philhofer/fwd v1.2.0 // indirect
