// Streams from the server: items, ends, errors, and cancelling.
import assert from "node:assert/strict";
import { across } from "../lib/matrix.mjs";
import { drain, inbox, lifecycle, open, openMember, until, within } from "../lib/hub.mjs";

const options = { needs: ["streams"] };
const cancelling = { ...options, of: (combo) => combo.protocol === "json" || combo.client.cancels };
const count = (n) => Array.from({ length: n }, (_, i) => i);

const streams = [
  { call: ["Stream"], items: ["a", "b", "c"], error: null },
  { call: ["StreamCount", 5, 5], items: count(5), error: null },
  { call: ["StreamCount", 2000, 0], items: count(2000), error: null },
  { call: ["StreamCount", 0, 0], items: [], error: null },
  { call: ["EmptyStream"], items: [], error: null },
  {
    call: ["StreamThrowException", "secret"],
    items: [],
    error: "An unexpected error occurred invoking 'StreamThrowException' on the server.",
  },
  { call: ["StreamThrowMidway", 3, "secret"], items: count(3), error: "An error occurred on the server while streaming results." },
  {
    call: ["StreamHubExceptionMidway", 3, "for you"],
    items: count(3),
    error: "An error occurred on the server while streaming results. HubException: for you",
  },
];

for (const { call, items, error } of streams) {
  across(`stream ${call.join(" ")}`, options, async (combo, t) => {
    const connection = await open(t, combo);
    assert.deepEqual(await drain(connection.stream(...call)), { items, error });
    assert.equal(await connection.invoke("Echo", "still here"), "still here");
  });
}

across("two streams and a call at the same time", options, async (combo, t) => {
  const connection = await open(t, combo);
  const [slow, fast, echo] = await Promise.all([
    drain(connection.stream("StreamCount", 10, 10)),
    drain(connection.stream("StreamCount", 100, 0)),
    connection.invoke("Echo", "between"),
  ]);
  assert.deepEqual(slow, { items: count(10), error: null });
  assert.deepEqual(fast, { items: count(100), error: null });
  assert.equal(echo, "between");
});

/** running counts the endless streams that the server runs for a connection. */
const running = async (id) => (await lifecycle(id)).activeStreams;

across("a cancelled InfiniteStream ends on the server", cancelling, async (combo, t) => {
  const { connection, id } = await openMember(t, combo);
  const cancelled = inbox(connection, "StreamCanceled");
  const subscription = connection.stream("InfiniteStream").subscribe({ next() {}, complete() {}, error() {} });
  await until(() => running(id), (n) => n === 1, "the stream to run");
  subscription.dispose();
  await cancelled.take(1);
  assert.equal(await running(id), 0);
});

across("a cancelled InfiniteCounter ends on the server", cancelling, async (combo, t) => {
  const { connection, id } = await openMember(t, combo);
  const cancelled = inbox(connection, "StreamCanceled");
  const items = [];
  const enough = new Promise((resolve) => {
    const subscription = connection.stream("InfiniteCounter", 1).subscribe({
      next(item) {
        items.push(item);
        if (item === 20) {
          subscription.dispose();
          resolve();
        }
      },
      complete() {},
      error() {},
    });
  });
  await within(enough, "21 items");
  await cancelled.take(1);
  assert.equal(await running(id), 0);
  assert.deepEqual(items.slice(0, 21), count(21));
  assert.equal(await connection.invoke("Echo", "still here"), "still here");
});

across("one of two streams is cancelled, the other goes on", cancelling, async (combo, t) => {
  const { connection, id } = await openMember(t, combo);
  const cancelled = inbox(connection, "StreamCanceled");
  const whole = drain(connection.stream("StreamCount", 50, 2));
  const subscription = connection.stream("InfiniteStream").subscribe({ next() {}, complete() {}, error() {} });
  await until(() => running(id), (n) => n === 1, "the stream to run");
  subscription.dispose();
  await cancelled.take(1);
  assert.deepEqual(await whole, { items: count(50), error: null });
});

across("streams end with their connection", options, async (combo, t) => {
  const { connection, id } = await openMember(t, combo);
  const errors = [];
  const ended = (error) => errors.push(error);
  connection.stream("InfiniteStream").subscribe({ next() {}, complete() {}, error: ended });
  connection.stream("InfiniteCounter", 1).subscribe({ next() {}, complete() {}, error: ended });
  await until(() => running(id), (n) => n === 2, "the streams to run");
  await connection.stop();
  await until(() => running(id), (n) => n === 0, "the streams to end");
  assert.equal(errors.length, 2, "the client tells both subscribers");
});
