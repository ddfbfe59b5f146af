/** The pictures of a collection on a plane, coloured by class. */

import { make } from "./dom.js";
import { say } from "./words.js";
import { go } from "./state.js";

const SVG = "http://www.w3.org/2000/svg";
const HUES = 8; // classes with a colour of their own; the others share one

function draw(name, given, ...inside) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

/** A section with the map; arrow keys go from dot to dot, Enter opens one. */
export function map(plane) {
  const labels = new Map();
  for (const { label } of plane.places) if (label) labels.set(label, (labels.get(label) ?? 0) + 1);
  const first = [...labels].sort((a, b) => b[1] - a[1]).slice(0, HUES).map(([label]) => label);
  const dots = plane.places.map((place, number) => {
    const name = say("plane_place", { name: place.id, label: place.label ?? "–" });
    const dot = draw("circle", {
      cx: place.x.toFixed(3), cy: (-place.y).toFixed(3), r: 0.018, role: "button", "aria-label": name,
      tabindex: number ? -1 : 0, class: `hue-${first.indexOf(place.label)}`,
    }, draw("title", {}));
    dot.firstChild.textContent = name;
    dot.addEventListener("click", () => go({ item: `image:${place.id}` }));
    return dot;
  });
  const drawing = draw("svg", { viewBox: "-1.05 -1.05 2.1 2.1", role: "group", "aria-label": say("plane"), class: "plane" }, ...dots);
  drawing.addEventListener("keydown", (event) => step(event, dots));
  const legend = first.map((label, number) => make("li", {}, make("span", { class: `dot hue-${number}`, "aria-hidden": "true" }), label));
  return make("section", {}, make("h2", {}, say("plane")),
    make("p", { class: "hint" }, say("plane_hint", { share: (100 * plane.explained).toFixed(0) })),
    make("div", { class: "mapped" }, drawing, legend.length ? make("ul", { class: "legend" }, legend) : ""));
}

function step(event, dots) {
  const here = dots.indexOf(event.target);
  if (here < 0) return;
  if (event.key === "Enter" || event.key === " ") event.target.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  else if (event.key.startsWith("Arrow")) {
    const next = dots[nearest(here, dots, event.key)];
    if (!next) return;
    event.target.setAttribute("tabindex", -1);
    next.setAttribute("tabindex", 0);
    next.focus();
  } else return;
  event.preventDefault();
}

/** The number of the nearest dot in a direction, of those not too far to its side. */
function nearest(here, dots, key) {
  const at = (dot) => [Number(dot.getAttribute("cx")), Number(dot.getAttribute("cy"))];
  const [x, y] = at(dots[here]);
  const [dx, dy] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
  let best = -1;
  let least = Infinity;
  dots.forEach((dot, number) => {
    const [u, v] = at(dot);
    const along = (u - x) * dx + (v - y) * dy;
    const aside = Math.abs((u - x) * dy) + Math.abs((v - y) * dx);
    if (number !== here && along > 0 && aside <= along && along + aside < least) [best, least] = [number, along + aside];
  });
  return best;
}
