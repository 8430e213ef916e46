// Authentication: who gets in, as whom, what for, and until when.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { fetch } from "../lib/clients.mjs";
import { baseURL } from "../lib/config.mjs";
import { across, once, plain } from "../lib/matrix.mjs";
import { closing, open, openMember, prepare, received, token, unique, until, lifecycle, within } from "../lib/hub.mjs";

const options = { needs: ["auth"] };
const guarded = { path: "/authorizedhub" };

across("without a token nobody gets in", options, async (combo, t) => {
  const connection = prepare(combo, guarded);
  t.after(() => connection.stop());
  await assert.rejects(connection.start(), (error) => {
    // A client that does not negotiate learns from its WebSocket only that it did not work.
    if (combo.transport.negotiates) assert.match(`${error.statusCode} ${error.message}`, /401|Unauthorized/);
    return true;
  });
});

across("a token says who the user is", options, async (combo, t) => {
  const user = unique("ann");
  const connection = await open(t, combo, { ...guarded, token: await token(user) });
  assert.equal(await connection.invoke("GetUserIdentifier"), user);
  assert.equal(await connection.invoke("GetActiveTransportName"), combo.transport.name);
  await assert.rejects(connection.invoke("AdminOnly"), { message: "Failed to invoke 'AdminOnly' because user is unauthorized" });
});

across("AdminOnly admits the role", options, async (combo, t) => {
  const connection = await open(t, combo, { ...guarded, token: await token(unique("boss"), { role: "admin" }) });
  assert.equal(await connection.invoke("AdminOnly"), "admin");
});

across("a user of the token is a target", options, async (combo, t) => {
  const [ann, bob] = [unique("ann"), unique("bob")];
  const member = async (user) => openMember(t, combo, { ...guarded, token: await token(user) });
  const [first, second, other] = await Promise.all([member(ann), member(ann), member(bob)]);
  await other.invoke("SendToUser", ann, "hello");
  assert.deepEqual(await Promise.all([first, second, other].map(received)), [["hello"], ["hello"], []]);
});

across("the connection ends when its token expires, and may come back", { ...options, together: true }, async (combo, t) => {
  const user = unique("brief");
  // Long enough to get in on a busy machine; a client that reconnects gets a token that lasts.
  const tokens = [await token(user, { seconds: 4 })];
  const asked = () => tokens[0];
  const tweak = combo.client.reconnects ? (builder) => builder.withAutomaticReconnect([0, 200, 1000]) : undefined;
  const { connection, id, invoke } = await openMember(t, combo, { path: "/authexpire", token: asked, tweak });
  const closed = closing(connection);
  closed.catch(() => {}); // one that comes back does not close
  const back = new Promise((resolve) => connection.onreconnected?.(resolve));
  tokens[0] = await token(user);
  if (combo.client.reconnects) {
    await within(back, "the client to come back");
    assert.notEqual(await invoke("GetCallerConnectionId"), id);
    assert.equal(await invoke("GetUserIdentifier"), user);
  } else {
    const error = await closed;
    if (combo.client.closesCleanly || combo.transport.name !== "ServerSentEvents") assert.equal(error, null);
  }
  const life = await until(() => lifecycle(id), (l) => l.disconnected === 1, "the disconnected event");
  assert.equal(life.connected, 1);
});

const now = Math.floor(Date.now() / 1000);
const good = { iss: "SignalRTestServer", aud: "SignalRTests", sub: "forger", exp: now + 600 };
const secret = "signalr-conformance-server-test-secret-0001";

function sign(claims, { alg = "HS256", key = secret } = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg, typ: "JWT" })}.${part(claims)}`;
  const hash = { HS256: "sha256", HS512: "sha512" }[alg];
  return `${text}.${hash ? createHmac(hash, key).update(text).digest("base64url") : ""}`;
}

const tokens = [
  { name: "a good one", token: sign(good), status: 200 },
  { name: "one of several audiences", token: sign({ ...good, aud: ["others", "SignalRTests"] }), status: 200 },
  { name: "no token", token: "", status: 401 },
  { name: "no JWT", token: "nonsense", status: 401 },
  { name: "another secret", token: sign(good, { key: "guessed" }), status: 401 },
  { name: "another algorithm", token: sign(good, { alg: "HS512" }), status: 401 },
  { name: "no signature", token: sign(good, { alg: "none" }), status: 401 },
  { name: "another issuer", token: sign({ ...good, iss: "somebody" }), status: 401 },
  { name: "another audience", token: sign({ ...good, aud: "others" }), status: 401 },
  { name: "expired", token: sign({ ...good, exp: now - 1 }), status: 401 },
  { name: "without an expiry", token: sign({ ...good, exp: undefined }), status: 401 },
  { name: "not valid yet", token: sign({ ...good, nbf: now + 300 }), status: 401 },
];

for (const { name, token, status } of tokens) {
  once(`token: ${name}`, { needs: ["auth", ...plain.needs] }, async () => {
    const negotiate = async (query, headers) => {
      const answer = await fetch(`${baseURL}/authorizedhub/negotiate?negotiateVersion=1${query}`, { method: "POST", headers });
      await answer.arrayBuffer();
      return answer.status;
    };
    assert.equal(await negotiate("", token === "" ? {} : { Authorization: `Bearer ${token}` }), status, "in the header");
    assert.equal(await negotiate(token && `&access_token=${token}`, {}), status, "in the query");
  });
}

once("every request needs the token, not negotiate only", { needs: ["auth", "lp"] }, async () => {
  const headers = { Authorization: `Bearer ${sign(good)}` };
  const negotiate = await fetch(`${baseURL}/authorizedhub/negotiate?negotiateVersion=1`, { method: "POST", headers });
  const { connectionToken } = await negotiate.json();
  const url = `${baseURL}/authorizedhub?id=${encodeURIComponent(connectionToken)}`;
  for (const method of ["GET", "POST", "DELETE"]) {
    const answer = await fetch(url, { method });
    await answer.arrayBuffer();
    assert.equal(answer.status, 401, method);
  }
});
