// The official client in a browser: the transport it falls back to when others are blocked, and foreign origins.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { useBrowser } from "../lib/browser.mjs";
import { defer } from "../lib/cleanup.mjs";
import { start } from "../lib/program.mjs";

const openWindow = useBrowser();
const client = readFileSync(
  new URL("../../../example/chat/node_modules/@microsoft/signalr/dist/browser/signalr.min.js", import.meta.url),
);
// Of a missing icon, and of the DELETE by which a poller ends: the server has closed the connection by then (404).
const options = { mayComplain: true };
const html = "<!doctype html><title>fallback</title><script src='/signalr.min.js'></script>";

/** visit opens a page of the server itself, whichever, and puts the client on it. */
async function visit(t, origin, blocked) {
  const page = await openWindow(t, undefined, options);
  await page.addInitScript((names) => names.forEach((name) => delete window[name]), blocked);
  await page.goto(`${origin}/healthz`);
  await page.addScriptTag({ content: client.toString() });
  return page;
}

/** talk connects, calls, is called, reads a stream, and tells over which transport. */
function talk(page, url, options = {}) {
  return page.evaluate(
    async ([url, options]) => {
      const connection = new signalR.HubConnectionBuilder()
        .configureLogging(signalR.LogLevel.None)
        .withUrl(url, options)
        .build();
      const message = new Promise((resolve) => connection.on("Message", resolve));
      await connection.start();
      const transport = await connection.invoke("GetActiveTransportName");
      await connection.invoke("InvokeWithString", "called back");
      const items = [];
      await new Promise((complete, error) =>
        connection.stream("StreamCount", 5, 10).subscribe({ next: (item) => items.push(item), complete, error }),
      );
      const cookie = await connection.invoke("GetCookie", "testCookie");
      const result = { transport, message: await message, items, cookie };
      await connection.stop();
      return result;
    },
    [url, options],
  );
}

const cases = [
  { blocked: [], transport: "WebSockets" },
  { blocked: ["WebSocket"], transport: "ServerSentEvents" },
  { blocked: ["WebSocket", "EventSource"], transport: "LongPolling" },
];

for (const { blocked, transport } of cases) {
  test(`${blocked.length ? `without ${blocked.join(" and ")}` : "with all there is"}: ${transport}`, async (t) => {
    const { url } = await start(t, "HUBWIRE_SERVER");
    const page = await visit(t, url, blocked);
    assert.deepEqual(await talk(page, "/testhub"), {
      transport,
      message: "called back",
      items: [0, 1, 2, 3, 4],
      cookie: "testValue",
    });
  });
}

/** serve serves the page from a port of its own, so that the browser's preflights are real. */
async function serve(t, port) {
  const server = createServer((request, response) => {
    const script = request.url === "/signalr.min.js";
    response.setHeader("Content-Type", script ? "text/javascript" : "text/html");
    response.end(script ? client : html);
  });
  await new Promise((resolve, reject) => server.on("error", reject).listen(port, "127.0.0.1", resolve));
  defer(t, () => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return `http://localhost:${server.address().port}/`;
}

async function visitForeign(t, port, blocked) {
  const address = await serve(t, port);
  const page = await openWindow(t, undefined, options);
  await page.addInitScript((names) => names.forEach((name) => delete window[name]), blocked);
  await page.goto(address);
  return page;
}

for (const { blocked, transport } of cases) {
  test(`from the allowed foreign origin: ${transport}`, async (t) => {
    const { url } = await start(t, "HUBWIRE_SERVER");
    const page = await visitForeign(t, 8090, blocked).catch((error) => {
      if (error.code !== "EADDRINUSE") throw error;
      if (process.env.CI === "true") assert.fail("port 8090 is the origin that the contract allows, and it is in use");
      t.skip("port 8090 is the origin that the contract allows, and it is in use");
    });
    if (!page) return;
    const { cookie, ...rest } = await talk(page, `${url}/testhub`);
    assert.deepEqual(rest, { transport, message: "called back", items: [0, 1, 2, 3, 4] });
  });
}

const foreign = [["negotiation", {}]];
// ASP.NET Core asks for the origin of a WebSocket only if it is told to; CORS does not cover them.
if (!process.env.HUBWIRE_REFERENCE) foreign.push(["a WebSocket without negotiation", { transport: 1, skipNegotiation: true }]);

for (const [name, how] of foreign) {
  test(`another foreign origin is refused: ${name}`, async (t) => {
    const { url } = await start(t, "HUBWIRE_SERVER");
    const page = await visitForeign(t, 0, []);
    await assert.rejects(talk(page, `${url}/testhub`, how));
  });
}
