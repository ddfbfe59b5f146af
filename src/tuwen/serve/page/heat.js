/**
 * Where in a picture it counts: a heat map over it, measured by the server, with words for those who do not
 * see it. The drawing is as `tuwen explain -o` makes it.
 */

import { button, make } from "./dom.js";
import { ask, Trouble, within } from "./api.js";
import { say } from "./words.js";
import * as parts from "./parts.js";

// little to much: share, red, green, blue, opacity; lightness rises, so that it reads without colours
const RAMP = [[0, 12, 16, 56, 0.72], [0.35, 70, 24, 110, 0.52], [0.7, 225, 80, 50, 0.3], [1, 255, 220, 70, 0.34]];
const PLACES = {
  "upper left": "place_upper_left", top: "place_top", "upper right": "place_upper_right",
  left: "place_left", middle: "place_middle", right: "place_right",
  "lower left": "place_lower_left", bottom: "place_bottom", "lower right": "place_lower_right",
};

/** What shows the picture of an item, with a button for its heat map when something was asked. */
export function framed(shown, item, now) {
  const asked = parts.question(now);
  const frame = make("div", { class: "heated" }, shown);
  if (!asked.query && !asked.parts.length) return frame;
  const said = make("p", { class: "hint", role: "status" });
  const legend = make("p", { class: "heat-legend hint", hidden: true, "aria-hidden": "true" },
    say("heat_little"), make("span", { class: "heat-ramp" }), say("heat_much"));
  let drawing = null;
  let waiting = false;
  const toggle = button(say("heat_show"), async () => {
    if (waiting) return;
    waiting = true;
    try {
      drawing ??= await drawn(frame, said, () => measured(asked, item, now));
      const on = drawing.hidden;
      drawing.hidden = !on;
      legend.hidden = !on;
      said.hidden = !on;
      toggle.setAttribute("aria-pressed", String(on));
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      said.replaceChildren(error.what, " ", error.advice, " ", make("span", { lang: "en", class: "told" }, error.message));
    } finally {
      waiting = false;
    }
  }, { "aria-pressed": "false", title: say("heat_hint") });
  return make("div", {}, frame, make("div", { class: "tools" }, toggle, legend), said);
}

function measured(asked, item, now) {
  const { files, ...question } = asked;
  const json = { item: item.id, ...question };
  if (!files.length) return ask(within(now.c, "heat"), { json });
  const form = new FormData();
  for (const file of files) form.append("files", file);
  form.append("heat", JSON.stringify(json));
  return ask(within(now.c, "heat", "upload"), { form });
}

/** A canvas over the picture, hidden yet; `said` gets what it shows in words. */
async function drawn(frame, said, measure) {
  said.hidden = false;
  said.textContent = say("heat_wait");
  const heat = await measure();
  said.textContent = toldOf(heat);
  const made = make("canvas", { "aria-hidden": "true", hidden: true });
  const image = frame.querySelector("img");
  if (image && !image.complete) {
    await new Promise((done) => ["load", "error"].forEach((ended) => image.addEventListener(ended, done, { once: true })));
  }
  // as large as the picture, so that it is fitted into the same place
  Object.assign(made, { width: image?.naturalWidth || 640, height: image?.naturalHeight || 480 });
  const small = make("canvas", { width: heat.columns, height: heat.rows });
  const cells = new ImageData(heat.columns, heat.rows);
  heat.values.flat().forEach((share, at) => cells.data.set(colourOf(share), 4 * at));
  small.getContext("2d").putImageData(cells, 0, 0);
  const pen = made.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(small, 0, 0, made.width, made.height);
  frame.append(made);
  return made;
}

function toldOf({ how, most, score, strength }) {
  if (most === null) return say("heat_none");
  const values = { place: say(PLACES[most]), score: score.toFixed(3), strength: strength.toFixed(3) };
  return say(how === "occlusion" ? "heat_falls" : "heat_patches", values);
}

function colourOf(share) {
  const above = Math.max(1, RAMP.findIndex(([at]) => share <= at));
  const [low, high] = [RAMP[above - 1], RAMP[above]];
  const step = (share - low[0]) / (high[0] - low[0]);
  const [red, green, blue, opacity] = low.slice(1).map((value, at) => value + step * (high[at + 1] - value));
  return [red, green, blue, 255 * opacity];
}
