"use strict";
// Polls the sandbox twice a second and displays changes. All data are inserted as text, never as
// markup.
const PAUSE = 500;
const MOST_CALLS = 300;

const known = { sandbox: null, call: -1, number: -1 };
const rows = { now: null, before: new Map(), made: new Map(), ended: new Map() };
let sides = { grid: [], iconik: [] };
let run = { number: 0 };
let cleared = 0;
let calls = [];

const byId = (id) => document.getElementById(id);
const filter = byId("filter");
const pressed = (id) => byId(id).getAttribute("aria-pressed") === "true";

function make(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content.filter((one) => one !== null && one !== ""));
  return element;
}

const textOf = (row) => [row.name, row.title, row.state, ...row.facts, ...row.parts.map(textOf)].join(" ").toLowerCase();
const marked = (row) => row.run > cleared && row.run === run.number;
const anyMarked = (row) => marked(row) || row.parts.some(anyMarked);
const fits = (text) => filter.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));

function flat(list, into = new Map()) {
  for (const row of list) {
    into.set(row.key, row);
    flat(row.parts, into);
  }
  return into;
}

// Rows changed by a run are compared with their earlier values; removed rows stay displayed until
// the next run.
function learn(answer) {
  const now = flat(Object.values(answer.sides).flatMap((list) => list.flatMap((one) => one.rows)));
  for (const [key, row] of rows.now ? now : []) {
    const was = rows.now.get(key);
    if (!was) rows.made.set(key, row.run);
    else if (was.run !== row.run) rows.before.set(key, was);
  }
  for (const [side, parts] of Object.entries(sides)) {
    for (const part of parts) {
      const here = answer.sides[side].find((one) => one.name === part.name);
      for (const row of part.rows) {
        // A row that only exceeds the section's maximum was not removed.
        if (!now.has(row.key) && here.more === 0 && part.name !== "activity") {
          rows.ended.set(row.key, { ...row, run: run.number, part: part.name, gone: true });
        }
      }
    }
  }
  for (const [key, row] of rows.ended) {
    if (now.has(key) || row.run !== run.number) rows.ended.delete(key);
  }
  rows.now = now;
  sides = answer.sides;
}

const isNew = (row) => rows.made.get(row.key) === row.run;

function kindOfChange(row) {
  if (row.gone) return "gone";
  return isNew(row) ? "new" : "changed";
}

function facts(row, was) {
  const list = make("div", "facts");
  for (const fact of row.facts) {
    list.append(make("span", was && !was.facts.includes(fact) ? "fresh" : "", fact));
  }
  if (row.opens && !row.gone) {
    const link = make("a", "", "open");
    link.href = `/sandbox/open/${encodeURIComponent(row.opens)}`;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    link.setAttribute("aria-label", `open the link ${row.title}, in a new tab`);
    list.append(make("span", "", link));
  }
  if (row.reads !== null && !row.gone) {
    const button = make("button", "read", "read");
    button.type = "button";
    button.dataset.mail = row.reads;
    button.setAttribute("aria-label", `read the mail ${row.title}`);
    button.addEventListener("click", () => openMail(row.reads));
    list.append(make("span", "", button));
  }
  return list;
}

function item(row, shown) {
  const is = marked(row);
  const was = is && !isNew(row) ? rows.before.get(row.key) : undefined;
  const element = make("li", [is ? "marked" : "", row.gone ? "gone" : ""].join(" ").trim());
  element.dataset.key = row.key;
  if (is && !shown.has(signature(row))) element.classList.add("arriving");
  const state = make("span", `state ${row.tone}`.trim());
  if (was && was.state !== row.state) state.append(make("span", "was", `was ${was.state} → `));
  state.append(row.gone ? "gone" : row.state);
  element.append(make("div", "line",
    row.name ? make("span", "name", row.name) : null,
    make("span", "title", row.title),
    is ? make("span", "badge", kindOfChange(row)) : null,
    row.state || row.gone ? state : null,
  ));
  if (row.facts.length || row.opens || row.reads) element.append(facts(row, was));
  const parts = row.parts.filter((part) => !pressed("only") || marked(row) || anyMarked(part));
  if (parts.length) element.append(make("ul", "", ...parts.map((part) => item(part, shown))));
  return element;
}

const signature = (row) => `${row.key} ${row.state} ${row.facts.join(" ")} ${row.gone}`;
let shownBefore = new Set();

function showPart(side, part) {
  const id = `${side}-${part.name}`;
  let box = byId(id);
  if (!box) {
    box = make("details", "", make("summary", "", make("h3", "", part.title), make("span", "count"), make("span", "changes")), make("ul", ""), make("p", "more"));
    box.id = id;
    box.open = true;
    byId(side).append(box);
  }
  const ended = [...rows.ended.values()].filter((row) => row.part === part.name && marked(row));
  const every = [...part.rows, ...ended];
  const shown = every.filter((row) => (!pressed("only") || anyMarked(row)) && fits(textOf(row)));
  const changes = every.filter(anyMarked).length;
  box.querySelector(".count").textContent = shown.length === every.length ? `${every.length}` : `${shown.length} of ${every.length}`;
  const badge = box.querySelector(".changes");
  badge.textContent = `${changes} changed`;
  badge.hidden = changes === 0;
  box.hidden = every.length === 0 || (pressed("only") && shown.length === 0);
  const focused = document.activeElement?.closest?.(`#${CSS.escape(id)} li`)?.dataset.key;
  box.querySelector("ul").replaceChildren(...shown.map((row) => item(row, shownBefore)));
  // Keep the focus on a link or button when its row is replaced.
  if (focused) box.querySelector(`li[data-key="${CSS.escape(focused)}"] :is(a, button)`)?.focus({ preventScroll: true });
  box.querySelector(".more").textContent = part.more ? `… and ${part.more} more that changed longer ago` : "";
}

function showSides() {
  for (const [side, parts] of Object.entries(sides)) for (const part of parts) showPart(side, part);
  shownBefore = new Set([...rows.now.values(), ...rows.ended.values()].map(signature));
}

function showCalls() {
  const shown = calls.filter((call) => (!pressed("writes") || call.wrote)
    && fits(`${call.platform} ${call.method} ${call.path} ${call.status}`.toLowerCase()));
  byId("feed").querySelector("tbody").replaceChildren(...shown.slice(-MOST_CALLS).reverse().map((call) => {
    const cells = [call.at, call.platform, call.method, call.path, call.status || "cut off", call.milliseconds.toFixed(1)];
    const line = make("tr", "", ...cells.map((cell, index) => make("td", index === 5 ? "number" : "", String(cell))));
    line.classList.toggle("wrote", call.wrote);
    line.classList.toggle("marked", call.wrote && call.run === run.number && call.run > cleared);
    line.classList.toggle("refused", call.status >= 400 || call.status === 0);
    return line;
  }));
}

// Scroll to the first change of a run, unless the side does not scroll or has the focus.
const turned = new Set();
function turn(side) {
  const first = side.querySelector("li.marked");
  if (!first || turned.has(side)) return;
  turned.add(side);
  if (side.scrollHeight === side.clientHeight || side.contains(document.activeElement)) return;
  const [outer, inner] = [side.getBoundingClientRect(), first.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) side.scrollTop += inner.top - outer.top - 48;
}

// Screen readers announce a summary instead of every single call.
function say() {
  byId("said").value = run.number
    ? `Last run that changed something: ${run.calls} calls, ${run.writes} of them writes, in ${run.seconds.toFixed(2)} s`
    : "Nothing was changed yet. Run a workflow, and watch.";
}

function showAll() {
  showSides();
  showCalls();
  say();
}

async function ask() {
  const answer = await (await fetch(`/sandbox/now?call=${known.call}&number=${known.number}`)).json();
  if (known.sandbox !== null && known.sandbox !== answer.sandbox) {
    // Another sandbox was started, whose counters begin anew.
    location.reload();
    return;
  }
  known.sandbox = answer.sandbox;
  const anything = answer.calls.length > 0 || answer.number !== known.number;
  if (answer.run.number !== run.number) turned.clear();
  run = answer.run;
  if (answer.sides) learn(answer);
  known.number = answer.number;
  if (answer.calls.length) {
    calls = [...calls, ...answer.calls].slice(-2 * MOST_CALLS);
    known.call = answer.calls.at(-1).number;
  }
  if (anything) showAll();
  for (const side of document.querySelectorAll(".side")) turn(side);
}

// A mail as its recipient has it, with its links. Text stays text; a mail's own page is shown in a
// frame that runs and loads nothing.
const mail = byId("mail");
let opened = null;

function withOwnLinks(text) {
  return text.split(/([a-z]+:\/\/[^\s<>"]+)/).map((piece) => {
    if (!URL.canParse(piece) || new URL(piece).origin !== location.origin) return piece;
    const link = make("a", "", piece);
    link.href = piece;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    return link;
  });
}

function viewMail(asPage) {
  byId("mail-as-text").setAttribute("aria-pressed", String(!asPage));
  byId("mail-as-page").setAttribute("aria-pressed", String(asPage));
  byId("mail-text").hidden = asPage;
  byId("mail-page").hidden = !asPage;
  if (asPage) byId("mail-page").src = `/sandbox/mails/${opened.number}/page`;
  else byId("mail-page").src = "about:blank";
}

async function openMail(number) {
  const answer = await fetch(`/sandbox/mails/${number}`);
  if (!answer.ok) return;
  opened = await answer.json();
  byId("mail-subject").textContent = opened.subject || "(no subject)";
  byId("mail-ways").textContent = `${opened.from} to ${opened.to}${opened.files.length ? `, with ${opened.files.join(", ")}` : ""}`;
  byId("mail-text").replaceChildren(...withOwnLinks(opened.text));
  byId("mail-views").hidden = !opened.has_page;
  byId("mail-answer").hidden = !opened.can_answer;
  byId("mail-words").value = "";
  byId("mail-said").value = "";
  mail.querySelector("label").textContent = `Answer as ${opened.to}`;
  byId("mail-buttons").replaceChildren(...["", ...opened.buttons].map((keyword) => {
    const button = make("button", "", keyword || "Send answer");
    button.type = "button";
    button.addEventListener("click", () => answerMail(keyword));
    return button;
  }));
  viewMail(false);
  mail.showModal();
}

async function answerMail(keyword) {
  const text = byId("mail-words").value;
  if (!keyword && !text.trim()) {
    byId("mail-said").value = "Write something first.";
    byId("mail-words").focus();
    return;
  }
  try {
    const answer = await fetch(`/sandbox/mails/${opened.number}/answers`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ keyword, text }),
    });
    byId("mail-said").value = answer.ok
      ? "Sent. The next pass of the post office collects it."
      : (await answer.json()).problem;
    if (answer.ok) byId("mail-words").value = "";
  } catch {
    byId("mail-said").value = "The sandbox does not answer.";
  }
}

byId("mail-close").addEventListener("click", () => mail.close());
byId("mail-as-text").addEventListener("click", () => viewMail(false));
byId("mail-as-page").addEventListener("click", () => viewMail(true));
byId("mail-answer").addEventListener("submit", (event) => event.preventDefault());
mail.addEventListener("close", () => {
  byId("mail-page").src = "about:blank";
  // The button that opened it may have been replaced.
  document.querySelector(`[data-mail="${opened.number}"]`)?.focus({ preventScroll: true });
});

async function live() {
  if (!pressed("hold") && !document.hidden) {
    try {
      await ask();
      byId("lost").hidden = true;
    } catch {
      byId("lost").hidden = false;
    }
  }
  setTimeout(live, PAUSE);
}

for (const id of ["only", "hold", "writes"]) {
  byId(id).addEventListener("click", () => {
    byId(id).setAttribute("aria-pressed", String(!pressed(id)));
    showAll();
  });
}
byId("clear").addEventListener("click", () => {
  cleared = run.number;
  showAll();
});
filter.addEventListener("input", showAll);
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
live();
