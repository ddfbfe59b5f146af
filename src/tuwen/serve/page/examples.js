/** What could be asked: texts and classes of the collection, offered while one types. */

import { byId, calmly, make, shorten } from "./dom.js";
import { ask, within } from "./api.js";
import { spoken } from "./words.js";
import { go, state } from "./state.js";

const POOL = 300;
const MOST = 7;
const LONGEST = 120;
const SHORT = 60; // what is read at a glance
const pools = new Map(); // collection -> its texts and classes
let offered = [];
let chosen = -1;

export async function render(current) {
  if (pools.has(current.name)) return;
  pools.set(current.name, []); // asked once
  let texts, overview;
  try {
    [texts, overview] = await Promise.all([
      ask(within(current.name, "items"), { query: { kind: "text", limit: POOL } }),
      ask(within(current.name, "overview")),
    ]);
  } catch (error) {
    pools.delete(current.name);
    throw error;
  }
  const labels = Object.keys({ ...overview.labels.image, ...overview.labels.text });
  const words = texts.items.map((item) => item.text ?? "").filter((text) => text && text.length <= LONGEST);
  pools.set(current.name, [...new Set([...words, ...labels])]);
}

/** Some examples, spread over the collection, in the visitor's language where there are any. */
export function some(current, count) {
  const pool = pools.get(current.name) ?? [];
  const own = pool.filter((words) => /\p{Script=Han}/u.test(words) === (spoken() === "zh"));
  const all = own.length ? own : pool;
  const short = all.filter((words) => words.length <= SHORT);
  const from = short.length < count ? all : short;
  const step = Math.max(1, from.length / count);
  return Array.from({ length: Math.min(count, from.length) }, (_, place) => from[Math.floor(place * step)]);
}

async function matching(words) {
  const { c } = state();
  const lower = words.toLowerCase();
  const place = (each) => each.toLowerCase().indexOf(lower);
  const near = (pools.get(c) ?? []).filter((each) => place(each) >= 0).sort((a, b) => place(a) - place(b)).slice(0, MOST);
  if (near.length >= 3 || words.length < 2) return near;
  const found = await ask(within(c, "search"), { query: { q: words, kind: "text", k: MOST } });
  const texts = found.hits.map((hit) => hit.text ?? "").filter((text) => text && text.length <= LONGEST);
  return [...new Set([...near, ...texts])].slice(0, MOST);
}

export function close() {
  byId("examples").hidden = true;
  byId("q").setAttribute("aria-expanded", "false");
  byId("q").removeAttribute("aria-activedescendant");
  chosen = -1;
}

function open(words) {
  offered = words;
  chosen = -1;
  if (!words.length || document.activeElement !== byId("q")) {
    close();
    return;
  }
  byId("examples").replaceChildren(...words.map((each, place) =>
    make("li", { id: `example-${place}`, role: "option", "aria-selected": "false", onmousedown: (event) => {
      event.preventDefault(); // the box keeps the focus
      take(place);
    } }, shorten(each, LONGEST))));
  byId("examples").hidden = false;
  byId("q").setAttribute("aria-expanded", "true");
  byId("q").removeAttribute("aria-activedescendant");
}

function take(place) {
  const words = offered[place];
  close();
  byId("q").value = words;
  go({ q: words, cut_image: "", cut_text: "" });
}

function mark(place) {
  const rows = [...byId("examples").children];
  chosen = (place + rows.length) % rows.length;
  rows.forEach((row, at) => row.setAttribute("aria-selected", String(at === chosen)));
  byId("q").setAttribute("aria-activedescendant", `example-${chosen}`);
  rows[chosen].scrollIntoView({ block: "nearest" });
}

export function prepare() {
  document.addEventListener("items-changed", () => pools.clear());
  const box = byId("q");
  const offer = calmly(async () => {
    const words = box.value.trim();
    if (!words || words === state().q) {
      close();
      return;
    }
    const found = await matching(words).catch(() => []); // a help only: the question itself will say what is wrong
    if (box.value.trim() === words && words !== state().q) open(found);
  }, 200);
  box.addEventListener("input", offer);
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    const isOpen = !byId("examples").hidden;
    if (event.isComposing || !isOpen) return; // with Chinese input, keys belong to the input method first
    if (event.key === "ArrowDown") mark(chosen + 1);
    else if (event.key === "ArrowUp") mark(chosen < 0 ? -1 : chosen - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && chosen >= 0) take(chosen);
    else return;
    event.preventDefault();
  });
}
