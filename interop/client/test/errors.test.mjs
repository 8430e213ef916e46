// Errors: what a client sees of them, to the letter, and that the connection survives.
import assert from "node:assert/strict";
import { across } from "../lib/matrix.mjs";
import { drain, open } from "../lib/hub.mjs";

const invoking = (method) => `An unexpected error occurred invoking '${method}' on the server.`;
const failed = (method) => `Failed to invoke '${method}' due to an error on the server.`;

const calls = [
  { name: "an ordinary error keeps its text to itself", call: ["ThrowException", "secret"], text: invoking("ThrowException") },
  {
    name: "a hub error always reaches the client",
    call: ["ThrowHubException", "öffentlich"],
    text: `${invoking("ThrowHubException")} HubException: öffentlich`,
  },
  {
    name: "a name in another case",
    call: ["tHrOwException", "x"],
    text: /^An unexpected error occurred invoking 'ThrowException' on the server\.$/i, // ASP.NET Core: the method's own
  },
  { name: "no such method", call: ["NoSuchMethod", 1], text: `${failed("NoSuchMethod")} HubException: Method does not exist.` },
  {
    name: "the hub's own methods are no hub methods",
    call: ["OnConnected"],
    text: `${failed("OnConnected")} HubException: Method does not exist.`,
  },
  { name: "too few arguments", call: ["Add", 1], text: failed("Add") },
  { name: "too many arguments", call: ["Add", 1, 2, 3], text: failed("Add") },
  { name: "a string for an int", call: ["EchoInt", "five"], text: failed("EchoInt") },
  { name: "null for an int", call: ["EchoInt", null], text: failed("EchoInt") },
  { name: "an int out of range", call: ["EchoInt", 2_147_483_648], text: failed("EchoInt") },
  { name: "an object for a string", call: ["Echo", { a: 1 }], text: failed("Echo") },
  { name: "a number for a bool", call: ["EchoBool", 1], text: failed("EchoBool") },
  { name: "a string within an int array", call: ["EchoIntArray", [1, "2"]], text: failed("EchoIntArray") },
];

for (const { name, call, text } of calls) {
  across(`error: ${name}`, {}, async (combo, t) => {
    const connection = await open(t, combo);
    await assert.rejects(connection.invoke(...call), { message: text });
    assert.equal(await connection.invoke("Echo", "still here"), "still here");
  });
}

across("error: a client stream is missing", { needs: ["streams"] }, async (combo, t) => {
  const connection = await open(t, combo);
  const text = `${invoking("StreamingConcat")} HubException: Client sent 0 stream(s), Hub method expects 1.`;
  await assert.rejects(connection.invoke("StreamingConcat"), { message: text });
});

across("error: a streaming method invoked as a normal one", { needs: ["streams"] }, async (combo, t) => {
  const connection = await open(t, combo);
  const text = "The client attempted to invoke the streaming 'StreamCount' method with a non-streaming invocation.";
  await assert.rejects(connection.invoke("StreamCount", 1, 0), { message: text });
});

across("error: a normal method invoked as a streaming one", { needs: ["streams"] }, async (combo, t) => {
  const connection = await open(t, combo);
  const text = "The client attempted to invoke the non-streaming 'EchoInt' method with a streaming invocation.";
  assert.deepEqual(await drain(connection.stream("EchoInt", 1)), { items: [], error: text });
});

across("error: a send that fails is answered by nothing", {}, async (combo, t) => {
  const connection = await open(t, combo);
  await connection.send("ThrowException", "nobody hears");
  await connection.send("NoSuchMethod");
  await connection.send("EchoInt", "five");
  assert.equal(await connection.invoke("Echo", "still here"), "still here");
});

const detailed = { path: "/testhub-detailed-errors" };

across("detailed errors name the error and its text", {}, async (combo, t) => {
  const connection = await open(t, combo, detailed);
  const pattern = /^An unexpected error occurred invoking 'ThrowException' on the server\. [^ ]+: the very reason$/;
  await assert.rejects(connection.invoke("ThrowException", "the very reason"), { message: pattern });
  const text = `${invoking("ThrowHubException")} HubException: as ever`;
  await assert.rejects(connection.invoke("ThrowHubException", "as ever"), { message: text });
});

across("detailed errors reach into running streams", { needs: ["streams"] }, async (combo, t) => {
  const connection = await open(t, combo, detailed);
  const { items, error } = await drain(connection.stream("StreamThrowMidway", 2, "the very reason"));
  assert.deepEqual(items, [0, 1]);
  assert.match(error, /^An error occurred on the server while streaming results\. [^ ]+: the very reason$/);
});

across("AdminOnly refuses a user without the role", { needs: ["auth"] }, async (combo, t) => {
  const connection = await open(t, combo);
  await assert.rejects(connection.invoke("AdminOnly"), { message: "Failed to invoke 'AdminOnly' because user is unauthorized" });
});
