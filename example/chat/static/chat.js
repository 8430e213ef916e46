// The page: a SignalR client that comes back by itself, and never asks for anything twice.
"use strict";

const $ = (id) => document.getElementById(id);

const connection = new signalR.HubConnectionBuilder()
  .withUrl("chat")
  .withAutomaticReconnect({
    // Never give up: soon at first, every ten seconds later, and not all pages in the same moment.
    nextRetryDelayInMilliseconds: ({ previousRetryCount }) =>
      Math.min(10_000, 250 * 2 ** previousRetryCount) * (0.75 + Math.random() / 2),
  })
  .build();

// ---- Who we are: the room is in the address, the name belongs to this window; new windows propose the last one.

let me = null;

function remember(name, room) {
  me = { name, room };
  sessionStorage.setItem("name", name);
  localStorage.setItem("name", name);
  history.replaceState(null, "", `?room=${encodeURIComponent(room)}`);
}

function recall() {
  const room = new URLSearchParams(location.search).get("room");
  const name = sessionStorage.getItem("name");
  $("name").value = name ?? localStorage.getItem("name") ?? "";
  $("where").value = room ?? "lobby";
  $("text").value = sessionStorage.getItem("draft") ?? "";
  if (name && room) me = { name, room }; // a page that was loaded again
}

// ---- What the server calls

connection.on("Say", ({ from, id, text, at }) => {
  stopsTyping(from);
  const name = element("span", "name", from);
  name.style.setProperty("--hue", hue(from));
  const time = element("time", "", new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  time.dateTime = at;
  const by = element("div", "by");
  by.append(name, time);
  const mine = id === connection.connectionId;
  const item = element("li", mine ? "message mine" : "message");
  item.append(by, element("div", "text", text));
  append(item, mine);
});

connection.on("Joined", (name) => notice(`${name} joined`));

connection.on("Left", (name) => {
  stopsTyping(name);
  notice(`${name} left`);
});

connection.on("Typing", (name) => {
  clearTimeout(writers.get(name));
  writers.set(name, setTimeout(stopsTyping, 4000, name));
  showWriters();
});

// ---- The life of the connection

const states = {
  connecting: "Connecting…",
  connected: "Connected",
  reconnecting: "Reconnecting…",
  offline: "No connection",
};

function show(state) {
  $("state").dataset.state = state;
  $("state").textContent = states[state];
  $("send").disabled = state !== "connected"; // what is written stays where it is
}

connection.onreconnecting(() => show("reconnecting"));
connection.onreconnected(connected);
connection.onclose(start); // the server said goodbye for good: ask again all the same

async function start() {
  for (;;) {
    show("connecting");
    try {
      await connection.start();
      break;
    } catch {
      show("offline");
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
  await connected();
}

/** connected goes back to where we were: to the server this is a new connection. */
async function connected() {
  show("connected");
  if (me) await join(me.name, me.room);
  else showJoin();
}

/** call invokes a hub method, shows what the server has against it, and returns whether it went well. */
async function call(...args) {
  try {
    await connection.invoke(...args);
    $("problem").hidden = true;
    return true;
  } catch (error) {
    // The text of a hub error is for the user; what the client puts before it is not.
    $("problem").textContent = error.message.split("HubException: ").pop();
    $("problem").hidden = false;
    return false;
  }
}

// ---- What the user does

async function join(name, room) {
  if (!(await call("Join", name, room))) {
    if (connection.state !== "Connected") return; // connected() will try again
    me = null;
    showJoin();
    return;
  }
  const moved = $("chat").hidden;
  remember(name, room);
  document.title = `#${room} – Hubwire chat`;
  $("room").textContent = `#${room}`;
  $("join").hidden = true;
  $("chat").hidden = $("leave").hidden = false;
  if (!moved) return;
  notice(`You are in #${room} as ${name}`);
  $("text").focus();
}

function showJoin() {
  if (!$("join").hidden) return; // leave the focus to the user
  document.title = "Hubwire chat";
  $("room").textContent = "";
  $("chat").hidden = $("leave").hidden = true;
  $("join").hidden = false;
  ($("name").value ? $("where") : $("name")).focus();
}

$("join").addEventListener("submit", (event) => {
  event.preventDefault();
  join($("name").value.trim(), $("where").value.trim());
});

$("leave").addEventListener("click", async () => {
  if (!(await call("Leave"))) return;
  me = null;
  sessionStorage.removeItem("name");
  showJoin();
});

let toldAt = 0; // when the others last heard that we are typing

$("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("text").value;
  $("send").disabled = true;
  const sent = await call("Say", text);
  show(connection.state === "Connected" ? "connected" : "reconnecting");
  if (!sent || $("text").value !== text) return; // or the user is already writing the next one
  $("text").value = "";
  sessionStorage.removeItem("draft");
  toldAt = 0; // what is written next is news
});

$("text").addEventListener("input", () => {
  sessionStorage.setItem("draft", $("text").value);
  if (Date.now() - toldAt < 2000 || connection.state !== "Connected") return;
  toldAt = Date.now();
  connection.send("Typing").catch(() => {}); // not worth a word if it fails
});

// ---- The list of messages

const writers = new Map(); // name -> timer

function stopsTyping(name) {
  clearTimeout(writers.get(name));
  writers.delete(name);
  showWriters();
}

function showWriters() {
  const names = [...writers.keys()];
  const verb = names.length === 1 ? "is" : "are";
  $("typing").textContent = names.length ? `${names.join(", ")} ${verb} typing…` : "";
}

/** element makes an element with text that stays text, whatever is in it. */
function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function notice(text) {
  append(element("li", "notice", text));
}

function append(item, always = false) {
  const list = $("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  list.append(item);
  while (list.children.length > 500) list.firstChild.remove();
  if (atEnd || always) list.scrollTop = list.scrollHeight; // who reads further up is left alone
}

/** hue gives each name a colour of its own. */
function hue(name) {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)) % 360;
  return sum;
}

recall();
start();
