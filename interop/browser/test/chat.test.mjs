// The chat example: two people, two windows, and what happens to them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser, eventually } from "../lib/browser.mjs";
import { chatPage, enter } from "../lib/chatpage.mjs";
import { start } from "../lib/program.mjs";

const openWindow = useBrowser();

async function two(t, room = "lobby") {
  const { url } = await start(t, "HUBWIRE_CHAT");
  const ann = await enter(openWindow, t, url, { name: "Ann", room });
  const bob = await enter(openWindow, t, url, { name: "Bob", room });
  await ann.sees("Bob joined");
  return { url, ann, bob };
}

test("two windows talk both ways", async (t) => {
  const { ann, bob } = await two(t);
  await ann.say("Hello Bob!");
  await bob.sees("Hello Bob!");
  await ann.sees("Hello Bob!");
  await bob.say("Höllo Ann 🦫");
  await ann.sees("Höllo Ann 🦫");
  assert.equal(await ann.input.inputValue(), "", "what was sent is gone from the line");
  for (const chat of [ann, bob]) {
    assert.equal(await chat.count("Hello Bob!"), 1);
    assert.equal(await chat.messages.getByText("Ann", { exact: true }).count(), 1, "the name beside the message");
  }
});

test("who joins and leaves is announced to the others", async (t) => {
  const { url, ann, bob } = await two(t);
  await bob.page.getByRole("button", { name: "Leave" }).click();
  await ann.sees("Bob left");
  const { page } = await enter(openWindow, t, url, { name: "Carla", room: "lobby" });
  await ann.sees("Carla joined");
  await page.close(); // without a goodbye
  await ann.sees("Carla left");
  assert.equal(await ann.count("Ann joined"), 0, "nobody is told about themselves");
});

test("rooms keep to themselves", async (t) => {
  const { url, ann, bob } = await two(t);
  const eve = await enter(openWindow, t, url, { name: "Eve", room: "elsewhere" });
  await eve.say("Anybody here?");
  await eve.sees("Anybody here?");
  await ann.say("Between us");
  await bob.sees("Between us");
  assert.equal(await ann.count("Anybody here?"), 0);
  assert.equal(await eve.count("Between us"), 0);
  assert.equal(await ann.count("Eve joined"), 0);
});

test("the others see that somebody is typing, until they have said it", async (t) => {
  const { ann, bob } = await two(t);
  const indicator = bob.page.getByText("Ann is typing…");
  await ann.input.pressSequentially("Hel");
  await indicator.waitFor();
  assert.equal(await ann.page.getByText("is typing…").count(), 0, "not to themselves");
  await ann.say("Hello");
  await bob.sees("Hello");
  await indicator.waitFor({ state: "detached" });
  await ann.input.pressSequentially("never sent"); // and it goes away when nothing follows
  await indicator.waitFor();
  await indicator.waitFor({ state: "detached" });
});

test("text stays text", async (t) => {
  const evil = `<img src=x onerror="window.hacked = true"><script>window.hacked = true</script>`;
  const { url } = await start(t, "HUBWIRE_CHAT");
  const ann = await enter(openWindow, t, url, { name: "<b>Ann</b>", room: "<i>room</i>" });
  const bob = await enter(openWindow, t, url, { name: "Bob", room: "<i>room</i>" });
  await ann.say(evil);
  for (const chat of [ann, bob]) {
    await chat.sees(evil);
    await chat.sees("<b>Ann</b>");
    assert.equal(await chat.page.locator("#messages :is(img, script, b, i)").count(), 0);
    assert.equal(await chat.page.evaluate(() => window.hacked), undefined);
  }
  const notice = `<b>Ann</b> left`;
  await ann.page.close();
  await bob.sees(notice);
});

test("what the server refuses is shown", async (t) => {
  const { url } = await start(t, "HUBWIRE_CHAT");
  const ann = chatPage(await openWindow(t, url));
  await ann.join({ name: "A".repeat(25), room: "lobby" });
  await ann.complains(/^Your name must not be longer than 24 characters; this has 25\.$/);
  await ann.join({ name: "Ann", room: "r".repeat(33) });
  await ann.complains(/^The room's name must not be longer than 32 characters; this has 33\.$/);
  await ann.join({ name: "  ", room: "lobby" });
  await ann.complains(/^Your name must not be empty\.$/);
  await ann.join({ name: "Ä".repeat(24), room: "lobby" }); // characters, not bytes
  await ann.joined("lobby");
  await ann.problem.waitFor({ state: "hidden" });
  const long = "x".repeat(2001);
  await ann.say(long);
  await ann.complains(/^The message must not be longer than 2000 characters; this has 2001\.$/);
  assert.equal(await ann.input.inputValue(), long, "what was written is not lost");
  await ann.say(long.slice(1));
  await ann.sees(long.slice(1));
});

test("nothing is asked twice", async (t) => {
  const { url, ann, bob } = await two(t, "tea & cake");
  await ann.input.fill("half a sentence");
  await ann.page.reload();
  await ann.joined("tea & cake");
  assert.equal(await ann.input.inputValue(), "half a sentence");
  await ann.say("I am back");
  await bob.sees("I am back");
  assert.equal(await bob.messages.getByText("Ann", { exact: true }).count(), 1, "under the same name");

  // A new window proposes the last name and the room of the link, and waits: it may be for somebody else.
  const link = ann.page.url();
  assert.match(link, /\?room=tea/);
  const third = chatPage(await openWindow(t, link));
  await third.name.waitFor();
  assert.equal(await third.room.inputValue(), "tea & cake");
  assert.equal(await third.name.inputValue(), "Ann");
  const fresh = chatPage(await openWindow(t, url));
  await fresh.name.waitFor();
  assert.equal(await fresh.room.inputValue(), "lobby");
});

test("the keyboard is enough", async (t) => {
  const { url } = await start(t, "HUBWIRE_CHAT");
  const ann = chatPage(await openWindow(t, url));
  await ann.name.waitFor();
  await eventually(ann.page, "the first empty field has the focus", () => document.activeElement.id === "name");
  await ann.page.keyboard.type("Ann");
  await ann.page.keyboard.press("Tab");
  await ann.page.keyboard.press("Enter");
  await ann.joined("lobby");
  await eventually(ann.page, "the message has the focus", () => document.activeElement.id === "text");
  await ann.page.keyboard.type("look, no mouse");
  await ann.page.keyboard.press("Enter");
  await ann.sees("look, no mouse");
  await ann.page.keyboard.type("and on"); // the focus has stayed
  assert.equal(await ann.input.inputValue(), "and on");
});
