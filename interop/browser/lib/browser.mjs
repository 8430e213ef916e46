// A real browser with an empty profile, one per test file.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { defer } from "./cleanup.mjs";

const patience = 20_000;

/** useBrowser starts Chromium before the tests of a file and ends it after them. It returns a way to open windows. */
export function useBrowser() {
  let profile;
  let context;
  before(async () => {
    profile = await mkdtemp(join(tmpdir(), "hubwire-chromium-"));
    context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.HUBWIRE_CHROMIUM || "/usr/bin/chromium",
      headless: true,
      timeout: 120_000,
      viewport: { width: 1000, height: 700 },
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    context.setDefaultTimeout(patience);
  });
  after(async () => {
    await context?.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });

  /** openWindow opens a window that closes with the test. Errors in its console fail the test, unless it expects them. */
  return async function openWindow(t, url, { mayComplain = false } = {}) {
    const page = await context.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    defer(t, async () => {
      await page.close();
      if (!mayComplain) assert.deepEqual(complaints, [], "errors in the console of the browser");
    });
    if (url) await page.goto(url);
    return page;
  };
}

/** eventually waits until a function of the page returns true. */
export async function eventually(page, what, check, argument) {
  await page.waitForFunction(check, argument).catch((error) => assert.fail(`${what}: ${error.message.split("\n")[0]}`));
}
