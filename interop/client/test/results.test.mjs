// Client results: the server asks, a client answers.
import assert from "node:assert/strict";
import { across } from "../lib/matrix.mjs";
import { closing, open, openMember, within } from "../lib/hub.mjs";

const options = { needs: ["results"], of: (combo) => combo.client.results };
const invoking = (method) => `An unexpected error occurred invoking '${method}' on the server.`;

across("AskCaller returns the client's answer", options, async (combo, t) => {
  const on = { Answer: (question) => `${question} Yes.` };
  const connection = await open(t, combo, { on });
  assert.equal(await connection.invoke("AskCaller", "Really?"), "Really? Yes.");
});

across("a question in the air holds up nobody else", options, async (combo, t) => {
  let answer;
  const answered = new Promise((resolve) => (answer = resolve));
  const { connection, invoke } = await openMember(t, combo);
  const question = new Promise((resolve) => connection.on("Answer", (text) => (resolve(text), answered)));
  const result = invoke("AskCaller", "Well?");
  assert.equal(await within(question, "the question"), "Well?");
  const other = await open(t, combo);
  assert.equal(await other.invoke("Echo", "not held up"), "not held up");
  answer("At last.");
  assert.equal(await result, "At last.");
});

across("AskCaller returns null if that is the answer", options, async (combo, t) => {
  const connection = await open(t, combo, { on: { Answer: () => null } });
  assert.equal(await connection.invoke("AskCaller", "?"), null);
});

across("AskCallerForInt returns the client's number", options, async (combo, t) => {
  const connection = await open(t, combo, { on: { AnswerInt: (question) => question.length } });
  assert.equal(await connection.invoke("AskCallerForInt", "four"), 4);
});

across("the text of a client's error reaches the one who asked", options, async (combo, t) => {
  const on = {
    Answer: () => {
      throw new Error("I will not say");
    },
  };
  const connection = await open(t, combo, { on });
  await assert.rejects(connection.invoke("AskCaller", "?"), {
    message: new RegExp(`^${invoking("AskCaller")} HubException: .*I will not say`),
  });
  assert.equal(await connection.invoke("Echo", "still here"), "still here");
});

across("a client without a handler answers with an error", options, async (combo, t) => {
  const connection = await open(t, combo);
  await assert.rejects(connection.invoke("AskCaller", "?"), {
    message: `${invoking("AskCaller")} HubException: Client didn't provide a result.`,
  });
});

across("an answer of the wrong type is a hub error", options, async (combo, t) => {
  const connection = await open(t, combo, { on: { AnswerInt: () => "not a number" } });
  await assert.rejects(connection.invoke("AskCallerForInt", "?"), {
    message: new RegExp(`^${invoking("AskCallerForInt")} HubException: `),
  });
  assert.equal(await connection.invoke("Echo", "still here"), "still here");
});

across("AskClient asks the named connection", options, async (combo, t) => {
  const asking = await open(t, combo, { on: { Answer: () => "wrong one" } });
  const answering = await openMember(t, combo);
  answering.connection.on("Answer", (question) => `${question}: Me.`);
  assert.equal(await asking.invoke("AskClient", answering.id, "Who"), "Who: Me.");
});

across("AskClient fails if the connection does not exist", options, async (combo, t) => {
  const connection = await open(t, combo);
  await assert.rejects(connection.invoke("AskClient", "no such connection", "?"), { message: invoking("AskClient") });
});

across("AskClient fails if the connection ends before it answers", options, async (combo, t) => {
  const asking = await open(t, combo);
  const { connection, id } = await openMember(t, combo);
  const asked = new Promise((resolve) =>
    connection.on("Answer", () => {
      resolve();
      return new Promise(() => {});
    }),
  );
  const answer = assert.rejects(asking.invoke("AskClient", id, "?"), { message: invoking("AskClient") });
  await within(asked, "the question");
  const closed = closing(connection);
  await connection.stop();
  await closed;
  await answer;
});
