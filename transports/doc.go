// Package transports carries bytes between a client and an [App] over HTTP: WebSockets, server-sent events and long
// polling, with the table of connections, their states and time-outs. It knows nothing of hubs or their messages and
// imports only auth of this module.
package transports
