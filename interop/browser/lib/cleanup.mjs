// Cleaning up in the order that makes sense: what was opened last is closed first. t.after goes the other way.

const stacks = new WeakMap();

/** defer runs a function when the test ends, before everything that was deferred earlier. */
export function defer(t, fn) {
  let stack = stacks.get(t);
  if (!stack) {
    stacks.set(t, (stack = []));
    t.after(async () => {
      const failures = [];
      for (const fn of stack.reverse()) {
        await Promise.resolve().then(fn).catch((error) => failures.push(error));
      }
      if (failures.length > 0) throw failures[0];
    });
  }
  stack.push(fn);
}
