/** Shortcuts, and the list of them. */

import { byId, make } from "./dom.js";
import { remember, say } from "./words.js";
import * as parts from "./parts.js";

const LISTED = [
  ["/", "key_box"], ["?", "key_help"], ["Ctrl+V", "key_paste"], ["← → ↑ ↓", "key_arrows"], ["Enter", "key_enter"],
  ["x", "key_select"], ["m", "key_more"], ["+  −", "key_combine"], ["Esc", "key_escape"], ["y n s u", "key_review"],
];
let single = true;

/** Whether keys without Ctrl or Alt do anything: some visitors speak to their browser, and it types letters. */
export const singleKeys = () => single;

/** Whether a key belongs to a field in which one writes. */
export const writing = (target) =>
  target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName)
  || (target.tagName === "INPUT" && !["checkbox", "radio", "range", "file", "button"].includes(target.type));

function help() {
  byId("keys").replaceChildren(...LISTED.flatMap(([key, word]) =>
    [make("dt", {}, make("kbd", {}, key)), make("dd", {}, say(word))]));
  byId("single-keys").checked = single;
  byId("help").showModal();
}

export function prepare(allowed) {
  single = allowed;
  byId("help-open").addEventListener("click", help);
  byId("help-close").addEventListener("click", () => byId("help").close());
  byId("single-keys").addEventListener("change", () => {
    single = byId("single-keys").checked;
    remember("keys", single ? "on" : "off");
  });
  document.addEventListener("keydown", (event) => {
    if (!single || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || writing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      byId(byId("view-compare").hidden ? "q" : "compare-q").focus();
    } else if (event.key === "?") help();
    else if (!onCard(event)) return;
    event.preventDefault();
  });
}

/** What a key does on a result; gives whether it did anything. */
function onCard(event) {
  const card = event.target.closest?.(".card");
  if (!card?.item) return false;
  const box = card.querySelector("[data-pick]");
  const acts = {
    x: () => box.click(),
    m: () => parts.likeThese([card.item]),
    "+": () => parts.combine(card.item, true),
    "=": () => parts.combine(card.item, true),
    "-": () => parts.combine(card.item, false),
  };
  acts[event.key]?.();
  return event.key in acts;
}
