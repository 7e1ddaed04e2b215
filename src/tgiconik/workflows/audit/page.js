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
  form.querySelector("output").value = `${shown} of ${events.length} events`;
}

form.hidden = false;
form.addEventListener("change", show);
show();
