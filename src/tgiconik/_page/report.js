"use strict";
const form = document.querySelector("form.filters");
const chunks = [...document.querySelectorAll("[data-chunk]")].map((box) => ({ box, items: [...box.children] }));
const also = [...document.querySelectorAll("[data-also]")];
const groups = [...document.querySelectorAll("[data-group]")];
const nothing = document.querySelector(".nothing");
const total = chunks.reduce((sum, { items }) => sum + items.length, 0);
const texts = new Map();
const number = (value) => value.toLocaleString("en");

function textOf(item) {
  if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
  return texts.get(item);
}

function chosen() {
  return [...form.querySelectorAll("select")].filter((select) => select.value);
}

function words() {
  return form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
}

function fits(item, fields, sought) {
  return fields.every(({ name, value, many }) => {
    const own = item.dataset[name] ?? "";
    return many ? own.split(" ").includes(value) : own === value;
  }) && (!sought.length || sought.every((word) => textOf(item).includes(word)));
}

// Of what is out of sight, the height is estimated: so many rows of two lines.
function show() {
  const fields = chosen().map((select) => ({ name: select.name, value: select.value, many: "many" in select.dataset }));
  const sought = words();
  let shown = 0;
  for (const { box, items } of chunks) {
    let here = 0;
    for (const item of items) {
      const fit = fits(item, fields, sought);
      if (item.hidden === fit) item.hidden = !fit;
      here += fit;
    }
    box.hidden = !here;
    box.style.containIntrinsicBlockSize = `auto ${here * 3.2}rem`;
    shown += here;
  }
  for (const item of also) item.hidden = !fits(item, fields, sought);
  for (const group of groups) group.hidden = !group.querySelector("[data-chunk]:not([hidden])");
  if (nothing) nothing.hidden = shown > 0;
  form.querySelector("output").value = [
    `${number(shown)} of ${number(total)} ${form.dataset.noun}`,
    ...chosen().map((select) => select.selectedOptions[0].text),
    ...(sought.length ? [`“${sought.join(" ")}”`] : []),
  ].join(" · ");
}

// What is laid out on the way has other heights than estimated, and moves the item: again, then.
function reach(item, tries = 20) {
  item.scrollIntoView();
  requestAnimationFrame(() => setTimeout(() => {
    const { top, bottom } = item.getBoundingClientRect();
    if (tries && (bottom <= 0 || top >= innerHeight)) reach(item, tries - 1);
  }));
}

// What a link leads to is shown whatever the filters say.
function follow() {
  const item = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!item) return;
  if (form && item.closest("[hidden]")) {
    form.reset();
    show();
  }
  reach(item);
}

// In a frame of a notebook, links are the notebook's: one would leave the report.
function clicked(event) {
  const link = event.target.closest("a");
  if (!link) return;
  if (form && link.dataset.filter) {
    form.reset();
    form.elements[link.dataset.filter].value = link.dataset.value;
    show();
  }
  if (parent === window) return;
  event.preventDefault();
  location.hash = link.hash;
  follow();
}

if (form) {
  let typed;
  form.hidden = false;
  form.addEventListener("change", show);
  form.addEventListener("input", (event) => {
    if (event.target.name !== "text") return;
    clearTimeout(typed);
    typed = setTimeout(show, 150);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  show();
}
addEventListener("click", clicked);
addEventListener("hashchange", follow);
follow();
