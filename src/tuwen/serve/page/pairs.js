/** Pairs for review: of a table that `tuwen resolve` wrote, or pictures of the collection that look alike. */

import { ask, within } from "./api.js";
import { rowsOf } from "./tables.js";
import { say } from "./words.js";

const MOST = 2000;

/** The pairs of a table with columns `left_id` and `right_id`; null when it has none such. */
export function pairsOf(text) {
  const [head = [], ...rows] = rowsOf(text);
  const [left, right] = [head.indexOf("left_id"), head.indexOf("right_id")];
  if (left < 0 || right < 0) return null;
  const named = ["probability", "estimated_probability", "similarity"].find((name) => head.includes(name));
  const place = head.indexOf(named);
  return rows.filter((row) => row[left] && row[right]).slice(0, MOST)
    .map((row) => ({ left: row[left], right: row[right], score: place < 0 ? null : Number(row[place]), kinds: ["image", "text"] }));
}

/** Pairs of pictures that look alike: the first of each group with each of the others. */
export async function duplicatesOf(collection) {
  const found = await ask(within(collection, "duplicates"), { query: { kind: "image", limit: 1000 } });
  return found.groups.flatMap(({ members }) => members.filter((each) => each.stored).slice(1)
    .map((each) => ({ left: members[0].id, right: each.id, score: null, kinds: ["image"] }))).slice(0, MOST);
}

/** An item by its id, of whichever kind it is; null when the collection has none. */
export async function itemOf(collection, id, kinds) {
  for (const kind of kinds) {
    try {
      return await ask(within(collection, "items", kind, id));
    } catch (error) {
      if (error.status !== 404) throw error;
    }
  }
  return null;
}

/** Every answer there is, by pair. */
export async function answersOf(collection) {
  const kept = new Map();
  for (let offset = 0; offset !== null;) {
    const page = await ask(within(collection, "resolve", "decisions"), { query: { offset, limit: 1000 } });
    for (const each of page.decisions) kept.set(keyOf(each), each.match);
    offset = page.next_offset;
  }
  return kept;
}

export const keyOf = (pair) => JSON.stringify([pair.left, pair.right]);

/** Keep an answer; null takes it back. Gives how many there are then. */
export const decide = (collection, pair, match) =>
  ask(within(collection, "resolve", "decisions"), { json: { decisions: [{ left: pair.left, right: pair.right, match }] } });

export const countsOf = (page) => say("review_counts", { total: page.total, matches: page.matches });
