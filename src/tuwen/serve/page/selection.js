/** Items that were selected: counted, asked with, exported as CSV, pictures as ZIP. */

import { announce, byId, make } from "./dom.js";
import { ask, within } from "./api.js";
import { digits, say } from "./words.js";
import * as parts from "./parts.js";

const MOST_PICTURES = 500; // that the server puts into one file
const picked = new Map(); // key -> item, in the order of selecting
let collection = "";

export const keyOf = (item) => `${item.kind}:${item.id}`;
export const has = (item) => picked.has(keyOf(item));

export function set(item, chosen) {
  if (chosen) picked.set(keyOf(item), item);
  else picked.delete(keyOf(item));
  show();
  announce(say("selected", { count: digits(picked.size) }));
}

export function prepare({ complain }) {
  byId("picked-zip").addEventListener("click", () => pictures().catch(complain));
  byId("picked-clear").addEventListener("click", () => {
    picked.clear();
    for (const box of document.querySelectorAll("[data-pick]")) box.checked = false;
    show();
    byId("q").focus();
  });
  byId("picked-ask").addEventListener("click", () => parts.likeThese([...picked.values()]));
  byId("picked-export").addEventListener("click", () => {
    save(`${collection}.csv`, new Blob([csv([...picked.values()])], { type: "text/csv;charset=utf-8" }));
  });
}

export function render({ now }) {
  if (now.c !== collection) picked.clear(); // ids mean something in one collection only
  collection = now.c;
  show();
}

function show() {
  byId("picked").hidden = picked.size === 0;
  document.body.classList.toggle("picking", picked.size > 0);
  byId("picked-zip").hidden = ![...picked.values()].some((item) => item.kind === "image");
  byId("picked-count").textContent = say("selected", { count: digits(picked.size) });
}

/** Rows of CSV with a header, with the mark by which spreadsheets know UTF-8. */
export function csv(items) {
  const names = [...new Set(items.flatMap((item) => Object.keys(item.metadata ?? {})))].sort();
  const columns = ["kind", "id", "name", "text", "entity", "label", "score"];
  const rows = items.map((item) => [
    ...columns.map((column) => item[column]),
    ...names.map((name) => item.metadata?.[name]),
  ]);
  const lines = [[...columns, ...names.map((name) => (columns.includes(name) ? `metadata.${name}` : name))], ...rows];
  return `\ufeff${lines.map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
}

function cell(value) {
  if (value === null || value === undefined) return "";
  const plain = typeof value === "object" ? JSON.stringify(value) : String(value);
  // a spreadsheet would run what begins like a formula
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

async function pictures() {
  const ids = [...picked.values()].filter((item) => item.kind === "image").map((item) => item.id).slice(0, MOST_PICTURES);
  save(`${collection}.zip`, await ask(within(collection, "export"), { json: { kind: "image", ids }, file: true }));
}

function save(name, file) {
  const address = URL.createObjectURL(file);
  const link = make("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000); // after the browser has taken it
}
