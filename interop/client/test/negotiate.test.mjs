// Negotiation: which transport a client ends up with, and where a redirect leads it.
import assert from "node:assert/strict";
import { fetch, v1, v5, v10 } from "../lib/clients.mjs";
import { baseURL } from "../lib/config.mjs";
import { across, once } from "../lib/matrix.mjs";
import { open, prepare } from "../lib/hub.mjs";

const clients = [v10, v5, v1];
const anyTransport = (client) => ({
  client,
  protocol: "json",
  transport: { type: undefined, negotiates: true }, // undefined: the client takes the first that works
});

const choices = [
  { path: "/testhub", transport: "WebSockets", needs: ["ws"] },
  { path: "/testhub-nowebsockets", transport: "ServerSentEvents", needs: ["sse"] },
  { path: "/testhub-sse-only", transport: "ServerSentEvents", needs: ["sse"] },
  { path: "/testhub-longpolling-only", transport: "LongPolling", needs: ["lp"] },
];

for (const client of clients) {
  for (const { path, transport, needs } of choices) {
    once(`${path} gives ${transport} (${client.name})`, { needs }, async (t) => {
      const connection = await open(t, anyTransport(client), { path });
      assert.equal(await connection.invoke("GetActiveTransportName"), transport);
      assert.equal(await connection.invoke("Echo", "works"), "works");
    });
  }
}

const lacks = {
  WebSockets: ["/testhub-nowebsockets", "/testhub-sse-only", "/testhub-longpolling-only"],
  ServerSentEvents: ["/testhub-longpolling-only"],
  LongPolling: ["/testhub-sse-only"],
};

across("a transport that the hub does not offer is refused", {}, async (combo, t) => {
  for (const path of lacks[combo.transport.name]) {
    const connection = prepare(combo, { path });
    t.after(() => connection.stop());
    await assert.rejects(connection.start(), path);
  }
});

const negotiating = { of: (combo) => combo.transport.negotiates };

across("a redirect is followed, its query kept", negotiating, async (combo, t) => {
  const first = await open(t, combo, { path: "/redirect" });
  const number = Number(await first.invoke("GetQueryValue", "numRedirects"));
  assert.equal(number >= 1, true);
  const second = await open(t, combo, { path: "/redirect" });
  assert.equal(Number(await second.invoke("GetQueryValue", "numRedirects")), number + 1);
  assert.equal(await second.invoke("GetActiveTransportName"), combo.transport.name);
});

across("a redirect may bring the token", { ...negotiating, needs: ["auth"] }, async (combo, t) => {
  const connection = await open(t, combo, { path: "/redirect-auth" });
  assert.equal(await connection.invoke("GetUserIdentifier"), "redirected");
});

once("negotiate answers old and new clients", { needs: ["ws", "sse", "lp"] }, async () => {
  const negotiate = async (query) => {
    const answer = await fetch(`${baseURL}/testhub/negotiate${query}`, { method: "POST" });
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type"), /^application\/json/);
    assert.match(answer.headers.get("set-cookie"), /^testCookie=testValue;/);
    return answer.json();
  };
  const transports = [
    { transport: "WebSockets", transferFormats: ["Text", "Binary"] },
    { transport: "ServerSentEvents", transferFormats: ["Text"] },
    { transport: "LongPolling", transferFormats: ["Text", "Binary"] },
  ];
  const old = await negotiate("");
  assert.deepEqual(old.availableTransports, transports);
  assert.equal(old.connectionToken, undefined);
  const current = await negotiate("?negotiateVersion=1");
  assert.deepEqual(current.availableTransports, transports);
  assert.notEqual(current.connectionToken, current.connectionId);
  const wrong = await negotiate("?negotiateVersion=x");
  assert.deepEqual(wrong, { error: "The client requested a non-integer protocol version." });
});
