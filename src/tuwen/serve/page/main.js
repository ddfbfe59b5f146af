/** Starts the page: collections, views, sign-in. */

import { announce, byId, button, make } from "./dom.js";
import { ask, Trouble } from "./api.js";
import { prepare, recall, say } from "./words.js";
import { fresh, go, onChange, state } from "./state.js";
import * as compare from "./compare.js";
import * as editing from "./editing.js";
import * as illustrate from "./illustrate.js";
import * as item from "./item.js";
import * as keys from "./keys.js";
import * as match from "./match.js";
import * as overview from "./overview.js";
import * as review from "./review.js";
import * as search from "./search.js";
import * as selection from "./selection.js";

const VIEWS = { search, compare, match, illustrate, review, collection: overview };
const server = { collections: [], scopes: [] };

/** Say plainly what went wrong in the view that is shown, and what to do. */
function complain(error) {
  if (error.name === "AbortError") return;
  if (!(error instanceof Trouble)) throw error;
  byId("trouble").replaceChildren(
    make("strong", {}, error.what), " ", error.advice, " ",
    ...error.fields.map((field) => make("p", { lang: "en" }, `${field.field}: ${field.reason}`)),
    error.message ? make("p", { class: "hint" }, say("server_says", { words: "" }), make("span", { lang: "en", class: "told" }, error.message)) : "",
    error.id ? make("p", { class: "hint" }, say("request", { id: error.id })) : "",
    button(say("again"), () => (server.collections.length ? render(state()) : start())),
  );
  byId("trouble").hidden = false;
}

function render(now) {
  byId("trouble").hidden = true;
  const view = now.view in VIEWS ? now.view : "search";
  for (const link of byId("nav").querySelectorAll("a")) {
    link.href = fresh(link.dataset.view);
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const name of Object.keys(VIEWS)) byId(`view-${name}`).hidden = name !== view;
  const name = say(view === "match" ? "match_many" : view); // "match" is what reviewers say of a pair
  byId("title").textContent = name;
  byId("title").classList.toggle("unseen", view === "search");
  document.title = [now.q, name, now.c, "图文 tuwen"].filter(Boolean).join(" · ");
  const current = server.collections.find((each) => each.name === now.c);
  if (!current) return;
  byId("chosen").value = now.c;
  const context = { now, current, server, complain };
  editing.render(context);
  VIEWS[view].render(context).catch(complain);
  item.render(context).catch(complain);
  selection.render(context);
}

async function start() {
  try {
    Object.assign(server, await ask("/session"));
    byId("sign-out").hidden = !(server.needs_token && server.scopes.length);
    if (!server.scopes.length) {
      byId("sign-in").showModal();
      return;
    }
    Object.assign(server, await ask("/collections"));
  } catch (error) {
    if (error.status === 401) byId("sign-in").showModal(); // a token that was taken away
    else complain(error);
    return;
  }
  const names = server.collections.map((each) => each.name);
  byId("chosen").replaceChildren(...names.map((name) => make("option", { value: name }, name)));
  byId("chooser").hidden = names.length < 2;
  if (names.includes(state().c)) render(state());
  else if (names.length) go({ c: names[0] }, { replace: true });
}

function prepareSession() {
  document.addEventListener("needs-token", () => {
    if (!byId("sign-in").open) byId("sign-in").showModal();
  });
  byId("sign-in-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await ask("/session", { json: { token: byId("token").value.trim() } });
      byId("sign-in-trouble").textContent = "";
      byId("token").value = "";
      byId("sign-in").close();
      await start();
    } catch (error) {
      byId("sign-in-trouble").textContent = `${error.what} ${error.advice}`;
      byId("token").select();
    }
  });
  byId("sign-in").addEventListener("cancel", (event) => event.preventDefault()); // there is nothing behind it
  byId("sign-out").addEventListener("click", async () => {
    await ask("/session", { method: "DELETE" }).catch(complain);
    location.reload();
  });
}

byId("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address behind # says where the visitor is
  byId("main").focus();
});
byId("chosen").addEventListener("change", (event) => {
  // parts of the question are items of the collection before
  go({ c: event.target.value, parts: [], where: "", item: "", cut_image: "", cut_text: "" });
  announce(event.target.value);
});
prepare(() => render(state()));
for (const part of [...Object.values(VIEWS), editing, item, selection]) part.prepare({ complain });
keys.prepare(recall("keys") !== "off");
prepareSession();
onChange(render);
start();
