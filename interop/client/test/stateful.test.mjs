// Stateful reconnect: a new WebSocket under the same connection, and no message lost or doubled.
import assert from "node:assert/strict";
import { across } from "../lib/matrix.mjs";
import { inbox, lifecycle, openMember, within } from "../lib/hub.mjs";
import { startProxy } from "../lib/proxy.mjs";

const options = {
  needs: ["stateful"],
  of: (combo) => combo.client.stateful && combo.transport.name === "WebSockets" && combo.transport.negotiates,
};
const path = "/statefulreconnect";
const tweak = (builder) => builder.withStatefulReconnect().withAutomaticReconnect([0, 100, 1000]);
const count = (n) => Array.from({ length: n }, (_, i) => i);

/** steadfast opens a connection through a proxy and fails the test if it ever falls back to an ordinary reconnect. */
async function steadfast(t, combo) {
  const proxy = await startProxy(t);
  const member = await openMember(t, combo, { base: proxy.url, path, tweak });
  const lost = inbox({ on: (_, handler) => member.connection.onreconnecting(handler) }, "reconnecting");
  return { ...member, proxy, lost };
}

async function same({ invoke, id, lost }) {
  assert.equal(await invoke("GetCallerConnectionId"), id);
  const { connected, disconnected } = await lifecycle(id);
  assert.deepEqual({ connected, disconnected }, { connected: 1, disconnected: 0 });
  assert.deepEqual(lost.kept, []);
}

across("a cut is invisible to an idle connection", options, async (combo, t) => {
  const member = await steadfast(t, combo);
  assert.equal(await member.invoke("Increment"), 1);
  member.proxy.cut();
  assert.equal(await member.invoke("Increment"), 2);
  await same(member);
});

across("calls on their way over a cut are handled once, in order", options, async (combo, t) => {
  const member = await steadfast(t, combo);
  for (const n of count(300)) {
    member.connection.send("Record", n);
    if (n % 100 === 50) {
      member.proxy.cut();
      await member.invoke("Echo", "over the new socket"); // so that the next cut hits one that is up
    }
  }
  assert.deepEqual(await member.invoke("GetRecord"), { Count: 300, InOrder: true });
  await same(member);
});

across("a result that fell into the cut comes after it", options, async (combo, t) => {
  const member = await steadfast(t, combo);
  const result = member.invoke("Delay", 300, "late");
  await member.connection.send("Increment"); // is written, so the call before it is, too
  member.proxy.cut();
  assert.equal(await within(result, "the result"), "late");
  await same(member);
});

across("a stream goes on over a cut without loss", options, async (combo, t) => {
  const member = await steadfast(t, combo);
  const items = [];
  const end = new Promise((resolve, reject) => {
    member.connection.stream("StreamCount", 150, 4).subscribe({
      next(item) {
        items.push(item);
        if (item === 40 || item === 80) member.proxy.cut();
      },
      complete: resolve,
      error: reject,
    });
  });
  await within(end, "the end of the stream");
  assert.deepEqual(items, count(150));
  await same(member);
});

across("messages of others wait for the one who is away", options, async (combo, t) => {
  const member = await steadfast(t, combo);
  const other = await openMember(t, combo, { path });
  member.proxy.hold();
  for (const n of count(50)) await other.invoke("SendToClient", member.id, `${n}`);
  member.proxy.release();
  const messages = await member.messages.take(50);
  assert.deepEqual(messages, count(50).map(String));
  await same(member);
});

const takeover = { ...options, needs: ["stateful", "takeover"] };

across("a new socket takes over from one that the server takes for alive", takeover, async (combo, t) => {
  const member = await steadfast(t, combo);
  assert.equal(await member.invoke("Increment"), 1);
  member.proxy.cutUnnoticed();
  assert.equal(await member.invoke("Increment"), 2);
  assert.equal(await member.invoke("Increment"), 3); // the new socket stays
  await same(member);
});
