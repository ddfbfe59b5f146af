/** Pictures for headlines, and why each was chosen. */

import { announce, byId, make, picture, shorten } from "./dom.js";
import { ask, within } from "./api.js";
import { digits, say } from "./words.js";
import { go } from "./state.js";
import { classesOf } from "./filters.js";
import { score } from "./results.js";

const MOST = 200; // headlines at once
const RANKINGS = new Set(["text", "triples", "image", "through", "cross", "own"]);
// what is kept in the address, and where it is chosen
const CHOICES = [["k", "headlines-k"], ["mode", "headlines-mode"], ["kept", "headlines-kept"], ["fuse", "headlines-fuse"],
  ["reach", "headlines-reach"], ["where", "headlines-where"]];
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
    const chosen = Object.fromEntries(CHOICES.map(([key, id]) => [key, byId(id).value.trim()]));
    go({ lines, ...chosen, k: String(Number(chosen.k) || 5), reach: String(Number(chosen.reach) || 50) });
  });
  byId("headlines-mode").addEventListener("change", fit);
}

/** Only what the chosen way understands is asked for. */
function fit() {
  const paper = byId("headlines-mode").value === "paper";
  byId("headlines-fuse").parentElement.hidden = paper;
  byId("headlines-reach").parentElement.hidden = !paper;
}

/** To which class pictures are kept: none, the one a headline seems to have, or a given one. */
async function classes(collection, chosen) {
  const known = await classesOf(collection);
  const some = known.includes(chosen.slice(1)) || !chosen.startsWith("=") ? known : [...known, chosen.slice(1)];
  byId("headlines-kept").replaceChildren(make("option", { value: "" }, say("kept_all")),
    ...(known.length > 1 ? [make("option", { value: "guess" }, say("kept_guess"))] : []),
    ...some.map((label) => make("option", { value: `=${label}` }, label)));
  byId("headlines-kept").value = chosen;
}

export async function render({ now }) {
  const key = JSON.stringify([now.c, now.lines, ...CHOICES.map(([name]) => now[name]), document.documentElement.lang]);
  if (key === shown) return;
  shown = key;
  if (now.lines) byId("headlines").value = now.lines;
  for (const [name, id] of CHOICES) byId(id).value = now[name];
  fit();
  await classes(now.c, now.kept);
  if (!now.lines) {
    byId("illustrated").replaceChildren();
    return;
  }
  const headlines = now.lines.split("\n").map((line) => line.trim()).filter(Boolean).slice(0, MOST);
  byId("illustrated").setAttribute("aria-busy", "true");
  byId("illustrated").replaceChildren(make("p", { class: "hint" }, say("loading")));
  try {
    const found = await ask(within(now.c, "illustrate"), { json: question(headlines, now) });
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

function question(headlines, { k, mode, kept, fuse, reach, where }) {
  const label = kept.startsWith("=") ? kept.slice(1) : "";
  const how = mode === "paper" ? { mode, reach: bounded(reach, 1000, 50) } : { mode: "fused", fuse };
  return { headlines: headlines.map((text) => ({ text, label })), k: bounded(k, 100, 5), guess: kept === "guess", where: where || null, ...how };
}

const bounded = (value, most, usual) => Math.min(most, Math.max(1, Math.round(Number(value)) || usual));

function refused(lines) {
  return lines.length ? make("ul", { class: "note" }, lines.map((each) => make("li", {}, `${each.item}: ${each.reason}`))) : "";
}

function section(answer, headlines) {
  // headlines without ids are called by their number
  const best = Math.max(...answer.choices.map((choice) => choice.score), 0.0001);
  return make("section", { class: "headline" }, make("h2", {}, headlines[Number(answer.query)] ?? answer.query),
    answer.label ? make("p", { class: "hint" }, classOf(answer)) : "",
    answer.fits === false ? make("p", { class: "note" }, say("nothing_fits")) : "",
    answer.choices.length ? "" : make("p", { class: "note" }, say("none")),
    make("ol", { class: "grid of-image" }, answer.choices.map((choice) => card(choice, best, headlines))));
}

function classOf({ label, label_probability: sure }) {
  return sure === null ? say("kept_to", { label }) : say("kept_guessed", { label, value: sure.toFixed(2) });
}

/** A ranking in plain words; one that is new here keeps its name. */
const nameOf = (ranking) => (RANKINGS.has(ranking) ? say(`by_${ranking}`) : ranking);

function card(choice, best, headlines) {
  const name = choice.name || choice.id;
  return make("li", { class: "card" },
    make("button", { type: "button", class: "open", "aria-label": say("open", { name }), onclick: () => go({ item: `image:${choice.id}` }) },
      choice.thumbnail ? picture(`${choice.thumbnail}?side=320`, "", say("lost")) : make("span", { class: "lost" }, say("lost"))),
    make("p", { class: "name" }, name), choice.text ? make("p", { class: "hint" }, choice.text) : "",
    choice.label ? make("p", { class: "hint" }, choice.label) : "",
    score(choice.score, best, say("choice_score")),
    choice.first_for ? make("p", { class: "hint" }, say("first_for", { headline: shorten(headlines[Number(choice.first_for)] ?? choice.first_for, 60) })) : "",
    choice.alike.length ? make("p", { class: "hint" }, say("alike", { count: digits(choice.alike.length) })) : "",
    choice.shared.length ? make("p", { class: "hint" }, say("shared_words", { words: choice.shared.join(", ") })) : "",
    make("ul", { class: "hint" }, choice.why.map((each) => make("li", {}, say("because", { name: nameOf(each.name), place: each.place })))));
}
