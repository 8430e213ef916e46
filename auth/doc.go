// Package auth says who is calling: the [Principal] that a program's own middleware found, or that [JWT] finds, the
// policies that a hub or a hub method may ask for, and the adapters that turn other libraries' notion of a user into
// a Principal. It imports nothing of this module; both the transports and the hub runtime import it.
package auth
