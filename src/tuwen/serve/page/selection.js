/** Items that were selected: counted, asked with, exported as CSV, pictures as ZIP. */

import { announce, byId } from "./dom.js";
import { ask, within } from "./api.js";
import { csv, MOST_PICTURES } from "./exporting.js";
import { save } from "./tables.js";
import { digits, say } from "./words.js";
import * as parts from "./parts.js";

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

/** Leave out an item that is gone, without a word. */
export function forget(item) {
  picked.delete(keyOf(item));
  show();
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
    save(`${collection}.csv`, csv([...picked.values()]));
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

async function pictures() {
  const ids = [...picked.values()].filter((item) => item.kind === "image").map((item) => item.id).slice(0, MOST_PICTURES);
  save(`${collection}.zip`, await ask(within(collection, "export"), { json: { kind: "image", ids }, file: true }));
}
