// The box above the table of operations: rows stay that have every word of it. A pasted address counts
// without its host and query, and its ids as the parameters that they stand for.
const ID = /\/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?=\/|$)/g;
const pattern = (word) => {
  const path = word.replace(/^https?:\/\/[^/]+/, "").replace(/\?.*$/, "");
  const parts = (path || word).split(ID).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(parts.join("/\\{\\w+\\}"));
};
document.addEventListener("DOMContentLoaded", () => {
  const place = document.querySelector(".operations-filter");
  if (!place) return;
  const box = document.createElement("input");
  box.type = "search";
  box.placeholder = "Paste a path, or filter: approval, POST, list_shares, …";
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
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean).map(pattern);
    let all = 0;
    let left = 0;
    for (const { wrapped, heading, rows } of parts) {
      let here = 0;
      for (const [row, text] of rows) {
        row.hidden = !words.every((word) => word.test(text));
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
