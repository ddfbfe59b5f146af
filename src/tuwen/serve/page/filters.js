/** Filters over metadata: conditions put together by choosing, or written. */

import { byId, make } from "./dom.js";
import { ask, within } from "./api.js";
import { say } from "./words.js";
import { go } from "./state.js";

const COLUMNS = ["label", "entity", "id", "text", "width_px", "height_px", "size"];
const SIGNS = ["=", "!=", "<", "<=", ">", ">=", "contains", "is null"];
const RESERVED = new Set(["and", "or", "not", "in", "like", "contains", "is", "null", "between", "true", "false"]);
const labels = new Map(); // collection -> a promise of its classes
const OFFERED = 200;
const values = new Map(); // name of metadata -> values that were seen
let collection = ""; // that is shown
let known = []; // its classes

/** One condition in the language of filters. */
export function condition(name, sign, value) {
  const plain = /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name) && !RESERVED.has(name.toLowerCase());
  const column = plain ? name : `\`${name.replaceAll("`", "``")}\``;
  if (sign === "is null") return `${column} is null`;
  const number = /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(value) && sign !== "contains";
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return `${column} ${sign} ${number && !["label", "entity", "id", "text"].includes(name) ? value : quoted}`;
}

export function prepare() {
  document.addEventListener("items-changed", () => labels.clear());
  byId("filter-add").addEventListener("click", () => {
    const sign = byId("filter-how").value;
    const value = byId("filter-value").value.trim();
    if (!value && sign !== "is null") {
      byId("filter-value").focus();
      return;
    }
    const made = condition(byId("filter-name").value, sign, value);
    const before = byId("where").value.trim();
    byId("filter-value").value = "";
    go({ where: before ? `${/\bor\b/i.test(before) ? `(${before})` : before} and ${made}` : made });
  });
  byId("where-clear").addEventListener("click", () => go({ where: "" }));
  byId("filter-name").addEventListener("change", offer);
}

export async function render(current) {
  const name = byId("filter-name").value;
  const sign = byId("filter-how").value;
  const shown = { contains: say("op_contains"), "is null": say("op_null") };
  const names = [...new Set([...current.metadata, ...COLUMNS])];
  byId("filter-name").replaceChildren(...names.map((each) => make("option", { value: each }, each)));
  byId("filter-how").replaceChildren(...SIGNS.map((each) => make("option", { value: each }, shown[each] ?? each)));
  if (names.includes(name)) byId("filter-name").value = name;
  if (sign) byId("filter-how").value = sign;
  if (current.name !== collection) values.clear();
  collection = current.name;
  known = await classesOf(current.name);
  offer();
}

/** The classes of a collection, asked for once. */
export function classesOf(collection) {
  if (!labels.has(collection)) {
    const asked = ask(within(collection, "overview")).then(({ labels: { image, text } }) => Object.keys({ ...image, ...text }));
    labels.set(collection, asked);
    asked.catch(() => labels.delete(collection));
  }
  return labels.get(collection);
}

/** Offer values that items which were found have. */
export function saw(items) {
  for (const item of items) {
    for (const [name, value] of Object.entries(item.metadata ?? {})) {
      if (!values.has(name)) values.set(name, new Set());
      if (typeof value !== "object" && values.get(name).size < OFFERED) values.get(name).add(String(value));
    }
  }
  offer();
}

/** The classes there are when it is the class that is asked for, else values that were seen. */
function offer() {
  const name = byId("filter-name").value;
  const offered = name === "label" ? known : [...(values.get(name) ?? [])].sort();
  byId("filter-values").replaceChildren(...offered.map((each) => make("option", { value: each })));
}
