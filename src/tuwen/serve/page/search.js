/** Searching: the form, the questions to the server, and what was found. */

import { announce, byId, make } from "./dom.js";
import { ask, within } from "./api.js";
import { digits, say } from "./words.js";
import { address, go, state } from "./state.js";
import { whole } from "./exporting.js";
import * as examples from "./examples.js";
import * as filters from "./filters.js";
import * as parts from "./parts.js";
import * as results from "./results.js";

const PAGE = 24;
let running = new AbortController();
let shown = ""; // what the results answer
let drawn = ""; // what is on the page
let written = ["", ""]; // question and filter as the address had them last
let complaining = () => {};
let found = {}; // kind -> what the server found, pages joined

export function prepare({ complain }) {
  complaining = complain;
  byId("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    examples.close();
    shown = ""; // the same may be asked again
    go({ q: byId("q").value.trim(), where: byId("where").value.trim(), cut_image: "", cut_text: "" });
  });
  for (const each of document.querySelectorAll("input[name=show]")) {
    each.addEventListener("change", () => go({ show: each.value }));
  }
  byId("hybrid").addEventListener("change", () => go({ hybrid: byId("hybrid").checked }));
  const exclude = () => {
    const words = byId("without").value.trim();
    if (!words) return;
    byId("without").value = "";
    parts.excludeWords(words);
  };
  byId("without-add").addEventListener("click", exclude);
  byId("without").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    exclude();
  });
  document.addEventListener("items-changed", () => { shown = ""; });
  examples.prepare({ complain });
  filters.prepare();
  preparePictures();
}

function preparePictures() {
  for (const name of ["file", "camera"]) {
    byId(name).addEventListener("change", () => {
      parts.addFiles(byId(name).files);
      byId(name).value = ""; // the same one may be chosen again
    });
  }
  document.addEventListener("paste", (event) => {
    if (!event.clipboardData?.files.length || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    parts.addFiles(event.clipboardData.files);
  });
  let inside = 0; // entering a child comes before leaving its parent
  const show = (change) => {
    inside = Math.max(0, inside + change);
    byId("dropping").hidden = inside === 0;
  };
  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files") && state().view === "search";
  addEventListener("dragenter", (event) => carries(event) && show(1));
  addEventListener("dragleave", (event) => carries(event) && show(-1));
  addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    show(-inside);
    parts.addFiles(event.dataTransfer.files);
  });
}

export async function render(context) {
  const { now, current } = context;
  if (now.q !== written[0]) byId("q").value = now.q; // what is being written stays
  if (now.where !== written[1]) byId("where").value = now.where;
  written = [now.q, now.where];
  byId("hybrid").checked = now.hybrid;
  document.querySelector(`input[name=show][value="${now.show === "image" || now.show === "text" ? now.show : "both"}"]`).checked = true;
  byId("filter").open ||= now.where !== "";
  parts.renderParts();
  const ready = Promise.all([examples.render(current), filters.render(current)]);
  if (!now.q && !now.parts.length) await ready; // examples are shown to begin with
  if (now !== state()) return; // something was asked meanwhile
  await Promise.all([ready, answer(context)]);
}

async function answer({ now, current }) {
  const asked = JSON.stringify([now.c, now.q, now.parts, now.show, now.where, now.hybrid]);
  if (asked !== shown) {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    byId("found").setAttribute("aria-busy", "true");
    try {
      found = await bothOrEither(kindsOf(now, current), now.where !== "", (kind) => page(now, kind, 0, signal));
      shown = asked;
      filters.saw(Object.values(found).flatMap((each) => each.hits ?? []));
      drawn = "";
      const count = Object.values(found).reduce((sum, each) => sum + (each.hits?.length ?? 0), 0);
      announce(say("said_hits", { count: digits(count) }));
    } catch (error) {
      if (error.name === "AbortError") return;
      shown = "";
      found = {};
      byId("found").replaceChildren();
      throw error;
    } finally {
      if (!signal.aborted) byId("found").setAttribute("aria-busy", "false");
    }
  }
  draw(now, current);
}

/** What is looked for: both kinds, unless one was chosen or there is only one. */
function kindsOf(now, current) {
  if (now.show === "image" || now.show === "text") return [now.show];
  const held = ["image", "text"].filter((kind) => current[`${kind}s`] > 0);
  return held.length === 1 ? held : ["image", "text"];
}

/**
 * What was found by kind. A filter may have a meaning for one kind only, as that by the width of pictures
 * has: then the other says why it has none.
 */
async function bothOrEither(kinds, filtered, load) {
  const settled = await Promise.allSettled(kinds.map(load));
  const refused = settled.filter((each) => each.status === "rejected").map((each) => each.reason);
  const grave = refused.find((reason) => reason.status !== 400 || !filtered) ?? (refused.length === kinds.length ? refused[0] : null);
  if (grave) throw grave;
  return Object.fromEntries(kinds.map((kind, at) => [kind, settled[at].value ?? { kind, trouble: settled[at].reason }]));
}

/** One page of hits; without a question, of all items. */
async function page(now, kind, offset, signal, count = PAGE) {
  const { files, ...asked } = parts.question(now);
  if (!asked.query && !asked.parts.length) {
    const listed = await ask(within(now.c, "items"), { query: { kind, where: now.where, offset, limit: count }, signal });
    return { ...listed, kind, hits: listed.items, listed: true };
  }
  return answered(now.c, { ...asked, files, kind, offset, k: count, where: now.where || null, hybrid: now.hybrid }, signal);
}

/** Ask one question; with files it goes as a form. */
export async function answered(collection, { files, ...asked }, signal) {
  if (!files.length) return ask(within(collection, "search"), { json: asked, signal });
  const form = new FormData();
  for (const file of files) form.append("files", file);
  form.append("search", JSON.stringify(asked));
  return ask(within(collection, "search", "upload"), { form, signal });
}

function draw(now, current) {
  const kinds = kindsOf(now, current);
  const key = document.documentElement.lang;
  if (drawn === key) {
    for (const kind of kinds) byId("found").querySelector(`[data-kind="${kind}"]`).setCut(now[`cut_${kind}`]);
    return; // an item was opened, say: focus and selection stay
  }
  drawn = key;
  const focused = byId("found").contains(document.activeElement);
  const blank = !now.q && !now.parts.length;
  byId("found").classList.toggle("sides", kinds.length > 1);
  byId("found").replaceChildren(blank ? starters(now, current) : "", ...kinds.map((kind) => sectionOf(kind, now)));
  if (focused) (byId("found").querySelector(".open") ?? byId("q")).focus(); // what had the focus is gone
}

function sectionOf(kind, now) {
  if (found[kind].trouble) return results.refusal(found[kind]);
  return results.section(found[kind], {
    cut: now[`cut_${kind}`],
    filtered: now.where !== "",
    onCut: (value) => go({ [`cut_${kind}`]: value }, { replace: true }),
    onMore: () => further(kind).catch(complaining),
    onExport: (form) => {
      const asked = state(); // the cut-off may have moved since the list was drawn
      const load = (offset, count) => page(asked, kind, offset, undefined, count);
      return whole(load, { collection: asked.c, kind, form, cut: asked[`cut_${kind}`] }).catch(complaining);
    },
  });
}

/** Examples to begin with, as links. */
function starters(now, current) {
  const some = examples.some(current, 6);
  return make("div", { class: "starters", hidden: !some.length }, make("h2", {}, say("try_these")),
    make("ul", {}, some.map((words) => make("li", {}, make("a", { href: address({ ...now, q: words }) }, words)))));
}

async function further(kind) {
  const now = state();
  const before = found[kind];
  const next = await page(now, kind, before.next_offset, running.signal);
  found[kind] = { ...next, hits: [...before.hits, ...next.hits] };
  byId("found").querySelector(`[data-kind="${kind}"]`).replaceWith(sectionOf(kind, now));
  byId("found").querySelectorAll(`[data-kind="${kind}"] .open`)[before.hits.length]?.focus();
}
