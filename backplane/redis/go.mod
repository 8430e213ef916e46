module github.com/hubwire/signalr/backplane/redis

go 1.26

require (
	github.com/hubwire/signalr v0.0.0
	github.com/redis/go-redis/v9 v9.23.0
)

replace github.com/hubwire/signalr => ../../
