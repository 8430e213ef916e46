// Automatic reconnect: over a cut in the network, a crash of the server, and its graceful end.
import assert from "node:assert/strict";
import { across, once, present } from "../lib/matrix.mjs";
import { closing, openMember, prepare, received, unique, within } from "../lib/hub.mjs";
import { freePort, startServer } from "../lib/server.mjs";
import { startProxy } from "../lib/proxy.mjs";

const options = { needs: ["reconnect"] };
const reconnecting = (builder) => builder.withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => 100 });

/** events watches a connection come and go. */
function events(connection) {
  const first = (register) => new Promise((resolve) => register.call(connection, resolve));
  const lost = first(connection.onreconnecting);
  const back = first(connection.onreconnected);
  return {
    lost: () => within(lost, "the client to notice the loss"),
    back: () => within(back, "the client to come back", 60_000),
  };
}

// A cut poll is an error to the client as well, but on the server the connection lives on for a while; the restarts
// below include long polling.
const cuttable = { ...options, of: (combo) => combo.client.reconnects && combo.transport.name !== "LongPolling" };

across("a client comes back after a cut", cuttable, async (combo, t) => {
  const proxy = await startProxy(t);
  const member = await openMember(t, combo, { base: proxy.url, tweak: reconnecting });
  const { lost, back } = events(member.connection);
  proxy.down();
  await lost();
  assert.equal(member.connection.state, "Reconnecting");
  proxy.up();
  const id = await back();
  assert.equal(member.connection.state, "Connected");
  assert.notEqual(await member.invoke("GetCallerConnectionId"), member.id);
  if (combo.transport.negotiates) assert.equal(id, member.connection.connectionId);
  const text = unique("after the cut");
  await member.invoke("InvokeWithString", text); // handlers are still there
  assert.deepEqual(await received(member), [text]);
});

/** fleet opens a connection of every combination that can reconnect, all to one server of the test's own. */
async function fleet(t, server) {
  const combos = present.filter((combo) => combo.client.reconnects);
  return Promise.all(
    combos.map(async (combo) => {
      const member = await openMember(t, combo, { base: server.url, tweak: reconnecting });
      return { ...member, combo, ...events(member.connection) };
    }),
  );
}

/** each runs a check for every member of the fleet and says whose failed. */
async function each(members, check) {
  const failed = [];
  const one = (member) => check(member).catch((error) => failed.push(`${member.combo.name}: ${error.message}`));
  await Promise.all(members.map(one));
  assert.deepEqual(failed, []);
}

async function allBack(members) {
  await each(members, async (member) => {
    await member.back();
    assert.notEqual(await member.invoke("GetCallerConnectionId"), member.id);
    await member.invoke("InvokeWithString", "after the restart");
    assert.deepEqual(await received(member), ["after the restart"]);
  });
}

once("every client survives a crash and restart of the server", { ...options, timeout: 120_000 }, async (t) => {
  const port = await freePort();
  const server = await startServer(t, port);
  const members = await fleet(t, server);
  await server.kill();
  await each(members, (member) => member.lost());
  await startServer(t, port);
  await allBack(members);
});

once("every client survives a graceful restart of the server", { ...options, timeout: 120_000 }, async (t) => {
  const port = await freePort();
  const server = await startServer(t, port);
  const members = await fleet(t, server);
  const { code, signal } = await server.shutDown();
  assert.deepEqual({ code, signal }, { code: 0, signal: null });
  await each(members, (member) => member.lost());
  await startServer(t, port);
  await allBack(members);
});

once("a graceful end is no error to anybody", { needs: ["goodbye"], timeout: 120_000 }, async (t) => {
  const server = await startServer(t);
  const clean = present.filter((c) => c.client.closesCleanly || c.transport.name !== "ServerSentEvents");
  const members = await Promise.all(
    clean.map(async (combo) => ({ combo, ...(await openMember(t, combo, { base: server.url })) })),
  );
  const closed = members.map((member) => closing(member.connection));
  const { code, signal } = await server.shutDown();
  assert.deepEqual({ code, signal }, { code: 0, signal: null });
  const reasons = await Promise.all(closed);
  assert.deepEqual(
    members.map((member, i) => `${member.combo.name}: ${reasons[i]}`),
    members.map((member) => `${member.combo.name}: null`),
  );
});

once("a server that is gone keeps the client trying until it is stopped", { ...options, timeout: 120_000 }, async (t) => {
  const server = await startServer(t);
  const [combo] = present.filter((c) => c.client.reconnects);
  const counts = [];
  let enough;
  const tried = new Promise((resolve) => (enough = resolve));
  const policy = {
    nextRetryDelayInMilliseconds({ previousRetryCount }) {
      if (counts.push(previousRetryCount) === 4) enough();
      return 20;
    },
  };
  const connection = prepare(combo, { base: server.url, tweak: (builder) => builder.withAutomaticReconnect(policy) });
  t.after(() => connection.stop());
  await connection.start();
  await server.kill();
  await within(tried, "four attempts");
  assert.deepEqual(counts.slice(0, 4), [0, 1, 2, 3]);
  const closed = closing(connection);
  await connection.stop();
  await closed;
});
