/** Making and finding elements. What comes from data becomes text nodes and attributes, never markup. */

export const byId = (id) => document.getElementById(id);

/**
 * An element: properties that begin with `on` are listeners, the others attributes; false and null are left out.
 */
export function make(name, given = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...inside.flat().filter((each) => each !== null && each !== undefined && each !== false));
  return made;
}

/** A button that does one thing. */
export const button = (words, act, given = {}) => make("button", { type: "button", onclick: act, ...given }, words);

let later = 0;

/** Tell those who do not see the page what has changed. */
export function announce(words) {
  clearTimeout(later);
  later = setTimeout(() => { byId("said").textContent = words; }, 60); // a change at once after another is not read
}

/** Call a function when nothing has happened for a while. */
export function calmly(act, milliseconds) {
  let waiting = 0;
  return (...given) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => act(...given), milliseconds);
  };
}

/** The first `count` characters, whole ones. */
export function shorten(text, count) {
  const signs = Array.from(text);
  return signs.length > count ? `${signs.slice(0, count - 1).join("")}…` : text;
}

/** Show the picture of an item; when it is gone, say so in its place. */
export function picture(address, alt, lost, given = {}) {
  const image = make("img", { src: address, alt, loading: "lazy", decoding: "async", ...given });
  image.addEventListener("error", () => image.replaceWith(make("span", { class: "lost" }, lost)), { once: true });
  return image;
}
