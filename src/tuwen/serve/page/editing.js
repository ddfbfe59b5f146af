/** Changing and deleting an item, for those who may: what the collection knows, never a file. */

import { announce, byId, button, make } from "./dom.js";
import { ask, within } from "./api.js";
import { say } from "./words.js";
import { go, state } from "./state.js";
import { nameOf } from "./results.js";
import * as selection from "./selection.js";

const LONG = 80; // signs, from which on a value gets several lines
let mayWrite = () => false;
let saved = false; // the item is shown anew because it was just changed

export function prepare() {
  document.addEventListener("item-shown", ({ detail: { item, now, place } }) => {
    if (mayWrite(now.c)) place.replaceChildren(form(item, now.c));
  });
}

export function render({ server }) {
  mayWrite = (name) => server.scopes.includes("write") && Boolean(server.collections.find((each) => each.name === name)?.writable);
}

function form(item, collection) {
  const words = item.kind === "text" ? make("textarea", { rows: 3, maxlength: 100_000, required: true }) : null;
  if (words) words.value = item.text ?? "";
  const label = make("input", { value: item.label ?? "", maxlength: 500 });
  const entity = make("input", { value: item.entity, maxlength: 500, required: true });
  const rows = make("tbody", {}, Object.entries(item.metadata ?? {}).map(([name, value]) => row(name, value)));
  const said = make("span", { role: "status" }, saved ? say("edit_saved") : "");
  const made = make("form", { class: "editing", onsubmit: (event) => {
    event.preventDefault();
    said.textContent = "";
    const changes = changesOf(item, { words, label, entity, rows });
    save(item, collection, changes, said).catch(complainIn(said));
  } },
  make("p", { class: "hint" }, say("edit_hint")),
  words ? field("text", words) : "", field("label", label), field("entity", entity),
  make("table", {}, make("caption", {}, say("edit_metadata")),
    make("thead", {}, make("tr", {}, ["edit_name", "edit_value"].map((word) => make("th", { scope: "col" }, say(word))), make("td", {}))), rows),
  make("div", { class: "tools" }, button(say("edit_add"), () => {
    rows.append(row("", ""));
    rows.lastElementChild.querySelector("input").focus();
  })),
  make("div", { class: "tools" }, make("button", { type: "submit", class: "main" }, say("edit_save")),
    button(say("edit_delete"), () => confirmed(item, collection), { class: "danger" }), said));
  const whole = make("details", { open: saved }, make("summary", {}, say("edit_title")), made);
  if (saved) queueMicrotask(() => made.querySelector("[type=submit]").focus());
  saved = false;
  return whole;
}

const field = (word, input) => make("label", { class: "wide" }, make("span", {}, say(word)), input);

/** One name and value of the metadata; its button takes it away. */
function row(name, value) {
  const written = writtenOf(value);
  const made = make("tr", {},
    make("td", {}, make("input", { value: name, maxlength: 100, "aria-label": say("edit_name") })),
    make("td", {}, written.length > LONG ? make("textarea", { rows: 3, "aria-label": say("edit_value") }) : make("input", { "aria-label": say("edit_value") })),
    make("td", {}, button("×", () => {
      const next = made.nextElementSibling ?? made.previousElementSibling;
      const form = made.closest("form");
      made.remove();
      (next ?? form).querySelector(next ? "input" : "[type=submit]").focus();
    }, { "aria-label": say("edit_remove", { name }), title: say("edit_remove", { name }) })));
  made.children[1].firstChild.value = written;
  return made;
}

/** A value as one writes it: text as it is, in quotes where it would be taken for something else. */
export function writtenOf(value) {
  if (typeof value !== "string") return JSON.stringify(value);
  return valueOf(value) === value ? value : JSON.stringify(value);
}

/** The value that was meant: a number, true, false, a list and the like as in JSON, anything else is text. */
export function valueOf(written) {
  const plain = written.trim();
  if (!/^(-?\d|true$|false$|["[{])/.test(plain)) return plain;
  try {
    return JSON.parse(plain);
  } catch {
    return plain; // such as 2020-01-01
  }
}

/** What differs from the item; names that are gone are null. */
function changesOf(item, { words, label, entity, rows }) {
  const changes = {};
  if (words && words.value.trim() !== item.text) changes.text = words.value.trim();
  if (label.value.trim() !== (item.label ?? "")) changes.label = label.value.trim() || null;
  if (entity.value.trim() !== item.entity) changes.entity = entity.value.trim();
  const before = item.metadata ?? {};
  const pairs = [...rows.children].map((each) => [...each.querySelectorAll("input, textarea")].map((input) => input.value.trim()));
  const now = Object.fromEntries(pairs.filter(([name]) => name).map(([name, value]) => [name, valueOf(value)]));
  const metadata = {};
  for (const name of Object.keys(before)) if (!(name in now)) metadata[name] = null;
  for (const [name, value] of Object.entries(now)) if (JSON.stringify(value) !== JSON.stringify(before[name])) metadata[name] = value;
  if (Object.keys(metadata).length) changes.metadata = metadata;
  return changes;
}

async function save(item, collection, changes, said) {
  if (!Object.keys(changes).length) {
    said.textContent = say("edit_nothing");
    return;
  }
  await ask(within(collection, "items", item.kind, item.id), { method: "PATCH", json: changes });
  saved = true;
  shownAnew();
}

/** Let every view ask again, also for the item that is open. */
function shownAnew(changes = {}) {
  document.dispatchEvent(new CustomEvent("items-changed"));
  go(changes, { replace: true });
}

/** What the server refused, beside the button: the page's own place for it is behind the dialog. */
const complainIn = (said) => (error) => {
  if (!error.what) throw error;
  said.replaceChildren(error.what, " ", error.advice, " ", make("span", { lang: "en", class: "told" }, error.message));
};

/** Ask once more; whoever keeps the item is back at the button. */
function confirmed(item, collection) {
  const said = make("p", { role: "alert" });
  const keep = button(say("edit_keep"), () => asking.close());
  const remove = button(say("edit_delete"), async () => {
    remove.disabled = true;
    try {
      await ask(within(collection, "items", item.kind, item.id), { method: "DELETE" });
      asking.close();
      selection.forget(item);
      announce(say("edit_deleted"));
      byId("item").close();
      shownAnew({ item: "", of: "" });
    } catch (error) {
      remove.disabled = false;
      complainIn(said)(error);
    }
  }, { class: "main" });
  const asking = make("dialog", { "aria-labelledby": "deleting-title", class: "small", onclose: () => asking.remove() },
    make("h2", { id: "deleting-title" }, say("edit_delete_title", { name: nameOf(item) })),
    make("p", {}, say("edit_delete_hint")), said, make("div", { class: "tools" }, keep, remove));
  byId("item").append(asking);
  asking.showModal();
  keep.focus();
}
