// Package chiext mounts hubs on chi routers and keeps chi's URL parameters for the life of a connection. It imports
// signalr, hubs and chi.
package chiext
