// The connection and the request that opened it, as a hub sees them.
import assert from "node:assert/strict";
import { across } from "../lib/matrix.mjs";
import { closing, inbox, lifecycle, open, prepare, unique, until, within } from "../lib/hub.mjs";

across("GetCallerConnectionId is the id that the client knows", {}, async (combo, t) => {
  const connection = await open(t, combo);
  const id = await connection.invoke("GetCallerConnectionId");
  assert.match(id, /^[\w-]{16,}$/);
  assert.equal(await connection.invoke("GetCallerConnectionId"), id);
  if (combo.client.connectionId && combo.transport.negotiates) assert.equal(connection.connectionId, id);
});

across("GetUserIdentifier is the query value user", {}, async (combo, t) => {
  const named = await open(t, combo, { query: { user: "Müller & Söhne" } });
  assert.equal(await named.invoke("GetUserIdentifier"), "Müller & Söhne");
  const nameless = await open(t, combo);
  assert.equal(await nameless.invoke("GetUserIdentifier"), null);
});

across("GetQueryValue reads the query", {}, async (combo, t) => {
  const connection = await open(t, combo, { query: { room: "a b+c&d=é" } });
  assert.equal(await connection.invoke("GetQueryValue", "room"), "a b+c&d=é");
  assert.equal(await connection.invoke("GetQueryValue", "missing"), null);
});

across("GetHeader reads the headers", { of: (combo) => combo.client.headers }, async (combo, t) => {
  const connection = await open(t, combo, { headers: { "X-Tenant": "blue" } });
  assert.equal(await connection.invoke("GetHeader", "X-Tenant"), "blue");
  assert.equal(await connection.invoke("GetHeader", "x-tenant"), "blue");
  assert.match(await connection.invoke("GetHeader", "User-Agent"), /^Microsoft SignalR\//);
  assert.equal(await connection.invoke("GetHeader", "X-Missing"), null);
});

across("GetCookie reads the cookie that negotiate set", { of: (combo) => combo.transport.negotiates }, async (combo, t) => {
  const connection = await open(t, combo);
  assert.equal(await connection.invoke("GetCookie", "testCookie"), "testValue");
  assert.equal(await connection.invoke("GetCookie", "missing"), null);
});

across("GetRemoteAddress is the client's address without the port", {}, async (combo, t) => {
  const connection = await open(t, combo);
  assert.equal(await connection.invoke("GetRemoteAddress"), "127.0.0.1");
});

across("GetActiveTransportName is the transport", {}, async (combo, t) => {
  const connection = await open(t, combo);
  assert.equal(await connection.invoke("GetActiveTransportName"), combo.transport.name);
});

across("Increment counts per connection", {}, async (combo, t) => {
  const [one, other] = await Promise.all([open(t, combo), open(t, combo)]);
  assert.equal(await one.invoke("Increment"), 1);
  assert.equal(await one.invoke("Increment"), 2);
  assert.equal(await other.invoke("Increment"), 1);
  assert.equal(await one.invoke("Increment"), 3);
});

across("Welcome comes before anything else", {}, async (combo, t) => {
  const greet = unique("hello, wörld");
  const connection = prepare(combo, { query: { greet } });
  t.after(() => connection.stop());
  const order = [];
  connection.on("Welcome", (text) => order.push(`Welcome ${text}`));
  connection.on("Message", (text) => order.push(`Message ${text}`));
  await within(connection.start(), "the connection");
  await connection.invoke("SendToCaller", "first");
  assert.deepEqual(order, [`Welcome ${greet}`, "Message first"]);
});

across("Abort ends the connection", {}, async (combo, t) => {
  const connection = await open(t, combo);
  const id = await connection.invoke("GetCallerConnectionId");
  const closed = closing(connection);
  await connection.send("Abort");
  await closed;
  const life = await until(() => lifecycle(id), (l) => l.disconnected === 1, "the disconnected event");
  assert.deepEqual(life, { hub: "/testhub", connected: 1, disconnected: 1, error: null, activeStreams: 0 });
});

across("a call that aborts its own connection fails", {}, async (combo, t) => {
  const connection = await open(t, combo);
  await assert.rejects(within(connection.invoke("Abort"), "the call to end"), (error) => !/gave up/.test(error.message));
});

const reconnecting = { of: (combo) => combo.client.reconnects };

across("a client does not come back after Abort", reconnecting, async (combo, t) => {
  const connection = await open(t, combo, { tweak: (builder) => builder.withAutomaticReconnect([0, 0, 0]) });
  const attempts = inbox({ on: (_, handler) => connection.onreconnecting(handler) }, "reconnecting");
  const closed = closing(connection);
  await connection.send("Abort");
  await closed;
  assert.equal(attempts.kept.length, 0);
});
