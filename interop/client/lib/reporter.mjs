// What a run prints: each failure with its reason, what was skipped and why, and one line of sums. A matrix passes a
// thousand times; nobody reads that.
import { inspect } from "node:util";

function explain(error) {
  const cause = error.cause ?? error;
  const text = typeof cause === "string" ? cause : (cause.stack ?? inspect(cause));
  return text.split("\n").filter((line) => !/node:internal/.test(line));
}

export default async function* report(source) {
  const started = performance.now();
  const sums = { passed: 0, failed: 0, skipped: 0 };
  const reasons = new Map();
  for await (const { type, data } of source) {
    if (type === "test:stdout" || type === "test:stderr") {
      yield data.message;
      continue;
    }
    if (type !== "test:pass" && type !== "test:fail") continue;
    const { name, skip, details } = data;
    if (/does not match pattern/.test(skip)) continue;
    // A suite only repeats what its tests said, unless it fell over itself.
    const repeats = details.error?.failureType === "subtestsFailed";
    if (repeats || (details.type === "suite" && type === "test:pass")) continue;
    if (type === "test:fail") {
      sums.failed++;
      yield [`FAILED ${name}`, ...explain(details.error)].join("\n    ") + "\n";
    } else if (skip !== undefined) {
      sums.skipped++;
      reasons.set(skip, (reasons.get(skip) ?? 0) + 1);
    } else {
      sums.passed++;
    }
  }
  for (const [reason, count] of reasons) yield `skipped ${count}: ${reason}\n`;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  yield `${sums.passed} passed, ${sums.failed} failed, ${sums.skipped} skipped in ${seconds} s\n`;
}
