// Package reconnect holds the tests of stateful reconnect: clients that speak
// version 2 of the hub protocol through a proxy that cuts and freezes their
// connections, and a count of what arrives. There is nothing in it to import.
package reconnect
