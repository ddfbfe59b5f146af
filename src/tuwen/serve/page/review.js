/** Deciding pair by pair whether two items are the same; answers are kept by the server at once. */

import { announce, byId, button, make, picture } from "./dom.js";
import { ask, within } from "./api.js";
import { textOf } from "./tables.js";
import { digits, say } from "./words.js";
import { singleKeys, writing } from "./keys.js";
import { nameOf } from "./results.js";
import { answersOf, countsOf, decide, duplicatesOf, itemOf, keyOf, pairsOf } from "./pairs.js";

let collection = "";
let mayWrite = false;
let pairs = null; // none were chosen yet
let answers = new Map();
let current = 0;
let past = []; // [place, what it was before]
let complain = () => {};
let busy = false;

export function prepare(given) {
  complain = given.complain;
  byId("review-duplicates").addEventListener("click", () => begin(() => duplicatesOf(collection)));
  byId("review-file").addEventListener("change", () => {
    const [file] = byId("review-file").files;
    byId("review-file").value = "";
    if (file) begin(async () => pairsOf(await textOf(file)));
  });
  document.addEventListener("keydown", (event) => {
    if (byId("view-review").hidden || !singleKeys() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (writing(event.target) || document.querySelector("dialog[open]")) return;
    const act = { y: () => answer(true), n: () => answer(false), s: skip, u: undo }[event.key];
    if (!act || !pairs?.length) return;
    event.preventDefault();
    act();
  });
}

export async function render({ now, server }) {
  if (now.c !== collection) [pairs, past, current] = [null, [], 0];
  collection = now.c;
  mayWrite = server.scopes.includes("write");
  byId("review-counts").textContent = countsOf(await ask(within(collection, "resolve", "decisions"), { query: { limit: 1 } }));
  await show();
}

function begin(load) {
  const chosen = async () => {
    [pairs, answers] = await Promise.all([load(), answersOf(collection)]);
    [current, past] = [0, []];
    const open = (pairs ?? []).findIndex((pair) => !answers.has(keyOf(pair)));
    current = Math.max(0, open);
    await show();
    if (pairs === null) byId("reviewed").replaceChildren(make("p", { class: "note", role: "alert" }, say("review_columns")));
  };
  chosen().catch(complain);
}

async function answer(match) {
  if (busy || !mayWrite || current >= pairs.length) return;
  busy = true;
  try {
    const pair = pairs[current];
    const before = answers.get(keyOf(pair)) ?? null;
    byId("review-counts").textContent = countsOf(await decide(collection, pair, match));
    answers.set(keyOf(pair), match);
    past.push([current, before]);
    current += 1;
    announce(say(match ? "match" : "no_match"));
    await show();
  } catch (error) {
    complain(error);
  } finally {
    busy = false;
  }
}

function skip() {
  if (busy || current >= pairs.length) return;
  past.push([current, undefined]);
  current += 1;
  show().catch(complain);
}

async function undo() {
  if (busy || !past.length) return;
  busy = true;
  try {
    const [place, before] = past.at(-1);
    if (before !== undefined) {
      byId("review-counts").textContent = countsOf(await decide(collection, pairs[place], before));
      if (before === null) answers.delete(keyOf(pairs[place]));
      else answers.set(keyOf(pairs[place]), before);
    }
    past.pop();
    current = place;
    announce(say("undo"));
    await show();
  } catch (error) {
    complain(error);
  } finally {
    busy = false;
  }
}

async function show() {
  if (!pairs?.length) {
    byId("reviewed").replaceChildren(pairs === null ? "" : make("p", { class: "note" }, say("review_none")));
    return;
  }
  const controls = make("div", { class: "tools decide" },
    button([say("match"), " ", make("kbd", {}, "y")], () => answer(true), { class: "main", disabled: !mayWrite }),
    button([say("no_match"), " ", make("kbd", {}, "n")], () => answer(false), { disabled: !mayWrite }),
    button([say("skip_pair"), " ", make("kbd", {}, "s")], skip),
    button([say("undo"), " ", make("kbd", {}, "u")], undo, { disabled: !past.length }));
  if (current >= pairs.length) {
    byId("reviewed").replaceChildren(make("p", { class: "note", role: "status" }, say("review_done")), controls);
    return;
  }
  const pair = pairs[current];
  const sides = await Promise.all([pair.left, pair.right].map((id) => itemOf(collection, id, pair.kinds)));
  if (pair !== pairs[current]) return;
  const given = answers.get(keyOf(pair));
  byId("reviewed").replaceChildren(
    make("p", { class: "hint" }, say("review_place", { place: digits(current + 1), all: digits(pairs.length) }),
      pair.score === null ? "" : ` · ${say("score")} ${pair.score.toFixed(3)}`,
      given === undefined ? "" : ` · ${say(given ? "now_match" : "now_no_match")}`),
    make("div", { class: "found sides pair" }, side(sides[0], pair.left), side(sides[1], pair.right)), controls);
}

function side(item, id) {
  const inside = item === null ? make("p", { class: "note" }, say("review_absent"))
    : item.kind === "image" ? picture(`${item.thumbnail}?side=640`, nameOf(item), say("lost")) : make("blockquote", {}, item.text ?? "");
  return make("div", { class: "card" }, inside, make("p", { class: "hint" }, id));
}
