// Package golden replays scripted exchanges whose answers were recorded from ASP.NET Core SignalR itself, and
// compares what a server does now with what the real one did then.
//
// A [Scenario] is one file under testdata: steps that open connections, send and expect, in order. [Replay] plays
// it against the server at a base URL and returns a [Difference] that names the file, the line and the step;
// [Record] plays the same sends against the real server and writes down its answers. Nobody writes an answer by
// hand. [Deviations] holds what our server deliberately does otherwise, [Pending] what it does not do yet.
//
// Start with README.md (how to run it, how to add a scenario), then scenario.go (the notation) and replay.go (the
// steps). Only tests import this package.
package golden
