// Connections for tests: opened in a combination, closed with the test, every wait bounded.
import assert from "node:assert/strict";
import { fetch } from "./clients.mjs";
import { baseURL } from "./config.mjs";

// Long enough for a busy machine; nothing waits for it when all is well.
const patience = 15_000;

/** within bounds a promise, and says what was waited for when it takes too long. */
export function within(promise, what, ms = patience) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`gave up after ${ms} ms: ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** until asks again and again until the answer is right. It is for state that the server tells over HTTP only. */
export async function until(ask, right, what) {
  const end = Date.now() + patience;
  for (;;) {
    const answer = await ask();
    if (right(answer)) return answer;
    if (Date.now() > end) assert.fail(`gave up waiting for ${what}, last seen: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

let names = 0;

/** unique makes a name that no other test uses, for groups, users and messages on the shared server. */
export const unique = (prefix) => `${prefix}-${process.pid}-${++names}`;

/**
 * prepare builds a connection without starting it.
 *   base, path, query: where to; token: what the access token factory returns, or the factory itself;
 *   headers: for every request; on: handlers by client method; tweak: the last word on the builder;
 *   wire: { out(message, encoded), in(message) } sees the hub messages that pass; out may return other bytes to send.
 */
export function prepare(combo, { base = baseURL, path = "/testhub", query = {}, token, headers, on = {}, tweak, wire } = {}) {
  const { signalr, protocol } = combo.client;
  const url = `${base}${path}${Object.keys(query).length > 0 ? `?${new URLSearchParams(query)}` : ""}`;
  const level = process.env.HUBWIRE_CLIENT_LOG ? signalr.LogLevel.Trace : signalr.LogLevel.None;
  const builder = new signalr.HubConnectionBuilder()
    .configureLogging(level)
    .withUrl(url, {
      transport: combo.transport.type,
      skipNegotiation: !combo.transport.negotiates,
      logger: level,
      ...(token === undefined ? {} : { accessTokenFactory: typeof token === "function" ? token : () => token }),
      ...(headers === undefined ? {} : { headers }),
    })
    .withHubProtocol(wire ? tapped(protocol[combo.protocol](), wire) : protocol[combo.protocol]());
  tweak?.(builder);
  const connection = builder.build();
  for (const [method, handler] of Object.entries(on)) connection.on(method, handler);
  return connection;
}

function tapped(protocol, { out = () => {}, in: into = () => {} }) {
  return {
    name: protocol.name,
    version: protocol.version,
    transferFormat: protocol.transferFormat,
    writeMessage(message) {
      const encoded = protocol.writeMessage(message);
      return out(message, encoded) ?? encoded;
    },
    parseMessages(data, logger) {
      const messages = protocol.parseMessages(data, logger);
      messages.forEach(into);
      return messages;
    },
  };
}

/** open starts a connection that ends with the test. */
export async function open(t, combo, options) {
  const connection = prepare(combo, options);
  t.after(() => connection.stop());
  await within(connection.start(), `the connection to ${options?.path ?? "/testhub"}`);
  return connection;
}

/** openMany starts several connections at once, each with an inbox for Message. */
export async function openMany(t, combo, count, options) {
  return Promise.all(Array.from({ length: count }, () => openMember(t, combo, options)));
}

/** openMember starts a connection that knows its id and keeps what arrives as Message. */
export async function openMember(t, combo, options) {
  const connection = prepare(combo, options);
  t.after(() => connection.stop());
  const messages = inbox(connection, "Message");
  await within(connection.start(), "the connection of a member");
  const id = await connection.invoke("GetCallerConnectionId");
  return { connection, id, messages, invoke: (...call) => connection.invoke(...call) };
}

/** inbox keeps what arrives for a client method: the argument, or all of them if there are several. */
export function inbox(connection, method) {
  const kept = [];
  let wake = () => {};
  connection.on(method, (...args) => {
    kept.push(args.length > 1 ? args : args[0]);
    wake();
  });
  return {
    kept,
    /** take waits for so many messages and removes them. */
    async take(count, what = `${count} times ${method}`) {
      const enough = async () => {
        while (kept.length < count) await new Promise((resolve) => (wake = resolve));
      };
      await within(enough(), `${what}, got ${kept.length}`);
      return kept.splice(0, count);
    },
  };
}

/**
 * received returns what a member got so far. It asks the server for one more message and reads up to that: sends to
 * one connection keep their order, so what would come later has not been sent.
 */
export async function received(member) {
  const end = unique("end");
  await member.invoke("SendToCaller", end);
  const messages = [];
  for (;;) {
    const [message] = await member.messages.take(1, "the end of the messages");
    if (message === end) return messages;
    messages.push(message);
  }
}

/** closing resolves with the reason when the connection closes for good. Call it before the cause. */
export function closing(connection) {
  return within(new Promise((resolve) => connection.onclose((error) => resolve(error ?? null))), "the connection to close");
}

/** drain reads a server stream to its end: the items, and the error or null. */
export function drain(stream, each = () => {}) {
  const items = [];
  const end = new Promise((resolve) => {
    stream.subscribe({
      next(item) {
        items.push(item);
        each(item);
      },
      complete: () => resolve({ items, error: null }),
      error: (error) => resolve({ items, error: error.message }),
    });
  });
  return within(end, "the end of a stream");
}

/** lifecycle returns what the server tells about a connection, or null if it does not know it. */
export async function lifecycle(id, base = baseURL) {
  const answer = await fetch(`${base}/lifecycle/${encodeURIComponent(id)}`);
  if (answer.status === 404) return null;
  assert.equal(answer.status, 200);
  return answer.json();
}

/** token makes an access token: its user, and optionally "role" and "seconds". */
export async function token(user, claims = {}, base = baseURL) {
  const answer = await fetch(`${base}/generateJwtToken/${user}?${new URLSearchParams(claims)}`);
  assert.equal(answer.status, 200);
  return answer.text();
}
