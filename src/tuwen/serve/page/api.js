/** Asks the server; what it refuses becomes a `Trouble` with the problem it named. */

import { say } from "./words.js";

const API = "/api/v1";

export class Trouble extends Error {
  constructor(problem, wait = 0) {
    super(problem.detail);
    Object.assign(this, { status: problem.status, code: problem.code, id: problem.request_id ?? "", wait });
    this.fields = problem.fields ?? [];
  }

  /** What happened, in the visitor's language. */
  get what() {
    const known = { 0: "t_offline", 401: "t_token", 403: "t_forbidden", 404: "t_absent", 408: "t_slow", 409: "t_conflict",
      413: "t_large", 421: "t_host", 429: "t_often", 503: "t_busy", 504: "t_slow", 507: "t_full" };
    return say(known[this.status] ?? (this.status >= 500 ? "t_fault" : "t_wrong"));
  }

  /** What can be done about it. */
  get advice() {
    const known = { 0: "d_offline", 401: "d_token", 403: "d_forbidden", 404: "d_absent", 408: "d_again", 413: "d_large",
      429: "d_wait", 503: "d_wait", 504: "d_slow", 507: "d_keeper", 421: "d_keeper" };
    return say(known[this.status] ?? (this.status >= 500 ? "d_keeper" : "d_change"), { seconds: this.wait || 5 });
  }
}

/** The address of a collection, or of something in it. */
export const within = (name, ...steps) =>
  ["/collections", encodeURIComponent(name), ...steps.map(encodeURIComponent)].join("/");

/**
 * One request; gives the JSON of the answer.
 *
 * `query` goes into the address, `json` or `form` into the body; with `file` the answer is one, as a blob.
 */
export async function ask(path, { file = false, ...sent } = {}) {
  const answer = await send(path, sent);
  if (answer.status === 204) return null;
  return file ? answer.blob() : answer.json();
}

/** One request whose answer is lines of JSON, each given as soon as it is there. */
export async function* lines(path, sent) {
  const reader = (await send(path, sent)).body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let rest = ""; ;) {
      const { done, value } = await reader.read().catch((error) => {
        throw error.name === "AbortError" ? error : offline();
      });
      if (done) return;
      const whole = (rest + value).split("\n");
      rest = whole.pop();
      for (const line of whole) yield JSON.parse(line);
    }
  } finally {
    reader.cancel().catch(() => {}); // whoever asked has gone, or it has ended by itself
  }
}

const offline = () => new Trouble({ status: 0, code: "offline", detail: "" });

async function send(path, { method, query, json, form, signal }) {
  const chosen = Object.entries(query ?? {}).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const address = `${API}${path}${chosen.length ? `?${new URLSearchParams(chosen)}` : ""}`;
  const headers = json === undefined ? {} : { "Content-Type": "application/json" };
  const body = json === undefined ? form : JSON.stringify(json);
  let answer;
  try {
    answer = await fetch(address, { method: method ?? (body === undefined ? "GET" : "POST"), headers, body, signal });
  } catch (error) {
    throw error.name === "AbortError" ? error : offline();
  }
  if (answer.ok) return answer;
  let problem = { status: answer.status, code: "", detail: "" };
  try {
    problem = { ...problem, ...(await answer.json()) };
  } catch {
    // a proxy in between answered with something else: the status says enough
  }
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("needs-token"));
  throw new Trouble(problem, Number(answer.headers.get("Retry-After")) || 0);
}
