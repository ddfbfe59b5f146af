/** Where the visitor is: it stands in the address behind `#`, which never goes to the server. */

// `item` is the one that is open; `of` its collection, where that is not `c`
const DEFAULTS = {
  c: "", q: "", parts: [], show: "both", where: "", hybrid: false, cut_image: "", cut_text: "", item: "", of: "",
  c2: "", way: "plain", way2: "", lines: "", k: "5", mode: "fused", kept: "", fuse: "learned", reach: "50",
};
const STRUCTURED = new Set(["parts", "hybrid"]);
const ASKING = new Set(["search", "compare"]); // these two answer the same question

let current = read();
const listeners = [];

function read() {
  const [view, rest] = location.hash.slice(1).split(/\?(.*)/s);
  const given = new URLSearchParams(rest ?? "");
  const found = { ...DEFAULTS, view: view || "search" };
  for (const [key, value] of given) {
    if (!(key in DEFAULTS)) continue;
    try {
      found[key] = STRUCTURED.has(key) ? JSON.parse(value) : value;
    } catch {
      // a link that was cut off: the part that can be read still counts
    }
  }
  const sound = (part) => Array.isArray(part) && typeof part[1] === "string" && Number.isFinite(part[2]);
  found.parts = Array.isArray(found.parts) ? found.parts.filter(sound).slice(0, 16) : [];
  return found;
}

/** The address of a state. */
export function address(state) {
  const given = new URLSearchParams();
  for (const [key, usual] of Object.entries(DEFAULTS)) {
    const value = STRUCTURED.has(key) ? JSON.stringify(state[key]) : String(state[key]);
    if (value !== (STRUCTURED.has(key) ? JSON.stringify(usual) : usual)) given.set(key, value);
  }
  const rest = given.toString();
  return `#${state.view}${rest ? `?${rest}` : ""}`;
}

export const state = () => current;

/** The address of a view with nothing but what goes along. */
export function fresh(view) {
  const q = ASKING.has(view) && ASKING.has(current.view) ? current.q : "";
  return address({ ...DEFAULTS, view, c: current.c, q });
}

/** Go on to another state; with `replace` going back does not come here again. */
export function go(changes, { replace = false } = {}) {
  const next = { ...current, ...changes };
  const same = address(next) === address(current);
  current = next;
  if (!same) history[replace ? "replaceState" : "pushState"](null, "", address(next));
  tell();
}

export function onChange(listener) {
  listeners.push(listener);
}

function tell() {
  for (const listener of listeners) listener(current);
}

addEventListener("popstate", () => {
  current = read();
  tell();
});
