// Package protocol holds the hub protocol as bytes: the messages, their framing, the handshake, and the two
// encodings, [JSON] and [MessagePack]. It knows neither connections nor hubs and imports nothing of this module.
//
// Start at [Protocol]: Split cuts frames off what a transport delivers, Parse finds the parts of a message without
// decoding the values in it, Unmarshal decodes one value into a Go type, and the Append methods write complete frames.
// [Message] is reused from one message to the next and aliases the bytes it was parsed from, so that a call costs no
// more than the strings it needs.
//
// A connection begins with the handshake, which is JSON text whatever protocol it asks for: [SplitHandshake],
// [ParseHandshakeRequest] and [AppendHandshakeResponse].
//
// What is on the wire is what ASP.NET Core puts there; the documents are HubProtocol.md and, for values, the defaults
// of System.Text.Json and MessagePack-CSharp as SignalR sets them. Everything from the wire is taken for hostile:
// nesting is limited, lengths are checked against the bytes that are there before anything is made for them, and
// faults are errors, an [Error] where they break the protocol.
//
// A program may bring a protocol of its own by implementing [Protocol].
package protocol
