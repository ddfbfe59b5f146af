/** Lists to match: texts that are written, or stand in a file, and pictures that are chosen or dropped. */

import { announce, byId, make } from "./dom.js";
import { isPicture } from "./adding.js";
import { rowsOf, textOf } from "./tables.js";
import { digits, say } from "./words.js";
import { state } from "./state.js";

const TEXT_COLUMNS = /^(text|query|caption|title|headline|sentence|文本|文字|标题|描述)$/i;
const ID_COLUMNS = /^(text_id|id|query_id|编号)$/i;
const LONGEST_ID = 500;
const LARGEST = 20 << 20; // bytes of a text file; more than 10,000 texts have
const TABLES = /\.(csv|tsv)$/i;
let table = null; // of the file that was chosen: { head, rows }
let pictures = []; // { file, address }

/** What is asked with, "text" or "image". */
export const kindOf = () => document.querySelector("input[name=match-with]:checked").value;

export function prepare({ complain }) {
  const taking = (list) => take([...list]).catch(complain);
  for (const each of document.querySelectorAll("input[name=match-with]")) each.addEventListener("change", () => turn(each.value));
  for (const input of [byId("match-file"), byId("match-images")]) {
    input.addEventListener("change", () => {
      taking(input.files);
      input.value = ""; // the same one may be chosen again
    });
  }
  byId("match-column").addEventListener("change", fillLines);
  const carries = (event) => state().view === "match" && [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    taking(event.dataTransfer.files);
  });
}

/** Offer what the collection's encoder can be asked with. */
export function render(current) {
  for (const kind of ["text", "image"]) {
    document.querySelector(`input[name=match-with][value=${kind}]`).disabled = !current.modalities.includes(kind);
  }
  if (!current.modalities.includes(kindOf()) && current.modalities.length) choose(current.modalities[0]);
  count();
}

/** The list as questions: `query` names each; a text, or a file with the address of its picture. */
export function questions() {
  if (kindOf() === "image") return pictures.map(({ file, address }) => ({ query: file.name, file, address }));
  const all = byId("match-lines").value.split("\n");
  const place = table?.head.findIndex((name) => ID_COLUMNS.test(name)) ?? -1;
  const same = place >= 0 && all.length === table.rows.length; // nobody has added or removed a line
  const idOf = (at) => (same && table.rows[at][place]?.slice(0, LONGEST_ID)) || String(at + 1);
  return all.map((line, at) => ({ query: idOf(at), text: line.trim() })).filter(({ text }) => text);
}

async function take(files) {
  const images = files.filter(isPicture);
  if (images.length) {
    for (const { address } of pictures) URL.revokeObjectURL(address);
    pictures = images.map((file) => ({ file, address: URL.createObjectURL(file) }));
    choose("image");
    announce(byId("match-count").textContent);
    return;
  }
  const [file] = files.filter((each) => each.size <= LARGEST && (each.type.startsWith("text/") || TABLES.test(each.name)));
  if (file) {
    read(file.name, await textOf(file));
    choose("text");
  } else if (files.length) {
    byId("matched").replaceChildren(make("p", { class: "note", role: "alert" }, say("match_no_file")));
  }
}

/** Lines of a text file as they are; of a table the column that holds texts, until another is chosen. */
function read(name, text) {
  table = null;
  if (TABLES.test(name)) {
    const [head = [], ...rows] = rowsOf(text, /\.tsv$/i.test(name) ? "\t" : ",");
    table = { head, rows };
    byId("match-column").replaceChildren(...head.map((each, place) => make("option", { value: place }, each || String(place + 1))));
    byId("match-column").value = Math.max(0, head.findIndex((each) => TEXT_COLUMNS.test(each)));
    fillLines();
  } else byId("match-lines").value = text;
}

function fillLines() {
  const place = Number(byId("match-column").value);
  byId("match-lines").value = table.rows.map((row) => (row[place] ?? "").replace(/\s+/g, " ").trim()).join("\n");
}

function choose(kind) {
  document.querySelector(`input[name=match-with][value=${kind}]`).checked = true;
  turn(kind);
}

/** Show what belongs to texts or to pictures; what is looked for is the other kind until one chooses. */
function turn(kind) {
  byId("match-texts").hidden = kind !== "text";
  byId("match-pictures").hidden = kind !== "image";
  byId("match-column-chooser").hidden = table === null;
  byId("match-kind").value = kind === "text" ? "image" : "text";
  count();
}

function count() {
  byId("match-count").textContent = pictures.length ? say("match_chosen", { count: digits(pictures.length) }) : say("match_drop");
}
