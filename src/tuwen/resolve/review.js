"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const words = JSON.parse(byId("words").textContent);
  const { key, items, pairs } = JSON.parse(byId("data").textContent);
  const STORE = `tuwen-review-${key}`;
  const WINDOW = 100; // entries of the list at once
  const decisions = new Map(); // pair number -> true, false, or null when skipped
  const past = []; // [pair number, what it was before]: for undo
  let language = document.querySelector("input[name=language]:checked")?.value ?? "en";
  let sorted = [], visible = [], current = -1, remembers = true;

  const say = (word, values = {}) =>
    words[language][word].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  const element = (name, text = "", kind = "") => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const digits = (value) => (value === null ? say("unknown") : value.toFixed(3));
  const measure = (pair) => pair.probability ?? pair.score ?? 0;
  const status = (number) => (decisions.has(number) ? String(decisions.get(number)) : "open");
  const pairName = (pair) => JSON.stringify([pair.left, pair.right]);

  // ---- what is remembered ----

  const saved = () =>
    pairs.flatMap((pair, number) =>
      decisions.has(number)
        ? [{ left: pair.left, right: pair.right, match: decisions.get(number), score: pair.score }]
        : []);

  function remember() {
    try {
      localStorage.setItem(STORE, JSON.stringify(saved()));
    } catch {
      remembers = false; // private windows, full or forbidden storage: the files are still there
    }
  }

  function recall() {
    try {
      take(JSON.parse(localStorage.getItem(STORE) ?? "[]"));
      localStorage.setItem(STORE, JSON.stringify(saved()));
    } catch {
      remembers = false;
    }
  }

  function take(entries) {
    const numbers = new Map(pairs.map((pair, number) => [pairName(pair), number]));
    let count = 0;
    for (const entry of Array.isArray(entries) ? entries : []) {
      const number = numbers.get(pairName(entry ?? {}));
      if (number === undefined || ![true, false, null].includes(entry.match)) continue;
      decisions.set(number, entry.match);
      count += 1;
    }
    return count;
  }

  // ---- which pairs are shown ----

  const orders = {
    highest: (a, b) => measure(pairs[b]) - measure(pairs[a]),
    lowest: (a, b) => measure(pairs[a]) - measure(pairs[b]),
    unsure: (a, b) => doubt(pairs[a]) - doubt(pairs[b]),
  };
  // without probabilities, the place between what was kept and what was not
  const likely = pairs.some((pair) => pair.probability !== null);
  const border = (() => {
    if (likely) return 0.5;
    let lowest = Infinity, highest = -Infinity;
    for (const pair of pairs) {
      if (pair.kept) lowest = Math.min(lowest, measure(pair));
      else highest = Math.max(highest, measure(pair));
    }
    return Number.isFinite(lowest) && Number.isFinite(highest) ? (lowest + highest) / 2 : 0;
  })();
  const doubt = (pair) => Math.abs(measure(pair) - border);
  const shows = {
    all: () => true,
    open: (number) => !decisions.has(number),
    decided: (number) => decisions.get(number) === true || decisions.get(number) === false,
    accepted: (number) => decisions.get(number) === true,
    rejected: (number) => decisions.get(number) === false,
    skipped: (number) => decisions.get(number) === null,
  };

  function sort() {
    sorted = pairs.map((_, number) => number).sort((a, b) => orders[byId("order").value](a, b) || a - b);
  }

  function filter() {
    const [low, high] = ["from", "to"].map((id) => byId(id).valueAsNumber);
    const machine = byId("machine").value;
    visible = sorted.filter((number) => {
      const pair = pairs[number], value = measure(pair);
      return shows[byId("show").value](number)
        && (machine === "any" || pair.kept === (machine === "kept"))
        && !(value < low) && !(value > high); // an empty field is NaN and bounds nothing
    });
  }

  // ---- moving and deciding ----

  function step(by) {
    if (!visible.length) return;
    const rank = new Map(sorted.map((number, place) => [number, place]));
    const here = rank.get(current) ?? -1;
    const later = visible.filter((number) => (rank.get(number) - here) * by > 0);
    const next = by > 0 ? later[0] : later.at(-1);
    if (next === undefined) return;
    announce("");
    go(next);
  }

  function go(number) {
    current = number;
    draw();
  }

  function decide(answer, word) {
    if (current < 0) return;
    const number = current;
    past.push([number, decisions.has(number) ? decisions.get(number) : undefined]);
    decisions.set(number, answer);
    remember();
    filter();
    const place = sorted.indexOf(number);
    const open = (one) => !decisions.has(one);
    const rest = new Set(visible.filter(open));
    const ahead = sorted.slice(place + 1).find((one) => rest.has(one)) ?? [...rest][0];
    current = ahead ?? number;
    draw();
    announce(`${say(word)} ${progressText()}`);
  }

  function undo() {
    const last = past.pop();
    if (!last) {
      announce(say("nothing_to_undo"));
      return;
    }
    const [number, before] = last;
    if (before === undefined) decisions.delete(number);
    else decisions.set(number, before);
    remember();
    filter();
    go(number);
    announce(`${say("did_undo")} ${progressText()}`);
  }

  // ---- drawing ----

  const announce = (text) => { byId("said").textContent = text; };

  function counts() {
    const answers = [...decisions.values()];
    const yes = answers.filter((answer) => answer === true).length;
    const no = answers.filter((answer) => answer === false).length;
    return { decided: yes + no, all: pairs.length, yes, no, skipped: answers.length - yes - no };
  }

  const progressText = () => say("progress", counts());

  function draw() {
    if (current < 0 && visible.length) current = visible[0];
    const { decided } = counts();
    byId("bar").max = Math.max(pairs.length, 1);
    byId("bar").value = decided;
    byId("progress").textContent = progressText();
    byId("memory").textContent = say(remembers ? "remembered" : "forgotten");
    byId("pair").hidden = current < 0;
    byId("nothing").hidden = visible.length > 0;
    byId("finished").hidden = !visible.length || visible.some((number) => !decisions.has(number));
    byId("undo").disabled = !past.length;
    if (current >= 0) drawPair(pairs[current]);
    drawList();
  }

  function drawPair(pair) {
    drawSide(byId("left"), pair.left, items.left[pair.left]);
    drawSide(byId("right"), pair.right, items.right[pair.right]);
    const place = visible.indexOf(current);
    byId("place").textContent = place < 0 ? say("outside") : say("place", { place: place + 1, all: visible.length });
    const answer = status(current);
    byId("accept").setAttribute("aria-pressed", String(answer === "true"));
    byId("reject").setAttribute("aria-pressed", String(answer === "false"));
    const facts = [[say("score"), digits(pair.score)]];
    if (pair.probability !== null) facts.push([say("probability"), digits(pair.probability)]);
    facts.push([say("says"), say(pair.kept ? "kept" : "dropped")], [say("you"), say(`status_${answer}`)]);
    byId("facts").replaceChildren(...facts.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
    byId("why").hidden = !pair.reasons.length;
    const most = Math.max(...pair.reasons.map(([, , weight]) => Math.abs(weight ?? 0)), 1e-9);
    byId("reasons").replaceChildren(...pair.reasons.map((reason) => drawReason(reason, most)));
  }

  function drawReason([name, value, weight], most) {
    const known = words[language][`evidence ${name}`];
    const row = element("tr"), head = element("th", known ?? name), cell = element("td", "", "weight");
    head.scope = "row";
    if (weight !== null) {
      const scale = element("div", "", "scale"), bar = element("span", "", weight < 0 ? "no" : "yes");
      bar.style.width = `${(50 * Math.abs(weight)) / most}%`;
      scale.append(bar);
      const told = `${weight < 0 ? "−" : "+"}${Math.abs(weight).toFixed(2)} ${say(weight < 0 ? "against" : "for")}`;
      scale.title = told;
      cell.append(scale, element("span", told, "hidden"));
    }
    row.append(head, element("td", digits(value)), cell);
    return row;
  }

  function drawSide(box, id, item) {
    const face = item.picture ? element("img") : element(item.lost ? "p" : "blockquote");
    if (item.picture) {
      face.src = item.picture;
      face.alt = say("picture", { id });
    } else if (item.lost) {
      face.className = "lost";
      face.textContent = say("lost");
      face.title = item.lost;
    } else {
      face.dir = "auto";
      face.tabIndex = 0; // long texts scroll
      face.textContent = item.text;
    }
    const name = element("p", id, "id");
    name.dir = "auto";
    box.replaceChildren(face, name);
  }

  function drawList() {
    const place = Math.max(visible.indexOf(current), 0);
    const start = Math.floor(place / WINDOW) * WINDOW;
    const some = visible.slice(start, start + WINDOW);
    byId("shown").textContent = say("shown", { from: some.length ? start + 1 : 0, to: start + some.length, all: visible.length });
    byId("list").replaceChildren(...some.map(drawEntry));
    const mark = byId("list").querySelector("[aria-current]")?.parentElement;
    // within the list alone: scrollIntoView would move the page too
    if (mark) byId("list").scrollTop = mark.offsetTop - byId("list").offsetTop - byId("list").clientHeight / 2;
  }

  function drawEntry(number) {
    const pair = pairs[number], answer = status(number);
    const entry = element("li"), button = element("button");
    button.type = "button";
    if (number === current) button.setAttribute("aria-current", "true");
    const state = element("span", { true: "✓", false: "✗", null: "–", open: "" }[answer], `state ${answer}`);
    state.setAttribute("role", "img");
    state.setAttribute("aria-label", say(`status_${answer}`));
    button.append(state, element("span", measure(pair).toFixed(2)),
      drawSmall(pair.left, items.left[pair.left]), drawSmall(pair.right, items.right[pair.right]));
    button.addEventListener("click", () => {
      go(number);
      byId("pair").focus({ preventScroll: true });
    });
    entry.append(button);
    return entry;
  }

  function drawSmall(id, item) {
    if (!item.picture) {
      const words = element("span", item.text ?? id, "cut");
      words.dir = "auto";
      return words;
    }
    const small = element("img");
    small.src = item.picture;
    small.alt = id;
    small.loading = "lazy";
    return small;
  }

  function speak(to) {
    language = to;
    document.documentElement.lang = to === "zh" ? "zh-CN" : "en";
    for (const one of document.querySelectorAll("[data-word]")) one.textContent = say(one.dataset.word);
    for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", say(one.dataset.label));
    announce("");
    draw();
  }

  // ---- files ----

  const cell = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

  function csv() {
    const lines = saved().filter(({ match }) => match !== null).map(({ left, right, match, score }) =>
      [left, right, match ? "match" : "no match", score === null ? "" : String(score)].map(cell).join(","));
    // the mark in front tells spreadsheets that it is UTF-8
    return `\ufeff${["left,right,decision,score", ...lines].join("\r\n")}\r\n`;
  }

  const json = () => JSON.stringify({ decisions: saved().filter(({ match }) => match !== null) }, null, 1);

  function download(text, name, type) {
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  async function load(event) {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    let count = 0;
    try {
      count = take(JSON.parse(await file.text()).decisions);
    } catch {
      count = 0; // no JSON, or none of ours: said below
    }
    remember();
    past.length = 0;
    filter();
    draw();
    announce(count ? say("loaded", { count }) : say("not_loaded"));
  }

  // ---- start ----

  const keys = {
    a: () => decide(true, "did_accept"),
    r: () => decide(false, "did_reject"),
    s: () => decide(null, "did_skip"),
    u: undo,
    j: () => step(1),
    k: () => step(-1),
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
  };
  byId("accept").addEventListener("click", keys.a);
  byId("reject").addEventListener("click", keys.r);
  byId("skip").addEventListener("click", keys.s);
  byId("undo").addEventListener("click", undo);
  byId("previous").addEventListener("click", keys.k);
  byId("next").addEventListener("click", keys.j);
  byId("csv").addEventListener("click", () => download(csv(), "decisions.csv", "text/csv"));
  byId("json").addEventListener("click", () => download(json(), "decisions.json", "application/json"));
  byId("load").addEventListener("change", load);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filters").addEventListener("input", () => {
    sort();
    filter();
    if (!visible.includes(current)) current = visible[0] ?? -1;
    draw();
  });
  for (const radio of document.querySelectorAll("input[name=language]"))
    radio.addEventListener("change", () => speak(radio.value));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, select, textarea")) return;
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  if (likely) byId("from-what").dataset.word = "from_probability";
  recall();
  sort();
  filter();
  current = visible.find((number) => !decisions.has(number)) ?? visible[0] ?? -1;
  speak(language);
})();
