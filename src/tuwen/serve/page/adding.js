/** Adding pictures while the server answers: sent in small lots, then followed until they can be found. */

import { byId, make } from "./dom.js";
import { ask, within } from "./api.js";
import { digits, say } from "./words.js";

const LOT_FILES = 8;
const LOT_BYTES = 16 << 20; // well below what the server takes at once
let collection = "";
let refresh = () => {};
let busy = false;

export function prepare({ complain }) {
  byId("add-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (busy) return;
    const files = [...byId("add-files").files];
    if (!files.length) {
      byId("added").hidden = false;
      byId("add-said").textContent = say("choose_files");
      return;
    }
    busy = true;
    byId("add-form").querySelector("button").disabled = true;
    add(files).catch(complain).finally(() => {
      busy = false;
      byId("add-form").querySelector("button").disabled = false;
    });
  });
}

export function render(now, changed) {
  [collection, refresh] = [now.c, changed];
}

/** Whether a file is one of the pictures that servers read; browsers do not know every kind by its name. */
export const isPicture = (file) => file.type.startsWith("image/") || /\.(hei[cf]|avif|tiff?|bmp|webp)$/i.test(file.name);

/** Lots of files, each small enough to be sent in one request. */
export function lots(files, most = LOT_FILES) {
  const made = [];
  let bytes = 0;
  for (const file of files) {
    if (!made.length || made.at(-1).length >= most || bytes + file.size > LOT_BYTES) {
      made.push([]);
      bytes = 0;
    }
    made.at(-1).push(file);
    bytes += file.size;
  }
  return made;
}

async function add(files) {
  const place = collection;
  const about = { text: byId("add-text").value.trim(), label: byId("add-label").value.trim() };
  const progress = byId("add-progress");
  byId("added").hidden = false;
  byId("add-refused").replaceChildren();
  Object.assign(progress, { max: 2 * files.length, value: 0 }); // sent, then found
  const jobs = [];
  const refused = [];
  let sent = 0;
  for (const lot of lots(files)) {
    const form = new FormData();
    for (const file of lot) form.append("files", file);
    if (about.text) form.append("text", about.text);
    if (about.label) form.append("label", about.label);
    jobs.push([await ask(within(place, "pictures"), { form }), lot.length]);
    sent += lot.length;
    progress.value = sent;
    byId("add-said").textContent = say("sending", { done: digits(sent), all: digits(files.length) });
  }
  let [ended, items] = [0, 0];
  for (const [job, count] of jobs) {
    let now = job;
    while (!now.finished) now = await ask(within(place, "jobs", job.id), { query: { wait: 10 } });
    refused.push(...now.refused);
    if (now.state === "failed") refused.push({ item: job.id, code: "failed", reason: now.error ?? "" });
    items += now.items.length;
    ended += count;
    progress.value = files.length + ended;
    byId("add-said").textContent = say("encoding", { done: digits(ended), all: digits(files.length) });
  }
  byId("add-said").textContent = say("add_done", { count: digits(items), refused: digits(refused.length) });
  byId("add-refused").replaceChildren(list(refused));
  byId("add-files").value = "";
  document.dispatchEvent(new CustomEvent("items-changed"));
  await refresh();
}

function list(refused) {
  if (!refused.length) return "";
  return make("ul", { class: "note" }, refused.map((each) => make("li", {}, `${each.item}: ${each.reason} (${each.code})`)));
}
