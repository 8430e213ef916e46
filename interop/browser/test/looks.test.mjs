// How the chat looks: on a phone and on a desk, in light and in dark. The pictures stay in artifacts/.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { before, test } from "node:test";
import { useBrowser } from "../lib/browser.mjs";
import { chatPage, enter } from "../lib/chatpage.mjs";
import { start } from "../lib/program.mjs";

const artifacts = fileURLToPath(new URL("../artifacts/", import.meta.url));
before(() => mkdir(artifacts, { recursive: true }));

const openWindow = useBrowser();
const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
const long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(4);

/** fits checks that nothing sticks out of the window sideways, and that the page itself does not scroll. */
async function fits(page) {
  const { width, height, wide, tall, buttons } = await page.evaluate(() => ({
    width: innerWidth,
    height: innerHeight,
    wide: Math.max(...[...document.querySelectorAll("body *")].map((e) => e.getBoundingClientRect().right)),
    tall: document.documentElement.scrollHeight,
    buttons: Math.max(...[...document.querySelectorAll("button")].map((e) => e.offsetHeight)),
  }));
  assert.ok(wide <= width + 0.5, `the page is ${wide} wide in a window of ${width}`);
  assert.ok(tall <= height + 0.5, `the page is ${tall} tall in a window of ${height}`);
  assert.ok(buttons < 60, `a button is ${buttons} tall: its text is wrapped`);
}

/** contrasts returns the texts whose colour is too close to what is behind them (WCAG 2, level AA). */
function contrasts(page) {
  return page.evaluate(() => {
    // A canvas turns every notation of a colour into numbers.
    const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
    const numbers = (color) => {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = color;
      pen.fillRect(0, 0, 1, 1);
      return [...pen.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (color) => {
      const [r, g, b] = numbers(color)
        .slice(0, 3)
        .map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
      for (let e = element; e; e = e.parentElement) {
        const color = getComputedStyle(e).backgroundColor;
        if (numbers(color)[3] > 0) return color;
      }
      return "white";
    };
    const poor = [];
    for (const e of document.querySelectorAll("body *")) {
      const words = [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim());
      if (!words || !e.checkVisibility() || e.closest("noscript, :disabled")) continue;
      const [a, b] = [luminance(getComputedStyle(e).color), luminance(behind(e))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 4.5) poor.push(`${e.textContent.slice(0, 30)}: ${ratio.toFixed(2)}`);
    }
    return poor;
  });
}

for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ["light", "dark"]) {
    test(`${size}, ${colorScheme}`, async (t) => {
      const { url } = await start(t, "HUBWIRE_CHAT");
      const page = await openWindow(t);
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await page.goto(url);
      const ann = chatPage(page);
      await ann.name.waitFor();
      await ann.join({ name: "n".repeat(25), room: "lobby" });
      await ann.problem.waitFor();
      const shot = (what) => page.screenshot({ path: `${artifacts}${what}-${size}-${colorScheme}.png` });
      await shot("join");
      await fits(page);
      assert.deepEqual(await contrasts(page), []);

      await ann.join({ name: "Ann" });
      await ann.joined("lobby");
      const bob = await enter(openWindow, t, url, { name: "Bob", room: "lobby" });
      const carla = await enter(openWindow, t, url, { name: "Carla the Gopher", room: "lobby" });
      await bob.say("Has anybody seen the new server?");
      await ann.sees("Has anybody seen the new server?");
      await ann.say("It answers. In Go.");
      await carla.sees("It answers. In Go.");
      await carla.say(long);
      await ann.sees(long);
      await ann.say("You say it.");
      await ann.sees("You say it.");
      await bob.input.pressSequentially("I");
      await page.getByText("Bob is typing…").waitFor();
      await shot("chat");
      await fits(page);
      assert.deepEqual(await contrasts(page), []);
    });
  }
}

test("the list scrolls, and follows only who is at its end", async (t) => {
  const { url } = await start(t, "HUBWIRE_CHAT");
  const ann = await enter(openWindow, t, url, { name: "Ann", room: "lobby" });
  const bob = await enter(openWindow, t, url, { name: "Bob", room: "lobby" });
  await ann.page.setViewportSize({ width: 390, height: 500 });
  for (let i = 1; i <= 30; i++) {
    await bob.say(`line ${i}`);
    await bob.sees(`line ${i}`);
  }
  await ann.sees("line 30");
  const list = () => ann.messages.evaluate((e) => ({ top: e.scrollTop, left: e.scrollHeight - e.scrollTop - e.clientHeight }));
  const atEnd = await list();
  assert.ok(atEnd.top > 0, "the list is longer than the window");
  assert.ok(atEnd.left < 2, "the last message is in sight");
  await fits(ann.page);

  await ann.messages.evaluate((e) => (e.scrollTop = 0));
  await bob.say("unseen");
  await ann.sees("unseen");
  assert.equal((await list()).top, 0, "who reads further up is left alone");
  await ann.say("my own");
  await ann.sees("my own");
  assert.ok((await list()).left < 2, "what one says oneself comes into sight");
});
