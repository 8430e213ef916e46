// Streams from the client: one, two, with a stream back, and with errors.
import assert from "node:assert/strict";
import { across } from "../lib/matrix.mjs";
import { drain, open, within } from "../lib/hub.mjs";

const options = { needs: ["streams"], of: (combo) => combo.client.uploads };
const invoking = (method) => `An unexpected error occurred invoking '${method}' on the server.`;

/** feed fills a subject once the client listens to it. */
function feed(subject, items, end = (s) => s.complete()) {
  setImmediate(() => {
    for (const item of items) subject.next(item);
    end(subject);
  });
  return subject;
}

/** uploading opens a connection that can tell when the client has sent the end of so many streams. */
async function uploading(t, combo) {
  const completion = 3;
  let ends = 0;
  let wake = () => {};
  const out = (message) => {
    if (message.type !== completion) return;
    ends++;
    wake();
  };
  const connection = await open(t, combo, { wire: { out } });
  const sent = async (count) => {
    while (ends < count) await new Promise((resolve) => (wake = resolve));
  };
  return { connection, ended: (count) => within(sent(count), `the client to end ${count} streams`) };
}

const words = ["one", "", "zwei", "🦫"];

across("StreamingConcat joins what it gets", options, async (combo, t) => {
  const { Subject } = combo.client.signalr;
  const connection = await open(t, combo);
  assert.equal(await connection.invoke("StreamingConcat", feed(new Subject(), words)), words.join(""));
  assert.equal(await connection.invoke("StreamingConcat", feed(new Subject(), [])), "");
  const many = Array.from({ length: 1000 }, (_, i) => `${i};`);
  assert.equal(await connection.invoke("StreamingConcat", feed(new Subject(), many)), many.join(""));
});

across("StreamingJoin takes a value beside the stream", options, async (combo, t) => {
  const { Subject } = combo.client.signalr;
  const connection = await open(t, combo);
  assert.equal(await connection.invoke("StreamingJoin", "|", feed(new Subject(), words)), words.join("|"));
});

across("UploadTwo reads two streams at once", options, async (combo, t) => {
  const { Subject } = combo.client.signalr;
  const connection = await open(t, combo);
  const [texts, numbers] = [new Subject(), new Subject()];
  const result = connection.invoke("UploadTwo", texts, "-", numbers);
  // The second stream ends first, and they take turns: who reads one after the other must not lose anything.
  feed(texts, [], () => {
    for (let i = 1; i <= 100; i++) {
      numbers.next(i);
      texts.next(`w${i}`);
    }
    numbers.complete();
    texts.next("last");
    texts.complete();
  });
  const expected = [...Array.from({ length: 100 }, (_, i) => `w${i + 1}`), "last"].join("-");
  assert.deepEqual(await result, { Text: expected, Sum: 5050 });
});

across("StreamEcho returns each item as it comes", options, async (combo, t) => {
  const { Subject } = combo.client.signalr;
  const connection = await open(t, combo);
  const subject = new Subject();
  const items = ["a", "b", "c", "d"];
  // Each item is sent only when the one before has come back.
  const echo = drain(connection.stream("StreamEcho", subject), () => {
    const next = items[++at];
    if (next === undefined) subject.complete();
    else subject.next(next);
  });
  let at = 0;
  feed(subject, [items[0]], () => {});
  assert.deepEqual(await echo, { items, error: null });
});

across("calls go on while a stream comes in", options, async (combo, t) => {
  const { Subject } = combo.client.signalr;
  const connection = await open(t, combo, { path: "/parallel" });
  const subject = new Subject();
  const result = connection.invoke("StreamingConcat", subject);
  feed(subject, ["before "], () => {});
  assert.equal(await connection.invoke("Echo", "between"), "between");
  feed(subject, ["after"]);
  assert.equal(await result, "before after");
});

across("a stream that the client ends with an error fails the method", options, async (combo, t) => {
  const { Subject } = combo.client.signalr;
  const connection = await open(t, combo);
  const subject = feed(new Subject(), ["a"], (s) => s.error(new Error("I have no more")));
  await assert.rejects(connection.invoke("StreamingConcat", subject), (error) => {
    // The text that the client sends for an error is the client's own affair; it holds what was said.
    assert.match(error.message, /^An unexpected error occurred invoking 'StreamingConcat' on the server\. HubException: .*I have no more/);
    return true;
  });
  assert.equal(await connection.invoke("Echo", "still here"), "still here");
});

across("an item of the wrong type fails the method", options, async (combo, t) => {
  const { Subject } = combo.client.signalr;
  const { connection, ended } = await uploading(t, combo);
  await assert.rejects(connection.invoke("StreamingConcat", feed(new Subject(), ["a", { not: "text" }, "b"])), {
    message: `${invoking("StreamingConcat")} HubException: Failed to bind Stream message.`,
  });
  await ended(1);
  assert.equal(await connection.invoke("Echo", "still here"), "still here");
});

across("an item of the wrong type ends a stream back", options, async (combo, t) => {
  const { Subject } = combo.client.signalr;
  const { connection, ended } = await uploading(t, combo);
  const { items, error } = await drain(connection.stream("StreamEcho", feed(new Subject(), ["a", { not: "text" }])));
  assert.deepEqual(items, ["a"]);
  assert.equal(error, "An error occurred on the server while streaming results. HubException: Failed to bind Stream message.");
  await ended(1);
  assert.equal(await connection.invoke("Echo", "still here"), "still here");
});

across("one stream too many", options, async (combo, t) => {
  const { Subject } = combo.client.signalr;
  const { connection, ended } = await uploading(t, combo);
  const [first, second] = [feed(new Subject(), ["a"]), feed(new Subject(), ["b"])];
  // With a value between them: of two streams in a row the client would see the first only.
  await assert.rejects(connection.invoke("StreamingJoin", first, "-", second), {
    message: `${invoking("StreamingJoin")} HubException: Client sent 2 stream(s), Hub method expects 1.`,
  });
  await ended(2);
  assert.equal(await connection.invoke("Echo", "still here"), "still here");
});
