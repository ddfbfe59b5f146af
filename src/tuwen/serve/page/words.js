/** What the page says, in English and Chinese; which of them, and by day or by night. */

import { byId } from "./dom.js";
import { WORDS } from "./dictionary.js";

const STORES = { language: "tuwen-language", theme: "tuwen-theme", keys: "tuwen-keys" };

/** What is remembered in this browser; nothing where storage is forbidden. */
export function recall(name) {
  try {
    return localStorage.getItem(STORES[name]);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(STORES[name], value);
  } catch {
    // private windows: it holds until the page is closed
  }
}

const asked = recall("language") ?? (navigator.languages ?? [navigator.language])[0] ?? "en";
let language = asked.toLowerCase().startsWith("zh") ? "zh" : "en";

export const spoken = () => language;

/** Words by name, with values in place of `{names}`. */
export const say = (name, values = {}) =>
  WORDS[name][language === "zh" ? 1 : 0].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);

/** How many, as the language groups digits. */
export const digits = (number) => number.toLocaleString(language === "zh" ? "zh-CN" : "en");

/** Put the words into what stands in the document itself. */
function fill() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const each of document.querySelectorAll("[data-word]")) each.textContent = say(each.dataset.word);
  for (const each of document.querySelectorAll("[data-label]")) {
    each.setAttribute("aria-label", say(each.dataset.label));
    if (each.tagName === "BUTTON") each.title = say(each.dataset.label);
  }
  for (const each of document.querySelectorAll("[data-placeholder]")) each.placeholder = say(each.dataset.placeholder);
  byId("language").textContent = language === "zh" ? "English" : "中文";
  byId("language").lang = language === "zh" ? "en" : "zh";
}

/** Let the visitor choose language and light; `changed` is called when words must be written anew. */
export function prepare(changed) {
  fill();
  byId("language").addEventListener("click", () => {
    language = language === "zh" ? "en" : "zh";
    remember("language", language);
    fill();
    changed();
  });
  const theme = recall("theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  byId("theme").addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
    document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
    remember("theme", document.documentElement.dataset.theme);
  });
}
