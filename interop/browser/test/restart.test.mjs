// The chat and a server that goes away: by a crash, and in good order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "../lib/browser.mjs";
import { chatPage, enter } from "../lib/chatpage.mjs";
import { freePort, start } from "../lib/program.mjs";

const openWindow = useBrowser();
const complaining = { mayComplain: true }; // about requests that nobody answers

for (const { name, signal, how } of [
  { name: "a crash", signal: "SIGKILL", how: { code: null, signal: "SIGKILL" } },
  { name: "a graceful end", signal: "SIGTERM", how: { code: 0, signal: null } },
]) {
  test(`the chat survives ${name} of the server`, async (t) => {
    const port = await freePort();
    const server = await start(t, "HUBWIRE_CHAT", port);
    const ann = await enter(openWindow, t, server.url, { name: "Ann", room: "lobby" }, complaining);
    const bob = await enter(openWindow, t, server.url, { name: "Bob", room: "lobby" }, complaining);
    await ann.say("before");
    await bob.sees("before");

    assert.deepEqual(await server.end(signal), how);
    await Promise.all([ann.is("Reconnecting…"), bob.is("Reconnecting…")]);
    await ann.input.fill("written while it was away");
    assert.equal(await ann.page.getByRole("button", { name: "Send" }).isDisabled(), true);

    await start(t, "HUBWIRE_CHAT", port);
    await Promise.all([ann.is("Connected"), bob.is("Connected")]);
    assert.equal(await ann.input.inputValue(), "written while it was away");
    // Each is back in the room, under the old name, without having done anything.
    await bob.say("Ann?");
    await ann.sees("Ann?");
    await ann.page.getByRole("button", { name: "Send" }).click();
    await bob.sees("written while it was away");
    assert.equal(await bob.count("before"), 1, "what was said before is still there");
  });
}

test("a page that was loaded before the server is up connects later", async (t) => {
  const port = await freePort();
  const server = await start(t, "HUBWIRE_CHAT", port);
  const page = await openWindow(t, undefined, complaining);
  // The files arrive, the hub does not answer.
  let refuse = true;
  await page.route("**/chat/negotiate*", (route) => (refuse ? route.abort() : route.continue()));
  await page.goto(server.url);
  const ann = chatPage(page);
  await ann.is("No connection");
  refuse = false;
  await ann.is("Connected");
  await ann.join({ name: "Ann", room: "lobby" });
  await ann.joined("lobby");
});
