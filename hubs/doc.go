// Package hubs holds what the author of a hub meets, and the runtime behind it: [Hub] and [Typed] to embed, the
// targets to send to, groups, filters and errors; and the dispatcher that binds messages to methods. It knows no HTTP
// server: bytes come and go through a [Conn]. It imports auth and hubs/protocol and nothing else of this module.
package hubs
