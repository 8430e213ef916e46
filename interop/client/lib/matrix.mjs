// The matrix: every client, over every transport, in every protocol that the transport can carry.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { v1, v5, v10 } from "./clients.mjs";
import { has, omission } from "./config.mjs";

const webSockets = { name: "WebSockets", type: 1, feature: "ws", negotiates: true, binary: true };
const transports = [
  webSockets,
  { ...webSockets, label: "WebSockets without negotiation", negotiates: false },
  { name: "ServerSentEvents", type: 2, feature: "sse", negotiates: true, binary: false },
  { name: "LongPolling", type: 4, feature: "lp", negotiates: true, binary: true },
];

function combination(client, transport, protocol) {
  return {
    client,
    transport,
    protocol,
    name: `${client.name}, ${transport.label ?? transport.name}, ${protocol}`,
    needs: protocol === "messagepack" ? [transport.feature, "messagepack"] : [transport.feature],
    // How the protocol spells the types that JSON does not have.
    bytes: (...values) => (protocol === "json" ? Buffer.from(values).toString("base64") : Uint8Array.from(values)),
    date: (iso) => (protocol === "json" ? iso : new Date(iso)),
  };
}

/** All combinations of client, transport and protocol. */
export const combinations = [v10, v5, v1].flatMap((client) =>
  transports.flatMap((transport) =>
    (transport.binary ? ["json", "messagepack"] : ["json"]).map((protocol) => combination(client, transport, protocol)),
  ),
);

/** The combinations of this run, for tests that use many at once. */
export const present = combinations.filter((c) => has(...c.needs));

/** The plainest combination of this run, for tests that are about something else. */
export const plain = combinations[0];

const timeout = 60_000;
const refused = new Set();

/**
 * across defines a test once per combination. The options name the features of the server that it needs, which
 * combinations make sense for it ("of"), whether the combinations may run at the same time ("together": for tests
 * that spend theirs waiting), and its time limit.
 */
export function across(name, options, body) {
  const each = () => {
    for (const combo of combinations.filter(options.of ?? (() => true))) {
      once(`${name} (${combo.name})`, { ...options, needs: [...combo.needs, ...(options.needs ?? [])] }, (t) => body(combo, t));
    }
  };
  if (options.together) describe(name, { concurrency: true }, each);
  else each();
}

/** once defines a single test. What the run leaves out is skipped aloud, and in CI only if a table allows it. */
export function once(name, options, body) {
  const omitted = omission(options.needs ?? []);
  if (!omitted) {
    test(name, { timeout: options.timeout ?? timeout }, body);
  } else if (omitted.allowed) {
    test(name, { skip: omitted.reason }, () => {});
  } else if (!refused.has(omitted.reason)) {
    refused.add(omitted.reason);
    test("CI skips nothing that no table allows", () => assert.fail(omitted.reason));
  }
}
