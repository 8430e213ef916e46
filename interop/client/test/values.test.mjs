// Values: what a client sends comes back as it was, in both protocols.
import assert from "node:assert/strict";
import { across } from "../lib/matrix.mjs";
import { open } from "../lib/hub.mjs";

const alphabet = "plain, ünïcödé, 日本語, 🦫 \u{1F468}\u200D\u{1F469}";
const awkward = "\0 \u0001 \t \r\n \u001e \u007f \u2028 \" \\ / <b>&amp;</b> '+'";

const plainValues = {
  Echo: ["", "a", alphabet, awkward, "x".repeat(20_000), null],
  EchoInt: [0, 1, -1, 127, 128, 255, 256, 65_535, 65_536, 2_147_483_647, -2_147_483_648],
  EchoLong: [0, -1, 4_294_967_295, 4_294_967_296, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  EchoDouble: [0, 0.1, -2.5, 3, 1e300, 5e-324, Number.MAX_VALUE, 123_456_789.125],
  EchoBool: [true, false],
  EchoIntArray: [[], [1], [3, -2, 2_147_483_647], Array.from({ length: 1000 }, (_, i) => i)],
  EchoMap: [{}, { a: 1 }, { A: 1, a: 2, "": 3, "white space": -4, [alphabet]: 5 }],
};

for (const [method, values] of Object.entries(plainValues)) {
  across(`${method} returns its argument`, {}, async (combo, t) => {
    const connection = await open(t, combo);
    for (const value of values) {
      assert.deepEqual(await connection.invoke(method, value), value);
    }
  });
}

const text = (bytes) => (typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("base64"));
const millis = (date) => new Date(date).getTime();
const allDates = (combo) => combo.protocol === "json" || combo.client.allDates;

across("EchoBytes returns its argument", {}, async (combo, t) => {
  const connection = await open(t, combo);
  const all = Array.from({ length: 256 }, (_, i) => i);
  for (const bytes of [[], [0], [1, 2, 3], all, [...all, ...all]]) {
    const got = await connection.invoke("EchoBytes", combo.bytes(...bytes));
    assert.equal(text(got), Buffer.from(bytes).toString("base64"));
    assert.equal(typeof got === "string", combo.protocol === "json", "bytes are a string in JSON only");
  }
});

across("EchoDateTime returns the same instant", {}, async (combo, t) => {
  const connection = await open(t, combo);
  const dates = ["2002-04-01T10:20:15.5Z", "1970-01-01T00:00:00Z", "2106-02-07T06:28:16Z"];
  if (allDates(combo)) dates.push("1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z");
  for (const iso of dates) {
    const got = await connection.invoke("EchoDateTime", combo.date(iso));
    assert.equal(millis(got), millis(iso));
    assert.equal(typeof got === "string", combo.protocol === "json", "a datetime is a string in JSON only");
  }
});

across("EchoComplexObject returns all properties", {}, async (combo, t) => {
  const connection = await open(t, combo);
  const sent = {
    ByteArray: combo.bytes(1, 2, 255),
    DateTime: combo.date("2024-02-29T12:34:56.789Z"),
    Guid: "00010203-0405-0607-0706-050403020100",
    IntArray: [5, 6, 7],
    String: alphabet,
    Nested: { Name: "inner", Value: -1 },
    Children: [{ Name: "first", Value: 1 }, { Name: null, Value: 0 }],
    Map: { one: 1, two: 2 },
  };
  const { ByteArray, DateTime, ...rest } = await connection.invoke("EchoComplexObject", sent);
  assert.equal(text(ByteArray), text(sent.ByteArray));
  assert.equal(millis(DateTime), millis(sent.DateTime));
  delete sent.ByteArray;
  delete sent.DateTime;
  assert.deepEqual(rest, sent);
});

across("EchoComplexObject gives zero values for what is missing", {}, async (combo, t) => {
  const connection = await open(t, combo);
  const sent = { String: "only", Unknown: [1, { deep: true }] };
  if (!allDates(combo)) sent.DateTime = combo.date("2000-01-01T00:00:00Z"); // its zero value would be too old to read
  const got = await connection.invoke("EchoComplexObject", sent);
  assert.equal(got.String, "only");
  assert.equal(text(got.ByteArray), "");
  assert.equal(got.Nested, null);
  assert.deepEqual(got.IntArray, []);
  assert.deepEqual(got.Children, []);
  assert.deepEqual(got.Map, {});
  assert.equal("Unknown" in got, false);
});

across("SendComplexObject returns the agreed object", {}, async (combo, t) => {
  const connection = await open(t, combo);
  const { ByteArray, DateTime, ...rest } = await connection.invoke("SendComplexObject");
  assert.equal(text(ByteArray), Buffer.from([1, 2, 3]).toString("base64"));
  assert.equal(millis(DateTime), Date.UTC(2000, 0, 1));
  assert.deepEqual(rest, {
    Guid: "00010203-0405-0607-0706-050403020100",
    IntArray: [1, 2, 3],
    String: "hello world",
    Nested: null,
    Children: [],
    Map: {},
  });
});

across("Add returns the sum", {}, async (combo, t) => {
  const connection = await open(t, combo);
  assert.equal(await connection.invoke("Add", 40, 2), 42);
  assert.equal(await connection.invoke("Add", -40, -2), -42);
});

across("VoidMethod completes without a value", {}, async (combo, t) => {
  const connection = await open(t, combo);
  assert.equal((await connection.invoke("VoidMethod")) ?? null, null);
});

across("GetLargeString returns up to 4 MiB", {}, async (combo, t) => {
  const connection = await open(t, combo);
  for (const length of [0, 31, 32, 255, 256, 65_535, 65_536, 4 << 20]) {
    const got = await connection.invoke("GetLargeString", length);
    assert.equal(got.length, length);
    assert.equal(/^x*$/.test(got), true);
  }
});

across("method names are matched without regard to case", {}, async (combo, t) => {
  const connection = await open(t, combo);
  for (const name of ["Echo", "echo", "ECHO", "eChO"]) {
    assert.equal(await connection.invoke(name, name), name);
  }
});

across("many calls at once get their own answers", {}, async (combo, t) => {
  const connection = await open(t, combo);
  const numbers = Array.from({ length: 200 }, (_, i) => i);
  assert.deepEqual(await Promise.all(numbers.map((n) => connection.invoke("EchoInt", n))), numbers);
});
