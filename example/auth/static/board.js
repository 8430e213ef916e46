// The page: signs in by a form, connects as whoever that is, and is told by the hub what it may not do.
"use strict";

const $ = (id) => document.getElementById(id);

let connection = null;

// ---- Who is signed in

async function start() {
  const me = await (await fetch("me")).json(); // null: nobody
  $("login").hidden = me !== null;
  $("board").hidden = $("logout").hidden = me === null;
  $("state").textContent = "";
  if (me === null) {
    $("name").focus();
    return;
  }
  $("text").focus();
  await connect();
}

$("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await fetch("login", { method: "POST", body: new URLSearchParams(new FormData($("login"))) });
  problem(answer.ok ? "" : await answer.text());
  if (!answer.ok) return;
  $("login").reset();
  await start();
});

// Signing out ends the connections of this user in every window; each finds out by itself, in onclose.
$("logout").addEventListener("click", () => fetch("logout", { method: "POST" }));

// ---- The connection

async function connect() {
  if (connection !== null) {
    const old = connection;
    connection = null;
    await old.stop();
  }
  // With the cookie there is nothing to do: the browser sends it along. A token goes into the header of requests,
  // and as access_token into the address of WebSockets and event streams, which have no header of their own.
  const token = document.querySelector("[name=way]:checked").value === "token";
  const options = token
    ? { accessTokenFactory: async () => (await fetch("token", { method: "POST" })).text(), withCredentials: false }
    : {};
  const mine = new signalR.HubConnectionBuilder().withUrl("board", options)
    .withAutomaticReconnect().configureLogging(signalR.LogLevel.Warning).build();
  connection = mine;
  mine.on("Noted", noted);
  mine.on("Cleared", (by) => {
    $("notes").replaceChildren();
    noted(by, "cleared the board");
  });
  mine.onreconnecting(() => ($("state").textContent = "Reconnecting…"));
  mine.onreconnected(introduce);
  mine.onclose(async () => {
    if (mine !== connection) return;
    connection = null;
    $("notes").replaceChildren();
    await start();
    if ($("board").hidden) problem("You have been signed out.");
  });
  try {
    await mine.start();
    await introduce();
    problem("");
  } catch (error) {
    problem(error.message);
  }
}

async function introduce() {
  const way = document.querySelector("[name=way]:checked").value === "token" ? "access_token" : "cookie";
  $("state").textContent = `${await connection.invoke("WhoAmI")}, by ${way}`;
}

$("ways").addEventListener("change", connect);

// ---- The board

$("note").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (await call("Note", $("text").value)) $("text").value = "";
});

$("clear").addEventListener("click", () => call("Clear"));

async function call(method, ...args) {
  try {
    await connection.invoke(method, ...args);
    problem("");
    return true;
  } catch (error) {
    problem(error.message);
    return false;
  }
}

function noted(by, text) {
  const item = document.createElement("li");
  const name = document.createElement("b");
  name.textContent = by;
  item.append(name, text);
  $("notes").append(item);
  item.scrollIntoView({ block: "nearest" });
}

function problem(text) {
  $("problem").textContent = text;
  $("problem").hidden = text === "";
}

start();
