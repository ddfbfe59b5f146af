/** What a collection is made of: counts, classes, its map, what was refused; adding pictures. */

import { byId, button, make } from "./dom.js";
import { ask, within } from "./api.js";
import { digits, say } from "./words.js";
import { address } from "./state.js";
import * as adding from "./adding.js";
import { condition } from "./filters.js";
import { map } from "./map.js";

const LINES = 20;
const CLASSES = 30;
let offset = 0; // of the ledger
let shown = "";

export function prepare({ complain }) {
  document.addEventListener("items-changed", () => { shown = ""; });
  adding.prepare({ complain });
}

export async function render({ now, current, server, complain }) {
  byId("adding").hidden = !(current.writable && server.scopes.includes("write") && current.modalities.includes("image"));
  const key = JSON.stringify([now.c, document.documentElement.lang]);
  if (key === shown) return; // an item was opened or closed
  if (JSON.parse(shown || "[]")[0] !== now.c) offset = 0;
  adding.render(now, () => {
    shown = "";
    return render({ now, current, server, complain });
  });
  await Promise.all([statistics(now, current), ledger(now, complain)]);
  shown = key;
}

async function statistics(now, current) {
  const [fresh, overview, plane] = await Promise.all([
    ask(within(now.c)), ask(within(now.c, "overview")), ask(within(now.c, "plane"), { query: { limit: 2000 } }),
  ]);
  Object.assign(current, fresh); // the filter's names follow
  const gone = overview.missing.image;
  const known = [
    ["pictures", digits(overview.counts.image)], ["texts", digits(overview.counts.text)], ["encoder", fresh.encoder ?? "–"],
    ["width", digits(fresh.width)], ["fields", fresh.metadata.join(", ") || "–"],
    ...(gone ? [["files_gone", digits(gone)]] : []),
  ];
  const classes = ["image", "text"].filter((kind) => Object.keys(overview.labels[kind] ?? {}).length);
  byId("statistics").replaceChildren(
    make("section", {}, make("h2", {}, say("counts")),
      make("dl", { class: "facts" }, known.map(([word, value]) => [make("dt", {}, say(word)), make("dd", {}, value)]).flat())),
    ...(classes.length ? classes.map((kind) => bars(kind, overview.labels[kind], now)) : [make("p", { class: "hint" }, say("no_classes"))]),
    plane.places.length > 2 ? map(plane) : "",
  );
}

/** Classes as bars; each leads to its items. */
function bars(kind, labels, now) {
  const most = Math.max(...Object.values(labels));
  const rows = Object.entries(labels).slice(0, CLASSES).map(([label, count]) => {
    const bar = make("span", { class: "fill" });
    bar.style.width = `${(100 * count) / most}%`;
    const place = address({ ...now, view: "search", q: "", parts: [], show: kind, where: condition("label", "=", label) });
    return make("li", {}, make("a", { href: place }, label), make("span", { class: "bar", "aria-hidden": "true" }, bar),
      make("span", {}, digits(count)));
  });
  const word = say(kind === "image" ? "pictures" : "texts");
  return make("section", {}, make("h2", {}, say("classes", { kind: word.toLowerCase() })), make("ul", { class: "bars" }, rows));
}

async function ledger(now, complain) {
  const found = await ask(within(now.c, "ledger"), { query: { offset, limit: LINES } });
  if (!found.lines.length) {
    byId("ledger-lines").replaceChildren(make("p", { class: "hint" }, say("no_ledger")));
    return;
  }
  const turn = (by) => () => {
    offset = Math.max(0, offset + by);
    ledger(now, complain).catch(complain);
  };
  const heads = ["name", "reason", "time"].map((word) => make("th", { scope: "col" }, say(word)));
  byId("ledger-lines").replaceChildren(
    make("p", { class: "hint" }, say("page_of", { from: digits(offset + 1), to: digits(offset + found.lines.length), total: digits(found.total) })),
    make("table", {}, make("thead", {}, make("tr", {}, heads)), make("tbody", {}, found.lines.map((line) =>
      make("tr", {}, make("th", { scope: "row" }, line.item), make("td", {}, `${line.reason} (${line.code})`),
        make("td", {}, line.time ? new Date(line.time).toLocaleString(document.documentElement.lang) : "–"))))),
    make("div", { class: "tools" }, offset ? button(say("newer"), turn(-LINES)) : "",
      found.next_offset ? button(say("older"), turn(LINES)) : ""));
}
