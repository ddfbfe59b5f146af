/** Items as files: CSV, or their pictures as ZIP; also a whole list of results, not only what was looked at. */

import { announce } from "./dom.js";
import { ask, within } from "./api.js";
import { csvOf, save } from "./tables.js";
import { digits, say } from "./words.js";

export const MOST_ROWS = 10_000;
export const MOST_PICTURES = 500; // that the server puts into one file
const PAGE = 1000; // as many as it gives at once

/**
 * Save results as `form`, "csv" or "zip".
 *
 * @param load gives a page of hits by offset and number
 * @param cut hits that score less are left out, "" for none
 */
export async function whole(load, { collection, kind, form, cut }) {
  const most = form === "zip" ? MOST_PICTURES : MOST_ROWS;
  const hits = [];
  for (let offset = 0; offset !== null && hits.length < most;) {
    const found = await load(offset, Math.min(PAGE, most - hits.length));
    const kept = found.hits.filter((hit) => cut === "" || hit.score >= Number(cut));
    hits.push(...kept);
    offset = kept.length < found.hits.length ? null : found.next_offset ?? null; // what follows scores less
  }
  const name = `${collection}-${kind}s`;
  if (form === "zip") {
    const ids = hits.map((hit) => hit.id);
    save(`${name}.zip`, await ask(within(collection, "export"), { json: { kind, ids }, file: true }));
  } else save(`${name}.csv`, csv(hits));
  announce(say("exported", { count: digits(hits.length) }));
}

/** Items as CSV, a column for each name of their metadata. */
export function csv(items) {
  const names = [...new Set(items.flatMap((item) => Object.keys(item.metadata ?? {})))].sort();
  const columns = ["kind", "id", "name", "text", "entity", "label", "score"];
  const rows = items.map((item) => [
    ...columns.map((column) => item[column]),
    ...names.map((name) => item.metadata?.[name]),
  ]);
  return csvOf([[...columns, ...names.map((name) => (columns.includes(name) ? `metadata.${name}` : name))], ...rows]);
}
