/** Pictures for headlines, and why each was chosen. */

import { announce, byId, make, picture } from "./dom.js";
import { ask, within } from "./api.js";
import { digits, say } from "./words.js";
import { go } from "./state.js";
import { score } from "./results.js";

const MOST = 200; // headlines at once
const RANKINGS = new Set(["text", "triples", "image", "through", "cross", "own"]);
let shown = "";

export function prepare() {
  byId("headlines-ask").addEventListener("submit", (event) => {
    event.preventDefault();
    const lines = byId("headlines").value.trim();
    if (!lines) {
      byId("illustrated").replaceChildren(make("p", { class: "note" }, say("no_headlines")));
      byId("headlines").focus();
      return;
    }
    shown = "";
    go({ lines, k: String(Number(byId("headlines-k").value) || 5), mode: byId("headlines-mode").value });
  });
}

export async function render({ now }) {
  if (now.lines) byId("headlines").value = now.lines;
  byId("headlines-k").value = now.k;
  byId("headlines-mode").value = now.mode === "paper" ? "paper" : "fused";
  const key = JSON.stringify([now.c, now.lines, now.k, now.mode, document.documentElement.lang]);
  if (key === shown) return;
  shown = key;
  if (!now.lines) {
    byId("illustrated").replaceChildren();
    return;
  }
  const headlines = now.lines.split("\n").map((line) => line.trim()).filter(Boolean).slice(0, MOST);
  byId("illustrated").setAttribute("aria-busy", "true");
  byId("illustrated").replaceChildren(make("p", { class: "hint" }, say("loading")));
  try {
    const json = { headlines: headlines.map((text) => ({ text })), k: Math.min(100, Math.max(1, Number(now.k) || 5)), mode: byId("headlines-mode").value };
    const found = await ask(within(now.c, "illustrate"), { json });
    if (key !== shown) return;
    byId("illustrated").replaceChildren(refused(found.refused), ...found.answers.map((answer) => section(answer, headlines)));
    announce(say("said_hits", { count: digits(found.answers.length) }));
  } catch (error) {
    shown = "";
    byId("illustrated").replaceChildren();
    throw error;
  } finally {
    byId("illustrated").setAttribute("aria-busy", "false");
  }
}

function refused(lines) {
  return lines.length ? make("ul", { class: "note" }, lines.map((each) => make("li", {}, `${each.item}: ${each.reason}`))) : "";
}

function section(answer, headlines) {
  // headlines without ids are called by their number
  const best = Math.max(...answer.choices.map((choice) => choice.score), 0.0001);
  return make("section", { class: "headline" }, make("h2", {}, headlines[Number(answer.query)] ?? answer.query),
    answer.fits === false ? make("p", { class: "note" }, say("nothing_fits")) : "",
    answer.choices.length ? "" : make("p", { class: "note" }, say("none")),
    make("ol", { class: "grid of-image" }, answer.choices.map((choice) => card(choice, best))));
}

/** A ranking in plain words; one that is new here keeps its name. */
const nameOf = (ranking) => (RANKINGS.has(ranking) ? say(`by_${ranking}`) : ranking);

function card(choice, best) {
  const name = choice.name || choice.id;
  return make("li", { class: "card" },
    make("button", { type: "button", class: "open", "aria-label": say("open", { name }), onclick: () => go({ item: `image:${choice.id}` }) },
      choice.thumbnail ? picture(`${choice.thumbnail}?side=320`, "", say("lost")) : make("span", { class: "lost" }, say("lost"))),
    make("p", { class: "name" }, name), choice.text ? make("p", { class: "hint" }, choice.text) : "",
    score(choice.score, best, say("choice_score")),
    choice.shared.length ? make("p", { class: "hint" }, say("shared_words", { words: choice.shared.join(", ") })) : "",
    make("ul", { class: "hint" }, choice.why.map((each) => make("li", {}, say("because", { name: nameOf(each.name), place: each.place })))));
}
