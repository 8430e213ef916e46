// The life of a connection as the hub's events tell it: once in, once out, and why.
import assert from "node:assert/strict";
import { across, once, plain } from "../lib/matrix.mjs";
import { closing, lifecycle, openMember, prepare, until, within } from "../lib/hub.mjs";
import { startProxy } from "../lib/proxy.mjs";

const closedWithError = "Server returned an error on close: Connection closed with an error.";
const ended = (id) => until(() => lifecycle(id), (life) => life.disconnected > 0, "the disconnected event");

across("a client that stops disconnects once, without an error", {}, async (combo, t) => {
  const { connection, id } = await openMember(t, combo);
  assert.deepEqual(await lifecycle(id), { hub: "/testhub", connected: 1, disconnected: 0, error: null, activeStreams: 0 });
  const closed = closing(connection);
  await connection.stop();
  assert.equal(await closed, null);
  assert.deepEqual(await ended(id), { hub: "/testhub", connected: 1, disconnected: 1, error: null, activeStreams: 0 });
});

// A client that polls is missed only after the disconnect timeout of 15 seconds; that rule has tests with a faked clock.
const socket = { of: (combo) => combo.transport.name !== "LongPolling" };

across("a client that vanishes disconnects without an error", socket, async (combo, t) => {
  const proxy = await startProxy(t);
  const { connection, id } = await openMember(t, combo, { base: proxy.url });
  const closed = closing(connection);
  proxy.down();
  await closed;
  assert.equal((await ended(id)).error, null);
});

across("calls in the air fail when the connection is lost", socket, async (combo, t) => {
  const proxy = await startProxy(t);
  const { connection, id, invoke } = await openMember(t, combo, { base: proxy.url });
  connection.stream("InfiniteStream").subscribe({ next() {}, complete() {}, error() {} });
  await until(() => lifecycle(id), (life) => life.activeStreams === 1, "the stream to run");
  const call = assert.rejects(within(invoke("Delay", 30_000, "never"), "the call to fail"), (e) => !/gave up/.test(e.message));
  proxy.down();
  await call;
  await ended(id);
  await until(() => lifecycle(id), (life) => life.activeStreams === 0, "the stream to end"); // in no order with the event
});

/** garbling sends bytes that are no message when the test sends the method "Garbage". */
function garbling(combo) {
  const junk = combo.protocol === "json" ? "this is not JSON\u001e" : Uint8Array.from([3, 0xc1, 0xc1, 0xc1]).buffer;
  return { out: (message) => (message.target === "Garbage" ? junk : undefined) };
}

across("a message that cannot be read closes the connection with an error", {}, async (combo, t) => {
  const { connection, id } = await openMember(t, combo, { wire: garbling(combo) });
  const closed = closing(connection);
  connection.send("Garbage").catch(() => {});
  assert.equal((await closed)?.message, closedWithError);
  const life = await ended(id);
  assert.equal(typeof life.error, "string");
  assert.equal(life.disconnected, 1);
});

across("a client may come back after such an error", { of: (combo) => combo.client.reconnects }, async (combo, t) => {
  const tweak = (builder) => builder.withAutomaticReconnect([0, 100, 500]);
  const { connection, id, invoke } = await openMember(t, combo, { wire: garbling(combo), tweak });
  const back = new Promise((resolve) => connection.onreconnected(resolve));
  connection.send("Garbage").catch(() => {});
  await within(back, "the client to come back");
  assert.notEqual(await invoke("GetCallerConnectionId"), id);
});

across("a hub that cannot be made closes the connection with an error", {}, async (combo, t) => {
  const connection = prepare(combo, { path: "/uncreatable" });
  t.after(() => connection.stop());
  let reconnecting = false;
  connection.onreconnecting?.(() => (reconnecting = true));
  const closed = closing(connection);
  const started = connection.start();
  // The Close message may come before the client has seen its start end; then start fails with it.
  const reason = await started.then(() => closed).catch((error) => error);
  closed.catch(() => {});
  assert.match(reason.message, /Connection closed with an error\.|404/);
  assert.equal(reconnecting, false);
});

once("an unknown connection is not found", { needs: plain.needs }, async () => {
  assert.equal(await lifecycle("no such connection"), null);
});
