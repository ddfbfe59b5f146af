/** One item in a dialog: its picture, what is known of it, why it matched, its neighbours of both kinds. */

import { byId, button, make, picture } from "./dom.js";
import { ask, within } from "./api.js";
import { say } from "./words.js";
import { go, state } from "./state.js";
import { framed } from "./heat.js";
import { fillReasons } from "./reasons.js";
import { nameOf, opener, score } from "./results.js";
import * as parts from "./parts.js";

const NEAR = 6;
let shown = "";
let before = null; // gets the focus back

export function prepare() {
  const dialog = byId("item");
  dialog.addEventListener("close", () => {
    shown = "";
    if (state().item) go({ item: "", of: "" });
    if (before?.isConnected) before.focus();
    before = null;
  });
  document.addEventListener("items-changed", () => { shown = ""; });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  });
}

export async function render({ now: { of, ...rest }, complain }) {
  const now = { ...rest, c: of || rest.c };
  const dialog = byId("item");
  if (!now.item) {
    if (dialog.open) dialog.close();
    return;
  }
  const key = JSON.stringify([now.c, now.item, document.documentElement.lang]);
  if (key === shown) return;
  shown = key;
  const [kind, id] = now.item.split(/:(.*)/s);
  let item;
  try {
    item = await ask(within(now.c, "items", kind, id));
  } catch (error) {
    shown = "";
    go({ item: "", of: "" }, { replace: true });
    throw error;
  }
  if (key !== shown) return;
  draw(item, now, complain);
  if (!dialog.open) {
    before = document.activeElement;
    dialog.showModal();
  }
  dialog.scrollTop = 0;
}

function draw(item, now, complain) {
  const name = nameOf(item);
  const why = make("div", {});
  const near = make("div", {});
  const changing = make("div", {}); // page/editing.js fills it
  const close = button("×", () => byId("item").close(), { class: "close", "aria-label": say("close"), title: say("close") });
  byId("item-inside").replaceChildren(
    make("div", { class: "heading" }, make("h2", { id: "item-title" }, name), close),
    make("div", { class: "whole" },
      item.kind === "image"
        ? framed(make("a", { href: item.picture, target: "_blank", rel: "noopener", "aria-label": say("full_picture") },
          picture(`${item.thumbnail}?side=640`, name, say("lost"))), item, now)
        : make("blockquote", {}, item.text ?? ""),
      make("div", {}, facts(item), make("div", { class: "tools", hidden: now.c !== state().c },
        button(say("more_like"), () => parts.likeThese([item])),
        button(say("add_part"), () => parts.combine(item, true)),
        button(say("exclude"), () => parts.combine(item, false))))),
    changing, why, near);
  document.dispatchEvent(new CustomEvent("item-shown", { detail: { item, now, place: changing, complain } }));
  fillReasons(why, item, now).catch(complain);
  neighbours(near, item, now).catch(complain);
}

function facts(item) {
  const known = [
    ["id", item.id], ["kind", say(item.kind === "image" ? "picture" : "text")], ["name", item.name],
    ["entity", item.entity], ["label", item.label],
  ].filter(([, value]) => value).map(([word, value]) => [say(word), value]);
  const more = Object.entries(item.metadata ?? {}).map(([key, value]) =>
    [key, typeof value === "object" ? JSON.stringify(value) : String(value)]);
  return make("div", {}, item.missing ? make("p", { class: "note" }, say("missing")) : "",
    make("dl", { class: "facts" }, [...known, ...more].map(([key, value]) => [make("dt", {}, key), make("dd", {}, value)]).flat()));
}

async function neighbours(place, item, now) {
  const near = (to) => ask(within(now.c, "similar", item.kind, item.id), { query: { to, k: NEAR } });
  const quoted = item.entity.replaceAll("'", "''");
  const ofEntity = (kind) => ask(within(now.c, "items"), { query: { kind, where: `entity = '${quoted}'`, limit: NEAR } });
  const [images, texts, ownImages, ownTexts] = await Promise.all([near("image"), near("text"), ofEntity("image"), ofEntity("text")]);
  const own = [...ownImages.items, ...ownTexts.items].filter((each) => each.id !== item.id || each.kind !== item.kind);
  place.replaceChildren(strip("belongs", own), strip("near_pictures", images.hits), strip("near_texts", texts.hits));
}

function strip(word, items) {
  if (!items.length) return "";
  const best = Math.max(...items.map((each) => each.score ?? 0), 0.0001);
  return make("section", {}, make("h3", {}, say(word)), make("ul", { class: "strip" }, items.map((each) =>
    make("li", { class: `of-${each.kind}` }, opener(each, 160, state().of), each.score === undefined ? "" : score(each.score, best)))));
}
