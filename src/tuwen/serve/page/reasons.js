/**
 * Why an item matched, measured and not guessed: the server scores each part of the question alone with
 * this item, and the words again with one left out.
 */

import { make } from "./dom.js";
import { say, spoken } from "./words.js";
import { answered } from "./search.js";
import * as parts from "./parts.js";

const MOST_WORDS = 12; // a request each

/** Put the table of reasons into a place; nothing when nothing was asked. */
export async function fillReasons(place, item, now) {
  const whole = parts.question(now);
  if (!whole.query && !whole.parts.length) return;
  const scored = (question) => scoreOf(question, item, now);
  const singles = [
    ...(whole.query ? [[whole.query, { query: whole.query, parts: [], files: [] }]] : []),
    ...now.parts.map((part) => [parts.nameOf(part), parts.question({ q: "", parts: [[part[0], part[1], 1]] }), part[2]])
      .filter(([, question]) => question.parts.length),
  ];
  const [all, ...each] = await Promise.all([scored(whole), ...singles.map(([, question]) => scored(question))]);
  if (all === null) return;
  const rows = singles.map(([name, , weight], at) => [weight < 0 ? `− ${name}` : name, each[at]]);
  if (rows.length > 1) rows.unshift([say("why_all"), all]);
  place.replaceChildren(make("section", {}, make("h3", {}, say("why")), make("p", { class: "hint" }, say("why_hint")),
    table(say("why_part"), say("why_alone"), rows)));
  const falls = await wordsThatCount(whole, all, scored);
  if (falls.length) place.firstChild.append(table(say("why_word"), say("why_falls"), falls));
}

/** How much the score falls when a word is left out, most first. */
async function wordsThatCount(whole, all, scored) {
  if (!whole.query || /["“”「」^\\]|(^|\s)[-－−]/.test(whole.query)) return []; // signs that join or weigh words
  const split = wordsOf(whole.query);
  const words = split.filter((each) => each.isWordLike).slice(0, MOST_WORDS);
  if (words.length < 2) return [];
  const falls = await Promise.all(words.map(async (word) => {
    const rest = split.filter((each) => each !== word).map((each) => each.segment).join("").replace(/\s+/g, " ").trim();
    const without = await scored({ ...whole, query: rest });
    return [word.segment, without === null ? null : all - without];
  }));
  return falls.filter(([, fall]) => fall !== null).sort((a, b) => b[1] - a[1]);
}

function wordsOf(text) {
  if (!("Segmenter" in Intl)) return []; // an older browser cannot tell Chinese words
  const language = /\p{Script=Han}/u.test(text) ? "zh" : spoken();
  return [...new Intl.Segmenter(language, { granularity: "word" }).segment(text)];
}

async function scoreOf(question, item, now) {
  const where = `id = '${item.id.replaceAll("'", "''")}'`;
  const found = await answered(now.c, { ...question, kind: item.kind, k: 1, where });
  return found.hits[0]?.score ?? null;
}

function table(first, second, rows) {
  return make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, first), make("th", { scope: "col" }, second))),
    make("tbody", {}, rows.map(([name, value]) => make("tr", {}, make("th", { scope: "row" }, name),
      make("td", {}, value === null ? "–" : value.toFixed(3))))));
}
