"use strict";
// Polls the worker and shows what it says. All data are inserted as text, never as markup.
const PAUSE = 1000;
const LISTS = ["parked", "post", "running", "waiting", "ended"];

const byId = (id) => document.getElementById(id);
const filter = byId("filter");
const pressed = (id) => byId(id).getAttribute("aria-pressed") === "true";
let state = null;

function make(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content.filter((one) => one !== null && one !== undefined && one !== ""));
  return element;
}

const time = (text) => (text ? text.replace("T", " ").replace("Z", "") : "");

function report(run) {
  if (!run.has_report) return make("td", "");
  const link = make("a", "", "open");
  link.href = `reports/${run.number}`;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  link.setAttribute("aria-label", `open the report of ${run.subject}, in a new tab`);
  return make("td", "", link);
}

const rows = {
  parked: (one) => [make("td", "number", `${one.id}`), one.rule, one.subject, make("td", "bad", one.reason), make("td", "number", `${one.attempts}`), time(one.stored_at)],
  post: (one) => [one.id, one.partner, one.about, one.state, make("td", "bad", one.reason), time(one.since)],
  running: (one) => [time(one.began_at), one.rule, one.subject, one.worker],
  waiting: (one) => [time(one.due_at), one.rule, one.subject, one.reason ?? ""],
  ended: (one) => [time(one.began_at), one.rule, one.subject, make("td", one.reason ? "bad" : "good", one.reason ?? one.summary ?? "done"), make("td", "number", one.seconds.toFixed(1)), report(one)],
};

const cell = (one) => (typeof one === "string" ? make("td", "", one) : one);
const keyOf = (one) => `${one.number ?? one.id ?? `${one.rule} ${one.subject}`}`;
const fits = (one) => filter.value.toLowerCase().split(/\s+/).every((word) => JSON.stringify(Object.values(one)).toLowerCase().includes(word));
const failed = (one) => Boolean(one.reason);

function showList(name) {
  byId(name).hidden = state[name] === null;
  if (state[name] === null) return;
  const every = state[name];
  const shown = every.filter((one) => fits(one) && (!pressed("failed") || failed(one)));
  const total = state.counts[name] ?? every.length;
  const box = byId(name);
  box.querySelector(".count").textContent = shown.length === every.length ? `${total}` : `${shown.length} of ${total}`;
  const focused = document.activeElement?.closest?.(`#${name} tr`)?.dataset.key;
  box.querySelector("tbody").replaceChildren(...shown.map((one) => {
    const line = make("tr", "", ...rows[name](one).map(cell));
    line.dataset.key = keyOf(one);
    return line;
  }));
  // Keep the focus on a link when its row is replaced.
  if (focused) box.querySelector(`tr[data-key="${CSS.escape(focused)}"] a`)?.focus({ preventScroll: true });
  box.querySelector(".more").textContent = name !== "ended" && total > every.length ? `… and ${total - every.length} more` : "";
}

function showWorkers() {
  byId("workers").querySelector("tbody").replaceChildren(...state.workers.map((one) => {
    const name = one.id === state.worker ? `${one.id} (this one)` : one.id;
    const line = make("tr", "", ...[name, one.host, one.release, time(one.since)].map(cell), make("td", "number", one.used.toFixed(1)), make("td", "number", state.allowance === null ? "" : one.rate.toFixed(1)));
    return line;
  }));
  const box = byId("allowance");
  box.hidden = state.allowance === null;
  if (state.allowance !== null) {
    const used = state.workers.reduce((sum, one) => sum + one.used, 0);
    byId("used").max = state.allowance;
    byId("used").value = used;
    box.querySelector("span").textContent = `${used.toFixed(1)} of ${state.allowance.toFixed(0)} calls per second`;
  }
}

// Screen readers announce this summary instead of every row.
function say() {
  const { waiting, running, parked } = state.counts;
  const text = `${waiting} waiting, ${running} running, ${parked} parked; ${state.workers.length} ${state.workers.length === 1 ? "worker" : "workers"}`;
  if (byId("said").textContent !== text) byId("said").textContent = text;
}

function showAll() {
  if (state === null) return;
  showWorkers();
  for (const name of LISTS) showList(name);
  say();
}

function open(isOpen) {
  const door = byId("door");
  if (!isOpen && door.hidden) {
    door.hidden = false;
    byId("token").focus();
  }
  if (isOpen) door.hidden = true;
  document.querySelector("main").hidden = !isOpen;
  byId("search").hidden = !isOpen;
}

async function ask() {
  const response = await fetch("now");
  if (response.status === 401) {
    open(false);
    return;
  }
  if (!response.ok) throw new Error(`${response.status}`);
  state = await response.json();
  open(true);
  showAll();
}

async function look() {
  try {
    await ask();
    byId("lost").hidden = true;
  } catch {
    byId("lost").textContent = "The worker, or its database, does not answer. This page goes on by itself.";
    byId("lost").hidden = false;
  }
}

async function live() {
  if (!pressed("hold") && !document.hidden && (state !== null || byId("door").hidden)) await look();
  setTimeout(live, PAUSE);
}

for (const id of ["failed", "hold"]) {
  byId(id).addEventListener("click", () => {
    byId(id).setAttribute("aria-pressed", String(!pressed(id)));
    showAll();
  });
}
filter.addEventListener("input", showAll);
byId("search").addEventListener("submit", (event) => event.preventDefault());
byId("door").addEventListener("submit", async (event) => {
  event.preventDefault();
  const response = await fetch("sign-in", { method: "POST", body: byId("token").value });
  byId("refused").value = response.ok ? "" : "This is not the token.";
  byId("token").value = "";
  if (response.ok) await look();
});
live();
