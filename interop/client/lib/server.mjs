// Conformance servers of our own, for tests in which the server ends or comes back.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { fetch } from "./clients.mjs";
import { serverCommand } from "./config.mjs";
import { within } from "./hub.mjs";

// An interrupted run must not leave servers behind: what ends by a signal runs no exit handlers of its own.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/** freePort finds a port that is free now, for a server that must come back under the same address. */
export async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** startServer starts a server that ends with the test. */
export async function startServer(t, port = 0) {
  const [command, ...args] = serverCommand();
  const child = spawn(command, [...args, "--addr", `127.0.0.1:${port}`], { stdio: ["ignore", "pipe", "pipe"] });
  const orphan = () => child.kill("SIGKILL");
  process.once("exit", orphan);
  child.on("exit", () => process.off("exit", orphan));
  let log = "";
  child.stderr.on("data", (data) => (log = (log + data).slice(-20_000)));
  const exited = new Promise((resolve) => child.on("exit", (code, signal) => resolve({ code, signal })));
  child.on("error", (error) => (log += error.message));
  const end = async (signal) => {
    child.kill(signal);
    return within(exited, `the server to end after ${signal}`);
  };
  t.after(async () => {
    await end("SIGKILL");
    if (log.includes("DATA RACE")) throw new Error(`the server reports a data race:\n${log}`);
  });

  const ready = new Promise((resolve) => {
    let output = "";
    child.stdout.on("data", (data) => {
      const line = /^listening on (http:\/\/\S+)\s/.exec((output += data));
      if (line) resolve(line[1]);
    });
  });
  const early = exited.then(({ code }) => Promise.reject(new Error(`the server ended with status ${code}:\n${log}`)));
  early.catch(() => {}); // of interest only while we wait for the ready line
  const url = await within(Promise.race([ready, early]), "the server's ready line", 60_000);
  return {
    url,
    log: () => log,
    /** kill ends the server as a crash would. */
    kill: () => end("SIGKILL"),
    /** shutDown asks for a graceful end and returns { code, signal }. */
    async shutDown() {
      await fetch(`${url}/shutdown`, { method: "POST" });
      return within(exited, "the server to shut down");
    },
  };
}
