// Calls to clients, their order, and the order of calls to the server.
import assert from "node:assert/strict";
import { across } from "../lib/matrix.mjs";
import { inbox, open, unique } from "../lib/hub.mjs";

across("InvokeWithString sends Message to the caller", {}, async (combo, t) => {
  const connection = await open(t, combo);
  const messages = inbox(connection, "Message");
  for (const text of [unique("hello"), "", null, "日本語 🦫"]) {
    await connection.invoke("InvokeWithString", text);
    assert.deepEqual(await messages.take(1), [text]);
  }
});

across("SendCustomObject sends the object", {}, async (combo, t) => {
  const connection = await open(t, combo);
  const objects = inbox(connection, "CustomObject");
  const object = { Name: "nämé", Value: 7 };
  await connection.invoke("SendCustomObject", object);
  assert.deepEqual(await objects.take(1), [object]);
});

across("SendManyArgs sends every kind of argument", {}, async (combo, t) => {
  const connection = await open(t, combo);
  const calls = inbox(connection, "ManyArgs");
  await connection.invoke("SendManyArgs");
  assert.deepEqual(await calls.take(1), [["a", 1, true, null, [1, 2]]]);
});

across("client methods are found without regard to case", {}, async (combo, t) => {
  const connection = await open(t, combo);
  const messages = inbox(connection, "mESSAGE");
  await connection.invoke("InvokeWithString", "found");
  assert.deepEqual(await messages.take(1), ["found"]);
});

across("a call to a missing client method harms nothing", {}, async (combo, t) => {
  const connection = await open(t, combo);
  await connection.invoke("CallHandlerThatDoesntExist");
  assert.equal(await connection.invoke("Echo", "still here"), "still here");
});

across("what the server sends during a call comes before its result", {}, async (combo, t) => {
  const connection = await open(t, combo);
  const items = inbox(connection, "Item");
  assert.equal(await connection.invoke("Burst", 1000), 1000);
  // No wait here: all of them must have arrived by now, in order.
  assert.deepEqual(items.kept, Array.from({ length: 1000 }, (_, i) => i));
});

across("a thousand sends are handled in order", {}, async (combo, t) => {
  const connection = await open(t, combo);
  if (combo.client.ordered || combo.transport.name === "WebSockets") {
    await Promise.all(Array.from({ length: 1000 }, (_, i) => connection.send("Record", i)));
  } else {
    for (let i = 0; i < 1000; i++) await connection.send("Record", i);
  }
  assert.deepEqual(await connection.invoke("GetRecord"), { Count: 1000, InOrder: true });
});

// A client that races its own POST requests cannot tell which of its calls came first.
const inOrder = { of: (combo) => combo.client.ordered || combo.transport.name === "WebSockets", together: true };

across("a slow call holds up the next one of its client", inOrder, async (combo, t) => {
  const connection = await open(t, combo);
  const finished = [];
  const call = (ms, tag) => connection.invoke("Delay", ms, tag).then((tag) => finished.push(tag));
  await Promise.all([call(100, "slow"), call(0, "fast")]);
  assert.deepEqual(finished, ["slow", "fast"]);
});

across("with parallel invocations allowed, a fast call overtakes", inOrder, async (combo, t) => {
  const connection = await open(t, combo, { path: "/parallel" });
  const finished = [];
  const call = (ms, tag) => connection.invoke("Delay", ms, tag).then((tag) => finished.push(tag));
  await Promise.all([call(300, "slow"), call(0, "fast")]);
  assert.deepEqual(finished, ["fast", "slow"]);
});

across("ten parallel invocations run side by side, no eleventh", inOrder, async (combo, t) => {
  const connection = await open(t, combo, { path: "/parallel" });
  const finished = [];
  const call = (ms, tag) => connection.invoke("Delay", ms, tag).then((tag) => finished.push(tag));
  const slow = Array.from({ length: 10 }, (_, i) => call(150 + 5 * i, `slow ${i}`));
  await Promise.all([...slow, call(0, "eleventh")]);
  assert.notEqual(finished[0], "eleventh");
});
