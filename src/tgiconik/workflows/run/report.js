"use strict";
const form = document.querySelector("form");
const rows = [...document.querySelectorAll("tbody tr")];

function show() {
  const wanted = [...new FormData(form)].filter(([, value]) => value);
  let shown = 0;
  for (const row of rows) {
    row.hidden = !wanted.every(([name, value]) => row.dataset[name] === value);
    shown += !row.hidden;
  }
  const chosen = [...form.querySelectorAll("option:checked")].filter((option) => option.value);
  form.querySelector("output").value = [
    `${shown} of ${rows.length} outcomes`, ...chosen.map((option) => option.text),
  ].join(" · ");
}

if (form) {
  form.hidden = false;
  form.addEventListener("change", show);
  show();
}
