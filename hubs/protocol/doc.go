// Package protocol holds the hub protocol as bytes: the messages, their framing, the handshake, and the two
// encodings, [JSON] and [MessagePack]. It knows neither connections nor hubs and imports nothing of this module.
package protocol
