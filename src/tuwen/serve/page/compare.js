/** The same question answered twice, side by side: by two collections, or in two ways. */

import { announce, byId, make } from "./dom.js";
import { within, ask } from "./api.js";
import { digits, say } from "./words.js";
import { go } from "./state.js";
import { nameOf, opener, score } from "./results.js";

const K = 12;
let shown = "";

export function prepare() {
  byId("compare-ask").addEventListener("submit", (event) => {
    event.preventDefault();
    go({ q: byId("compare-q").value.trim() });
  });
  for (const each of document.querySelectorAll("input[name=compare-kind]")) {
    each.addEventListener("change", () => go({ show: each.value }));
  }
}

/** In which ways a collection can answer. */
function waysOf(collection) {
  return ["plain", "hybrid", "exact", ...(collection.codes ? ["codes"] : []), ...collection.rerankers.map((name) => `rerank:${name}`)];
}

function wordOf(way) {
  return way.startsWith("rerank:") ? say("way_rerank", { name: way.slice(7) }) : say(`way_${way}`);
}

function question(now, way) {
  const kind = now.show === "text" ? "text" : "image";
  const how = way.startsWith("rerank:") ? { rerank: way.slice(7) } : way === "plain" ? {} : { [way]: true };
  return { query: now.q, kind, k: K, ...how };
}

/** Both sides as they are chosen; without a choice, two collections, else two ways. */
function sidesOf({ now, server }) {
  const find = (name) => server.collections.find((each) => each.name === name);
  const first = find(now.c);
  const second = find(now.c2) ?? server.collections.find((each) => each !== first) ?? first;
  const way = (collection, chosen, usual) => (waysOf(collection).includes(chosen) ? chosen : usual);
  return [
    { place: "c", how: "way", collection: first, way: way(first, now.way, "plain") },
    { place: "c2", how: "way2", collection: second, way: way(second, now.way2, first === second ? "hybrid" : "plain") },
  ];
}

export async function render(context) {
  const { now, server } = context;
  byId("compare-q").value = now.q;
  document.querySelector(`input[name=compare-kind][value="${now.show === "text" ? "text" : "image"}"]`).checked = true;
  const sides = sidesOf(context);
  const key = JSON.stringify([now.q, now.show, sides.map((side) => [side.collection.name, side.way]), document.documentElement.lang]);
  if (key === shown) return;
  shown = key;
  const focused = document.activeElement?.dataset.chooses; // the choosers are made anew
  const answers = now.q ? await Promise.all(sides.map((side) =>
    ask(within(side.collection.name, "search"), { json: question(now, side.way) }).catch((error) => {
      shown = "";
      throw error;
    }))) : [];
  if (key !== shown) return;
  draw(sides, answers, server);
  if (focused) byId("compared").querySelector(`[data-chooses="${focused}"]`).focus();
}

function draw(sides, answers, server) {
  const ids = answers.map((answer) => new Set(answer.hits.map((hit) => hit.id)));
  const common = answers.length ? [...ids[0]].filter((id) => ids[1].has(id)).length : 0;
  const said = say("overlap", { count: digits(common), all: digits(K) });
  byId("compared").replaceChildren(
    answers.length ? make("p", { class: "hint whole-row" }, said) : "",
    ...sides.map((side, number) => make("section", {}, make("h2", {}, say("side", { number: number + 1 })), choosers(side, server),
      answers.length ? column(answers[number], ids[1 - number], side) : "")));
  if (answers.length) announce(said);
}

function choosers(side, server) {
  const select = (word, place, values, chosen, wordsOf) => {
    const made = make("select", { "data-chooses": place, onchange: () => go({ [place]: made.value }) },
      values.map((value) => make("option", { value }, wordsOf(value))));
    made.value = chosen;
    return make("label", {}, make("span", {}, `${say(word)} `), made);
  };
  return make("div", { class: "tools" },
    select("collections", side.place, server.collections.map((each) => each.name), side.collection.name, (name) => name),
    select("way", side.how, waysOf(side.collection), side.way, wordOf));
}

function column(answer, others, side) {
  const best = Math.max(...answer.hits.map((hit) => hit.score), 0.0001);
  return make("div", {}, answer.fits === false ? make("p", { class: "note" }, say("nothing_fits")) : "",
    answer.hits.length ? "" : make("p", { class: "note" }, say("none")),
    make("ol", { class: "ranking" }, answer.hits.map((hit) =>
      make("li", { class: `row of-${hit.kind}` }, opener(hit, 160, side.collection.name), make("div", {},
        hit.kind === "image" ? make("p", { class: "name" }, nameOf(hit)) : "", score(hit.score, best),
        others.has(hit.id) ? make("p", { class: "hint" }, say("in_both")) : "")))));
}
