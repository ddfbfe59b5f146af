/** The parts of a question: words, items of the collection and pictures of the visitor's own, with weights. */

import { announce, byId, button, make, picture, shorten } from "./dom.js";
import { isPicture } from "./adding.js";
import { within } from "./api.js";
import { say } from "./words.js";
import { go, state } from "./state.js";

const UNWANTED = -0.5; // as the server weighs `-word`
const uploads = new Map(); // key -> { file, address }: of this page only, an address cannot hold them
let count = 0;

/** Ask with pictures of the visitor's own, together with what is asked already. */
export function addFiles(files) {
  const pictures = [...files].filter(isPicture);
  if (!pictures.length) {
    announce(say("no_picture"));
    return;
  }
  const made = pictures.map((file) => {
    const key = `own${Date.now()}-${(count += 1)}`;
    uploads.set(key, { file, address: URL.createObjectURL(file) });
    return ["upload", key, 1];
  });
  go({ ...besides(), parts: [...state().parts, ...made].slice(-16) });
}

/** A change of the question's parts; words that were written and not yet asked go along. */
const besides = () => ({ view: "search", q: byId("q").value.trim(), cut_image: "", cut_text: "", item: "" });

export const excludeWords = (words) =>
  go({ ...besides(), parts: [...state().parts, ["words", words, UNWANTED]].slice(-16) });

/** Ask with an item besides what is asked already, or exclude what is like it. */
export function combine(item, wanted) {
  const others = state().parts.filter(([kind, id]) => kind !== item.kind || id !== item.id);
  const parts = [...others, [item.kind, item.id, wanted ? 1 : UNWANTED]].slice(-16);
  go({ ...besides(), parts });
}

/** Ask with these items and nothing else. */
export function likeThese(items) {
  const parts = items.slice(0, 16).map((item) => [item.kind, item.id, 1]);
  go({ view: "search", q: "", parts, cut_image: "", cut_text: "", item: "" });
}

/** What the server is asked, and the files that go along; parts that are no longer at hand are left out. */
export function question({ q, parts }) {
  const files = [];
  const asked = [];
  for (const [kind, value, weight] of parts) {
    if (kind === "words") asked.push({ text: value, weight });
    else if (kind === "image" || kind === "text") asked.push({ item: { kind, id: value }, weight });
    else if (uploads.has(value)) asked.push({ upload: files.push(uploads.get(value).file) - 1, weight });
  }
  return { query: q.trim() || null, parts: asked, files };
}

/** How a part is called. */
export function nameOf([kind, value]) {
  return kind === "upload" ? (uploads.get(value)?.file.name ?? say("upload_part")) : shorten(value, 40);
}

/** Show the parts as a list in which weights can be changed. */
export function renderParts() {
  const { parts, c } = state();
  const change = (place, changed) =>
    go({ parts: parts.flatMap((part, at) => (at === place ? changed : [part])), cut_image: "", cut_text: "" }, { replace: true });
  byId("parts").replaceChildren(...parts.map((part, place) => {
    const [kind, value, weight] = part;
    const name = nameOf(part);
    const number = make("input", {
      type: "number", step: "0.1", min: "-10", max: "10", value: weight, "aria-label": say("weight_of", { name }),
      onchange: (event) => {
        const chosen = Number(event.target.value);
        if (chosen && Math.abs(chosen) <= 10) change(place, [[kind, value, chosen]]);
        else event.target.value = weight;
      },
    });
    const remove = button("×", () => {
      change(place, []);
      byId("q").focus();
    }, { "aria-label": say("remove_part", { name }), title: say("remove_part", { name }) });
    return make("li", { class: weight < 0 ? "part unwanted" : "part" }, shown(kind, value, c, name), number, remove);
  }));
  if (parts.some(([kind, value]) => kind === "upload" && !uploads.has(value))) {
    byId("parts").append(make("li", { class: "hint" }, say("lost_upload")));
  }
}

function shown(kind, value, collection, name) {
  const words = make("span", {}, name);
  if (kind === "image") {
    const address = `/api/v1${within(collection, "thumbnails", value)}?side=160`;
    return make("span", { class: "what" }, picture(address, "", ""), words);
  }
  if (kind === "upload" && uploads.has(value)) {
    return make("span", { class: "what" }, picture(uploads.get(value).address, "", ""), words);
  }
  return make("span", { class: "what" }, words);
}
