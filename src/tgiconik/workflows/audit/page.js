"use strict";
const form = document.querySelector("form");
const events = [...document.querySelectorAll("li.event")];
const findings = [...document.querySelectorAll("li.finding")];
const days = [...document.querySelectorAll("section.day")];

function fits(item, wanted) {
  return (!wanted.partner || item.dataset.partner === wanted.partner)
    && (!wanted.asset || item.dataset.asset === wanted.asset)
    && (!wanted.finding || item.dataset.findings.split(" ").includes(wanted.finding));
}

function show() {
  const wanted = Object.fromEntries(new FormData(form));
  let shown = 0;
  for (const item of events) {
    item.hidden = !fits(item, wanted);
    shown += !item.hidden;
  }
  for (const item of findings) item.hidden = !fits(item, wanted);
  for (const day of days) day.hidden = !day.querySelector("li.event:not([hidden])");
  const chosen = [...form.querySelectorAll("option:checked")].filter((option) => option.value);
  form.querySelector("output").value = [
    `${shown} of ${events.length} events`, ...chosen.map((option) => option.text),
  ].join(" · ");
}

// An entry that a finding rests on is shown whatever the filters say.
function follow() {
  const item = document.getElementById(location.hash.slice(1));
  if (!item?.hidden) return;
  form.reset();
  show();
  item.scrollIntoView();
}

// In a frame of a notebook, links are the notebook's: one to an entry would leave the record.
function stay(event) {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  location.hash = link.hash;
  document.getElementById(link.hash.slice(1))?.scrollIntoView();
}

form.hidden = false;
if (parent !== window) addEventListener("click", stay);
form.addEventListener("change", show);
addEventListener("hashchange", follow);
show();
