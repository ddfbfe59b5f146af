/** What was found for one of many questions: as a row of the page, and as lines of a table. */

import { make } from "./dom.js";
import { within } from "./api.js";
import { say } from "./words.js";
import { opener, score } from "./results.js";
import { csvOf } from "./tables.js";

/** An answered question with its items, best first; its own one is marked, and added when it is not among them. */
export function rowOf({ query, text, address, hits, error, pair }, asked) {
  const best = Math.max(...hits.map((hit) => hit.score), 0.0001);
  const shown = all(hits, pair).map((hit) => item(hit, best, asked, hit.id === pair?.id));
  return make("li", { class: "match" },
    make("div", { class: "asked" }, address ? make("img", { src: address, alt: "", loading: "lazy" }) : "", make("h2", {}, text ?? query)),
    error ? make("p", { class: "note", lang: "en" }, error.detail) : make("ol", { class: "strip" }, shown),
    error || hits.length ? "" : make("p", { class: "note" }, say("none")));
}

const all = (hits, pair) => (pair && !hits.some((hit) => hit.id === pair.id) ? [...hits, pair] : hits);

function item(hit, best, { collection, kind }, own) {
  const thumbnail = kind === "image" ? `/api/v1${within(collection, "thumbnails", hit.id)}` : null;
  return make("li", { class: `of-${kind}${own ? " own" : ""}` }, opener({ ...hit, kind, thumbnail }, 160), score(hit.score, best),
    own ? make("p", { class: "hint" }, say("match_own")) : "");
}

/** The columns of `tuwen match`, and what the questions and the items say. */
export function csv(found, { kind, pairs }) {
  const head = ["query_id", "query", "similarity_ranking", `result_${kind}_id`, "result", "score", ...(pairs ? ["paired"] : []), "reason"];
  const rows = found.flatMap(({ query, text, hits, error, pair }) => {
    const line = (hit, reason = "") => [query, text, hit.rank, hit.id, hit.text ?? hit.name, hit.score,
      ...(pairs ? [Number(Boolean(pair) && hit.id === pair.id)] : []), reason];
    return error ? [line({}, error.detail)] : all(hits, pair).map((hit) => line(hit));
  });
  return csvOf([head, ...rows]);
}
