// Groups, users and sets of connections: who gets a message, and who does not.
import assert from "node:assert/strict";
import { across, once, plain, present } from "../lib/matrix.mjs";
import { openMany, openMember, received, unique } from "../lib/hub.mjs";

/** expect checks what each member got since the last look. What is sent to a member keeps its order. */
async function expect(members, ...lists) {
  for (const [i, list] of lists.entries()) {
    assert.deepEqual(await received(members[i]), list, `member ${i}`);
  }
}

across("a group reaches its members", {}, async (combo, t) => {
  const members = await openMany(t, combo, 3);
  const [a, b, c] = members;
  const group = unique("group");
  await a.invoke("SendToGroup", group, "nobody is in it");
  await a.invoke("JoinGroup", group);
  await b.invoke("JoinGroup", group);
  await b.invoke("JoinGroup", group); // twice is once
  await c.invoke("SendToGroup", group, "from outside");
  await a.invoke("SendToOthersInGroup", group, "others");
  await a.invoke("SendToGroupExcept", group, [b.id, "no such connection"], "without b");
  await b.invoke("LeaveGroup", group);
  await b.invoke("LeaveGroup", group);
  await c.invoke("SendToGroup", group, "b has left");
  await expect(members, ["from outside", "without b", "b has left"], ["from outside", "others"], []);
});

across("group names are compared exactly", {}, async (combo, t) => {
  const members = await openMany(t, combo, 2);
  const [a, b] = members;
  const group = unique("Group");
  await a.invoke("JoinGroup", group);
  await b.invoke("JoinGroup", group.toLowerCase());
  await a.invoke("SendToGroup", group, "upper");
  await a.invoke("SendToGroup", group.toLowerCase(), "lower");
  await expect(members, ["upper"], ["lower"]);
});

across("several groups at once", {}, async (combo, t) => {
  const members = await openMany(t, combo, 3);
  const [a, b, c] = members;
  const [one, two, none] = [unique("one"), unique("two"), unique("none")];
  await a.invoke("JoinGroup", one);
  await b.invoke("JoinGroup", two);
  await c.invoke("SendToGroups", [one, two, none], "both");
  await c.invoke("SendToGroups", [], "to no group");
  await expect(members, ["both"], ["both"], []);
});

across("others may be put into groups", {}, async (combo, t) => {
  const members = await openMany(t, combo, 2);
  const [a, b] = members;
  const group = unique("group");
  await a.invoke("AddToGroup", b.id, group);
  await a.invoke("AddToGroup", "no such connection", group);
  await a.invoke("SendToGroup", group, "welcome");
  await a.invoke("RemoveFromGroup", b.id, group);
  await a.invoke("RemoveFromGroup", "no such connection", group);
  await a.invoke("SendToGroup", group, "gone");
  await expect(members, [], ["welcome"]);
});

across("a group forgets connections that end", {}, async (combo, t) => {
  const [a, b] = await openMany(t, combo, 2);
  const group = unique("group");
  await a.invoke("JoinGroup", group);
  await b.invoke("JoinGroup", group);
  await b.connection.stop();
  await a.invoke("SendToGroup", group, "who is left?");
  await expect([a], ["who is left?"]);
});

across("all, others, caller", {}, async (combo, t) => {
  const members = await openMany(t, combo, 3);
  const [a, b, c] = members;
  await a.invoke("SendToAll", "all");
  await a.invoke("SendToOthers", "others");
  await a.invoke("SendToAllExcept", [b.id, "no such connection"], "without b");
  await a.invoke("SendToCaller", "caller");
  await expect(members, ["all", "without b", "caller"], ["all", "others"], ["all", "others", "without b"]);
  await c.invoke("SendToAllExcept", [], "without nobody");
  await expect(members, ["without nobody"], ["without nobody"], ["without nobody"]);
});

across("named connections", {}, async (combo, t) => {
  const members = await openMany(t, combo, 3);
  const [a, b, c] = members;
  await a.invoke("SendToClient", b.id, "b");
  await a.invoke("SendToClient", a.id, "a");
  await a.invoke("SendToClient", "no such connection", "nobody");
  await a.invoke("SendToClients", [b.id, c.id, "no such connection"], "b and c");
  await a.invoke("SendToClients", [], "nobody");
  await expect(members, ["a"], ["b", "b and c"], ["b and c"]);
});

across("users, with all their connections", {}, async (combo, t) => {
  const [ann, bob] = [unique("Ann"), unique("bob")];
  const anns = await openMany(t, combo, 2, { query: { user: ann } });
  const lower = await openMember(t, combo, { query: { user: ann.toLowerCase() } });
  const other = await openMember(t, combo, { query: { user: bob } });
  const nobody = await openMember(t, combo);
  await nobody.invoke("SendToUser", ann, "Ann");
  await nobody.invoke("SendToUsers", [ann, bob, unique("stranger")], "Ann and bob");
  await nobody.invoke("SendToUsers", [], "no user");
  const members = [...anns, lower, other, nobody];
  await expect(members, ["Ann", "Ann and bob"], ["Ann", "Ann and bob"], [], ["Ann and bob"], []);
});

once("hubs are rooms of their own", { needs: plain.needs }, async (t) => {
  const user = unique("user");
  const here = await openMember(t, plain, { query: { user } });
  const there = await openMember(t, plain, { path: "/parallel", query: { user } });
  const group = unique("group");
  await here.invoke("JoinGroup", group);
  await there.invoke("JoinGroup", group);
  await here.invoke("SendToAll", "all");
  await here.invoke("SendToGroup", group, "group");
  await here.invoke("SendToUser", user, "user");
  await here.invoke("SendToClient", there.id, "client");
  await here.invoke("AddToGroup", there.id, unique("group"));
  await expect([here, there], ["all", "group", "user"], []);
});

once("every client, transport and protocol in one group", {}, async (t) => {
  const members = await Promise.all(present.map((combo) => openMember(t, combo)));
  const group = unique("everybody");
  await Promise.all(members.map((m) => m.invoke("JoinGroup", group)));
  const said = [];
  for (const [i, member] of members.entries()) {
    said.push(`${i}: hëllo`);
    await member.invoke("SendToGroup", group, said.at(-1));
  }
  await expect(members, ...members.map(() => said));
});
