// The page of the chat, as its users see it: by labels and roles, never by the names of its parts.

/** chatPage wraps a window that shows the chat. */
export function chatPage(page) {
  const messages = page.getByRole("log", { name: "Messages" });
  const input = page.getByRole("textbox", { name: "Message" });
  return {
    page,
    messages,
    input,
    state: page.getByRole("status"),
    problem: page.getByRole("alert"),
    name: page.getByLabel("Your name"),
    room: page.getByLabel("Room"),

    /** join fills the form in; what is not given stays as the page proposes it. */
    async join({ name, room } = {}) {
      if (name !== undefined) await page.getByLabel("Your name").fill(name);
      if (room !== undefined) await page.getByLabel("Room").fill(room);
      await page.getByRole("button", { name: "Join" }).click();
    },
    async joined(room) {
      await page.getByRole("heading", { name: `#${room}` }).waitFor();
      await input.waitFor();
    },
    async say(text) {
      await input.fill(text);
      await page.getByRole("button", { name: "Send" }).click();
    },
    /** sees waits for a message or notice with exactly this text. */
    async sees(text) {
      await messages.getByText(text, { exact: true }).first().waitFor();
    },
    async count(text) {
      return messages.getByText(text, { exact: true }).count();
    },
    async is(state) {
      await page.getByRole("status").filter({ hasText: state }).waitFor();
    },
    /** complains waits for a complaint that matches; the one before may still be shown. */
    async complains(pattern) {
      await page.getByRole("alert").filter({ hasText: pattern }).waitFor();
    },
  };
}

/** enter opens the chat in a window and joins. */
export async function enter(openWindow, t, url, { name, room }, options) {
  const chat = chatPage(await openWindow(t, url, options));
  await chat.join({ name, room });
  await chat.joined(room);
  return chat;
}
