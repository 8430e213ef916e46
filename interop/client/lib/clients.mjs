// The official clients, newest first, and what each of them can do.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** fetch, for the tests' own requests. */
export const fetch = globalThis.fetch;

// signalr 5.0 takes a global fetch for the sign of a browser and looks for "self" then. Node had no fetch in its days;
// without it all three clients use their own HTTP code for Node, cookies included.
delete globalThis.fetch;

function client(name, library, messagepack, abilities) {
  const signalr = require(library);
  const { MessagePackHubProtocol } = require(messagepack);
  return {
    name,
    signalr,
    protocol: {
      json: () => new signalr.JsonHubProtocol(),
      messagepack: () => new MessagePackHubProtocol(),
    },
    uploads: false, // client-to-server streams
    results: false, // answers to the server's questions
    reconnects: false, // withAutomaticReconnect
    stateful: false, // withStatefulReconnect
    headers: false, // request headers of the user's choice
    connectionId: false, // knows its own connection id
    pingsAtStart: false, // sends a ping as soon as it is connected
    cancels: false, // its MessagePack can say that a stream is cancelled
    closesCleanly: false, // on event streams, the end after a Close message is not taken for an error
    ordered: false, // sends that are not awaited one by one keep their order on HTTP transports
    allDates: false, // its MessagePack knows dates before 1970 and after 2514
    ...abilities,
  };
}

export const v10 = client("signalr 10.0", "@microsoft/signalr", "@microsoft/signalr-protocol-msgpack", {
  uploads: true,
  results: true,
  reconnects: true,
  stateful: true,
  headers: true,
  connectionId: true,
  pingsAtStart: true,
  cancels: true,
  closesCleanly: true,
  ordered: true,
  allDates: true,
});

export const v5 = client("signalr 5.0", "signalr5", "signalr5-protocol-msgpack", {
  uploads: true,
  reconnects: true,
  headers: true,
  connectionId: true,
  cancels: true,
  ordered: true,
});

export const v1 = client("aspnet 1.1", "@aspnet/signalr", "@aspnet/signalr-protocol-msgpack", {});
