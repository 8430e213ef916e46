module github.com/hubwire/signalr/bench

go 1.26

require github.com/hubwire/signalr v0.0.0

replace github.com/hubwire/signalr => ../
