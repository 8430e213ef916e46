// A network between client and server that can be cut: a TCP forwarder on loopback.
import { connect, createServer } from "node:net";
import { baseURL } from "./config.mjs";

/** startProxy forwards to the server under test until the test ends. */
export async function startProxy(t, target = baseURL) {
  const { hostname, port } = new URL(target);
  const sockets = new Set();
  let open = true;
  let held = null; // connections that wait for release
  let unnoticed = false; // whether the server must not learn of the cut
  const keep = (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {}); // a cut is what this is for
    return socket;
  };
  const join = (client) => {
    const server = keep(connect(Number(port), hostname));
    client.pipe(server).pipe(client);
    client.on("close", () => unnoticed || server.destroy());
    server.on("close", () => client.destroy());
  };
  const clients = new Set();
  const proxy = createServer((client) => {
    keep(client);
    clients.add(client);
    client.on("close", () => clients.delete(client));
    if (!open) {
      client.destroy();
      return;
    }
    if (held) held.push(client);
    else join(client);
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const cut = () => sockets.forEach((socket) => socket.destroy());
  t.after(() => {
    cut();
    return new Promise((resolve) => proxy.close(resolve));
  });
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    /** cut breaks every connection; new ones go through. */
    cut,
    /** cutUnnoticed breaks every connection, and the server takes the old ones for alive. */
    cutUnnoticed() {
      unnoticed = true;
      clients.forEach((socket) => socket.destroy());
    },
    /** down breaks every connection and refuses new ones until up. */
    down() {
      open = false;
      cut();
    },
    up: () => (open = true),
    /** hold breaks every connection and lets new ones wait until release. */
    hold() {
      held = [];
      cut();
    },
    release() {
      held.forEach(join);
      held = null;
    },
  };
}
