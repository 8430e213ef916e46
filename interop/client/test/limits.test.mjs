// Limits: the size of a message, and the time that may pass without one.
import assert from "node:assert/strict";
import { across } from "../lib/matrix.mjs";
import { closing, lifecycle, openMember, until, within } from "../lib/hub.mjs";

const closedWithError = "Server returned an error on close: Connection closed with an error.";
const limit = 1024;

/** sized makes the argument of an Echo whose message has so many bytes, as this client encodes it. */
async function sized(t, combo, bytes) {
  const sizes = [];
  const out = (message, encoded) => {
    if (message.target === "Echo") sizes.push(Buffer.from(encoded).length);
  };
  const { connection, id } = await openMember(t, combo, { path: "/smallmax", wire: { out } });
  // Around here one character is one byte, also in MessagePack, and invocation ids have one digit.
  const probe = "x".repeat(bytes - 100);
  await connection.invoke("Echo", probe);
  const text = "x".repeat(probe.length + bytes - sizes[0]);
  return { connection, id, text, sizes };
}

across("a message of exactly the limit passes", {}, async (combo, t) => {
  const { connection, text, sizes } = await sized(t, combo, limit);
  assert.equal(await connection.invoke("Echo", text), text);
  assert.equal(sizes[1], limit);
});

across("one byte more closes the connection with an error", {}, async (combo, t) => {
  const { connection, id, text, sizes } = await sized(t, combo, limit + 1);
  const closed = closing(connection);
  await assert.rejects(connection.invoke("Echo", text));
  assert.equal(sizes[1], limit + 1);
  assert.equal((await closed)?.message, closedWithError);
  const life = await until(() => lifecycle(id), (l) => l.disconnected === 1, "the disconnected event");
  assert.equal(typeof life.error, "string");
});

across("many messages that exceed the limit only together pass", {}, async (combo, t) => {
  const { connection, text } = await sized(t, combo, limit);
  const all = await Promise.all(Array.from({ length: 7 }, () => connection.invoke("Echo", text)));
  assert.deepEqual(all, Array.from({ length: 7 }, () => text));
});

across("the limit of 32 KiB holds elsewhere, for received messages only", {}, async (combo, t) => {
  const { connection, invoke } = await openMember(t, combo);
  assert.equal((await invoke("Echo", "x".repeat(32_000))).length, 32_000);
  assert.equal((await invoke("GetLargeString", 100_000)).length, 100_000);
  const closed = closing(connection);
  await assert.rejects(invoke("Echo", "x".repeat(33_000)));
  assert.equal((await closed)?.message, closedWithError);
});

// Polls are a sign of life in themselves: nobody pings there.
const pinging = { of: (combo) => combo.transport.name !== "LongPolling", together: true };

/** idler opens a connection that waits for the server's pings, which come every 0.2 to 1.5 seconds. */
async function idler(t, combo) {
  const ping = 6;
  let wake = () => {};
  const wire = { in: (message) => message.type === ping && wake() };
  const member = await openMember(t, combo, { path: "/fastping", wire });
  return { ...member, pinged: () => within(new Promise((resolve) => (wake = resolve)), "a ping of the server") };
}

across("the server pings an idle client", pinging, async (combo, t) => {
  const { pinged } = await idler(t, combo);
  await pinged();
});

across("a client that pings and then falls silent is timed out", pinging, async (combo, t) => {
  const { connection, id, invoke, pinged } = await idler(t, combo);
  const closed = closing(connection);
  connection.keepAliveIntervalInMilliseconds = 50;
  await invoke("Echo", "this sets the timer of the client's ping");
  await Promise.race([pinged(), closed]); // by now the client has pinged
  connection.keepAliveIntervalInMilliseconds = 600_000;
  assert.equal((await closed)?.message, closedWithError);
  const life = await until(() => lifecycle(id), (l) => l.disconnected === 1, "the disconnected event");
  assert.equal(typeof life.error, "string");
});

// The newest client pings once in any case, when it has started.
const silent = { ...pinging, of: (combo) => pinging.of(combo) && !combo.client.pingsAtStart };

across("a client that never pings is never timed out", silent, async (combo, t) => {
  const { id, invoke, pinged } = await idler(t, combo);
  for (const start = Date.now(); Date.now() - start < 2000; ) await pinged(); // the client timeout is one second
  assert.equal((await lifecycle(id)).disconnected, 0);
  assert.equal(await invoke("Echo", "still here"), "still here");
});
