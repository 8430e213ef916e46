// Programs under test: started on a free port of loopback, ended with the test.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { defer } from "./cleanup.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));

// An interrupted run must not leave programs behind: what ends by a signal runs no exit handlers of its own.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/** freePort finds a port that is free now, for a server that must come back under the same address. */
export async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/**
 * start starts the program that an environment variable names (a JSON array: the program and its arguments) in the root
 * of the checkout, and waits for the line that says where it listens.
 */
export async function start(t, variable, port = 0) {
  if (!process.env[variable]) throw new Error(`${variable} is not set; "go test ./interop/browser" sets it`);
  const [program, ...args] = JSON.parse(process.env[variable]);
  const child = spawn(program, [...args, "--addr", `127.0.0.1:${port}`], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const orphan = () => child.kill("SIGKILL");
  process.once("exit", orphan);
  let output = "";
  let log = "";
  let listening;
  const ready = new Promise((resolve) => (listening = resolve));
  child.stdout.on("data", (data) => {
    const line = /^listening on (http:\/\/\S+)\s/m.exec((output += data));
    if (line) listening(line[1]);
  });
  child.stderr.on("data", (data) => (log += data));
  const exited = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
  child.on("error", (error) => (log += error.message));
  exited.then(() => process.off("exit", orphan));

  const end = async (signal) => {
    child.kill(signal);
    const late = new Promise((resolve) => setTimeout(resolve, 20_000, "late").unref());
    const how = await Promise.race([exited, late]);
    child.kill("SIGKILL");
    assert.notEqual(how, "late", `the program did not end after ${signal}:\n${log}`);
    assert.equal(log.includes("DATA RACE"), false, `the program reports a data race:\n${log}`);
    return how;
  };
  defer(t, () => end("SIGKILL"));
  const early = exited.then(({ code }) => assert.fail(`the program ended with status ${code}:\n${log}`));
  early.catch(() => {}); // of interest only until the program is ready
  const url = await Promise.race([ready, early]);
  return { url, end };
}
