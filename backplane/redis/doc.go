// Package redis carries hubs over more than one process: what is sent on one
// node reaches the clients of all, through a Redis that the program has
// already. Its nodes and ASP.NET Core's may stand side by side.
package redis
