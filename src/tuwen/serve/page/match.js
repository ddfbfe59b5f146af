/** Many questions at once: the best items for each of many texts or pictures, shown as they are found. */

import { byId, button, make } from "./dom.js";
import { lines, Trouble, within } from "./api.js";
import { lots } from "./adding.js";
import { csv, rowOf } from "./matches.js";
import { save } from "./tables.js";
import { digits, say } from "./words.js";
import { state } from "./state.js";
import * as lists from "./lists.js";

const MOST_TEXTS = 10_000; // that the server takes at once
const MOST_PICTURES = 200;
const DRAWN = 100; // rows at a time: a browser is slow with thousands
const CALM = 300; // milliseconds between two looks at the progress

let answers = []; // questions, with `hits` or `error` and `pair` when they are answered
let asked = null; // how: { collection, kind, k, pairs }
let running = null;
let most = DRAWN;
let looked = 0;

export function prepare({ complain }) {
  lists.prepare({ complain });
  byId("match-ask").addEventListener("submit", (event) => {
    event.preventDefault();
    start().catch(complain);
  });
  byId("match-stop").addEventListener("click", () => running?.abort());
}

export async function render({ now, current }) {
  lists.render(current);
  if (asked && asked.collection !== now.c) {
    running?.abort();
    [answers, asked] = [[], null];
    busy(false);
  }
  const key = JSON.stringify([now.c, document.documentElement.lang]);
  if (byId("matched").dataset.drawn === key) return; // an item was opened or closed
  byId("matched").dataset.drawn = key;
  draw();
}

async function start() {
  const listed = lists.questions();
  const images = lists.kindOf() === "image";
  const parcels = images ? lots(listed.map(({ file }) => file), MOST_PICTURES) : [];
  const pairs = byId("match-pairs").value || null;
  const why = refusal(listed, images, pairs && parcels.length > 1);
  if (why) {
    byId("matched").replaceChildren(make("p", { class: "note", role: "alert" }, why));
    return;
  }
  running?.abort();
  running = new AbortController();
  const k = Math.min(100, Math.max(1, Math.round(Number(byId("match-k").value)) || 5));
  asked = { collection: state().c, kind: byId("match-kind").value, k, pairs };
  [answers, most] = [listed, DRAWN];
  const how = { kind: asked.kind, k, pairs, details: true };
  const queries = listed.map(({ query, text }) => ({ id: query, text }));
  const requests = images ? parcels.map((files) => [["match", "upload"], formOf(files, how)]) : [[["match"], { json: { queries, ...how } }]];
  await follow(requests, running.signal).catch((error) => {
    if (error.name !== "AbortError") throw error;
  });
}

/** Why nothing is asked; empty when it can be. */
function refusal(listed, images, apart) {
  if (!listed.length) return say(images ? "match_no_pictures" : "match_no_texts");
  if (!images && listed.length > MOST_TEXTS) return say("match_too_many", { most: digits(MOST_TEXTS) });
  return apart ? say("match_pairs_bound", { most: digits(MOST_PICTURES) }) : "";
}

function formOf(files, how) {
  const form = new FormData();
  for (const file of files) form.append("files", file);
  form.append("match", JSON.stringify(how));
  return { form };
}

/** Send requests one after the other and show what comes, line by line. */
async function follow(requests, signal) {
  const [own, { collection }] = [answers, asked];
  let [done, before] = [0, 0];
  busy(true);
  draw();
  try {
    for (const [steps, sent] of requests) {
      let ended = false;
      for await (const line of lines(within(collection, ...steps), { ...sent, signal })) {
        if (line.query !== undefined) Object.assign(own[done++], { hits: line.hits ?? [], error: line.error, answered: true });
        else if (line.pair) own[before + line.pair.number].pair = line.pair;
        else if (line.error) throw new Trouble(line.error);
        ended = "done" in line;
        look(done, own.length);
      }
      if (!ended) throw new Trouble({ status: 0, code: "offline", detail: "" });
      before = done;
    }
  } finally {
    if (own === answers) { // nothing else was asked meanwhile
      busy(false);
      looked = 0;
      look(done, own.length);
      draw();
    }
  }
}

function busy(yes) {
  byId("match-running").hidden = false;
  byId("match-stop").hidden = !yes;
  byId("matched").setAttribute("aria-busy", String(yes));
}

function look(done, all) {
  Object.assign(byId("match-progress"), { max: all, value: done });
  if (performance.now() - looked < CALM) return;
  looked = performance.now();
  byId("match-said").textContent = say("match_progress", { done: digits(done), all: digits(all) });
  const list = byId("matched").querySelector(".matches");
  list?.append(...there().slice(list.children.length, most).map((each) => rowOf(each, asked)));
}

const there = () => answers.filter((each) => each.answered);

/** All that is answered, anew. */
function draw() {
  byId("match-running").hidden = asked === null;
  const found = there();
  const list = make("ol", { class: "matches" }, found.slice(0, most).map((each) => rowOf(each, asked)));
  const ended = byId("matched").getAttribute("aria-busy") !== "true";
  const further = () => {
    const first = list.children.length;
    most += DRAWN;
    draw();
    byId("matched").querySelectorAll(".match")[first]?.querySelector("button")?.focus();
  };
  byId("matched").replaceChildren(ended && found.length ? summary(found) : "", list,
    ended && found.length > most ? button(say("more"), further, { class: "more" }) : "");
}

function summary(found) {
  const count = (name) => found.filter((each) => each[name]).length;
  const words = [say("match_done", { count: digits(found.length) }),
    ...(count("error") ? [say("match_faults", { count: digits(count("error")) })] : []),
    ...(asked.pairs ? [say("match_paired", { count: digits(count("pair")) })] : [])];
  return make("div", { class: "tools" }, make("p", {}, words.join(" ")),
    button(say("export_csv"), () => save(`${asked.collection}-match.csv`, csv(found, asked))));
}
