// What this run is about: which server, and which of its features.
import { readFileSync } from "node:fs";

const features = {
  ws: "WebSockets",
  sse: "Server-Sent Events",
  lp: "long polling",
  messagepack: "the MessagePack protocol",
  streams: "streams in both directions",
  results: "client results",
  auth: "authentication and authorisation",
  reconnect: "automatic reconnect after a lost server",
  stateful: "stateful reconnect",
  takeover: "a new WebSocket takes over from one that is not known to be dead (stateful reconnect)",
  goodbye: "a Close message on every transport when the server shuts down",
};

function table(file) {
  const rows = JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), "utf8"));
  for (const feature of Object.keys(rows)) known(feature, file);
  return rows;
}

function known(feature, where) {
  if (!(feature in features)) {
    throw new Error(`${where}: no feature is called "${feature}"; there are ${Object.keys(features).join(", ")}`);
  }
  return feature;
}

// Features that may be missing, each with its reason: what our server does not have yet, or what the reference
// implementation does in another way on purpose of the contract.
const excused = process.env.HUBWIRE_REFERENCE ? table("reference.json") : table("pending.json");

const chosen = new Set(
  process.env.HUBWIRE_FEATURES
    ? process.env.HUBWIRE_FEATURES.split(",").map((f) => known(f.trim(), "HUBWIRE_FEATURES"))
    : Object.keys(features).filter((f) => !(f in excused)),
);

/** has reports whether this run includes all of the features. */
export function has(...needs) {
  return needs.every((f) => chosen.has(known(f, "a test")));
}

/** omission says why a test that needs these features does not run, or returns null if it does. */
export function omission(needs) {
  const feature = needs.find((f) => !has(f));
  if (feature === undefined) return null;
  return {
    reason: `${feature} (${features[feature]}): ${excused[feature] ?? "left out by HUBWIRE_FEATURES"}`,
    // CI promises that everything ran; what is known to be missing stands in a committed table.
    allowed: feature in excused || process.env.CI !== "true",
  };
}

/** The base URL of the conformance server, without a slash at its end. */
export const baseURL = required("HUBWIRE_URL", "the base URL of a running conformance server");

/** The command line that starts a conformance server of our own: words, or a JSON array of them. */
export function serverCommand() {
  const command = required("HUBWIRE_SERVER", "the command that starts a conformance server");
  return command.startsWith("[") ? JSON.parse(command) : command.split(" ");
}

function required(name, what) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: ${what}. "go test ./interop/client" sets it.`);
  return value.replace(/\/$/, "");
}
