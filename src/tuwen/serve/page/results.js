/** What was found: a grid of cards with scores, and the slider that cuts it off. */

import { announce, button, make, picture, shorten } from "./dom.js";
import { MOST_PICTURES, MOST_ROWS } from "./exporting.js";
import { digits, say } from "./words.js";
import { go } from "./state.js";
import * as parts from "./parts.js";
import * as selection from "./selection.js";

/** How an item is called where there is little room. */
export const nameOf = (item) => shorten(item.text || item.name || item.id, 60);

/**
 * Hits of one kind.
 *
 * @param found what the server answered; `listed` when nothing was asked and there are no scores
 * @param cut hits that score less are left out, "" for none
 */
export function section(found, { cut, filtered, onCut, onMore, onExport }) {
  const title = say(found.listed ? `all_${found.kind === "image" ? "pictures" : "texts"}` : found.kind === "image" ? "pictures" : "texts");
  const best = Math.max(...found.hits.map((hit) => hit.score ?? 0), 0.0001);
  const grid = make("ul", { class: `grid of-${found.kind}`, onkeydown: walk }, found.hits.map((hit) => card(hit, best)));
  const count = make("p", { class: "hint" });
  const nothing = make("p", { class: "note", hidden: true });
  const apply = (value) => {
    let left = 0;
    for (const each of grid.children) {
      each.hidden = value !== "" && Number(each.dataset.score) < Number(value);
      left += each.hidden ? 0 : 1;
    }
    const empty = filtered ? "none_filter" : found.listed ? "empty" : "none";
    nothing.textContent = found.hits.length ? say("below_cut") : say(empty);
    nothing.hidden = left > 0;
    count.textContent = say("hits", { count: digits(left), total: digits(found.total) });
    return left;
  };
  apply(cut);
  const cutting = found.listed || !found.hits.length ? null : slider(found, cut, apply, onCut);
  const more = found.next_offset ? button(say("more"), onMore, { class: "more" }) : "";
  const exports = found.hits.length ? exporting(found.kind, onExport) : "";
  const made = make("section", { class: "kind", "data-kind": found.kind },
    make("div", { class: "heading" }, make("h2", {}, title), count, cutting), verdict(found), nothing, grid, more, exports);
  made.setCut = (value) => cutting?.show(value);
  return made;
}

/** Buttons that save the whole list, and how much of it that is at most. */
function exporting(kind, onExport) {
  const one = (form) => {
    const made = button(say(`export_${form}`), () => {
      made.disabled = true;
      onExport(form).finally(() => { made.disabled = false; });
    });
    return made;
  };
  const bound = say(kind === "image" ? "export_bound_pictures" : "export_bound", { rows: digits(MOST_ROWS), pictures: digits(MOST_PICTURES) });
  return make("div", { class: "tools whole-list", role: "group", "aria-label": say("export_all") },
    make("span", {}, say("export_all")), one("csv"), kind === "image" ? one("zip") : "", make("span", { class: "hint" }, bound));
}

/** In place of hits of a kind, why there are none: a filter speaks of what only the other kind has. */
export function refusal({ kind, trouble }) {
  const made = make("section", { class: "kind", "data-kind": kind },
    make("div", { class: "heading" }, make("h2", {}, say(kind === "image" ? "pictures" : "texts"))),
    make("p", { class: "note" }, say(kind === "image" ? "not_of_pictures" : "not_of_texts")),
    make("p", { class: "hint" }, say("server_says", { words: "" }), make("span", { lang: "en", class: "told" }, trouble.message)));
  made.setCut = () => {};
  return made;
}

function verdict(found) {
  const fits = found.fits === false ? make("p", { class: "note" }, say("nothing_fits")) : "";
  const sure = found.probability === null || found.probability === undefined ? ""
    : make("p", { class: "hint" }, say("probability", { value: found.probability.toFixed(2) }));
  return fits || sure ? make("div", { class: "verdict" }, fits, sure) : "";
}

function slider(found, cut, apply, onCut) {
  const lowest = Math.floor(Math.min(...found.hits.map((hit) => hit.score), 0) * 100) / 100;
  const shown = make("output", {});
  const input = make("input", {
    type: "range", min: lowest, max: 1, step: 0.01, "aria-label": say(found.kind === "image" ? "cut_pictures" : "cut_texts"),
  });
  const valueOf = () => (Number(input.value) <= lowest ? "" : input.value);
  const show = (value) => {
    if (value !== valueOf()) input.value = value === "" ? lowest : value;
    shown.textContent = value === "" ? "–" : Number(value).toFixed(2);
    return apply(value);
  };
  input.addEventListener("input", () => announce(say("said_hits", { count: digits(show(valueOf())) })));
  input.addEventListener("change", () => onCut(valueOf()));
  const made = make("label", { class: "cut" }, make("span", {}, say("cut")), input, shown);
  made.show = show;
  show(cut);
  return made;
}

function card(hit, best) {
  const name = nameOf(hit);
  const made = make("li", { class: `card of-${hit.kind}`, "data-score": hit.score ?? 0 }, opener(hit, 320),
    hit.kind === "image" ? make("p", { class: "name", title: hit.id }, name) : "",
    hit.label ? make("p", { class: "hint" }, hit.label) : "",
    hit.score === undefined ? "" : score(hit.score, best), actions(hit, name));
  made.item = hit;
  return made;
}

/** What opens an item: its picture, or its words; `collection` when it is not of the one that is searched. */
export function opener(item, side, collection = "") {
  const label = item.kind === "image" ? say("open", { name: nameOf(item) }) : null; // words are a name of their own
  return button(
    item.kind === "image"
      ? picture(`${item.thumbnail}?side=${side}`, "", say("lost"))
      : make("span", { class: "words" }, shorten(item.text ?? "", 300)),
    () => go({ item: `${item.kind}:${item.id}`, of: collection }),
    { class: "open", "aria-label": label, title: item.kind === "image" ? item.id : say("open", { name: item.id }) });
}

/** A score as digits and as a bar relative to the best one; `means` explains it. */
export function score(value, best, means = say("score_means")) {
  const bar = make("span", { class: "fill" });
  bar.style.width = `${Math.max(0, Math.min(1, value / best)) * 100}%`;
  return make("p", { class: "score", title: means },
    make("span", { class: "unseen" }, `${say("score")} `), make("span", {}, value.toFixed(3)),
    make("span", { class: "bar", "aria-hidden": "true" }, bar));
}

function actions(hit, name) {
  const act = (sign, word, done) =>
    button(make("span", { "aria-hidden": "true" }, sign), done, { "aria-label": say(word, { name }), title: say(word, { name }) });
  const box = make("input", {
    type: "checkbox", "aria-label": say("select_item", { name }), onchange: () => selection.set(hit, box.checked),
    "data-pick": selection.keyOf(hit),
  });
  box.checked = selection.has(hit);
  return make("div", { class: "actions" }, box,
    button(say("like"), () => parts.likeThese([hit]), { class: "like", "aria-label": say("like_name", { name }) }),
    act("＋", "add_item", () => parts.combine(hit, true)), act("−", "exclude_item", () => parts.combine(hit, false)));
}

/** Arrow keys go from card to card, as they lie. */
function walk(event) {
  const grid = event.currentTarget;
  const cards = [...grid.children].filter((each) => !each.hidden);
  const here = cards.indexOf(event.target.closest(".card"));
  if (!event.target.classList.contains("open") || here < 0) return;
  const across = Math.max(1, cards.findIndex((each) => each.offsetTop > cards[0].offsetTop));
  const wide = cards.some((each) => each.offsetTop > cards[0].offsetTop) ? across : cards.length;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide, Home: -here, End: cards.length - 1 - here };
  const next = cards[here + (steps[event.key] ?? NaN)];
  if (!next) return;
  event.preventDefault();
  next.querySelector(".open").focus();
}
