// The box above the table of operations: rows stay that have every word of it.
document.addEventListener("DOMContentLoaded", () => {
  const place = document.querySelector(".operations-filter");
  if (!place) return;
  const box = document.createElement("input");
  box.type = "search";
  box.placeholder = "Filter: approval, POST, /versions/, list_shares, …";
  box.setAttribute("aria-label", "Filter operations");
  const said = document.createElement("small");
  said.setAttribute("role", "status");
  place.append(box, said);
  // Material wraps tables, with their headings before them.
  const parts = [...document.querySelectorAll("article table")].map((table) => {
    const wrapped = table.closest(".md-typeset__scrollwrap") || table;
    let heading = wrapped.previousElementSibling;
    while (heading && heading.tagName !== "H2") heading = heading.previousElementSibling;
    const rows = [...table.tBodies[0].rows].map((row) => [row, row.textContent.toLowerCase()]);
    return { wrapped, heading, rows };
  });
  const filter = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let all = 0;
    let left = 0;
    for (const { wrapped, heading, rows } of parts) {
      let here = 0;
      for (const [row, text] of rows) {
        row.hidden = !words.every((word) => text.includes(word));
        if (!row.hidden) here += 1;
      }
      wrapped.hidden = here === 0;
      if (heading) heading.hidden = here === 0;
      all += rows.length;
      left += here;
    }
    said.textContent = words.length ? `${left} of ${all}` : "";
  };
  box.addEventListener("input", filter);
});
