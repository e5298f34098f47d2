// Sorting of tables by their headings. Runs in the page, as it stands here.
"use strict";

for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.querySelectorAll("thead th")];
  const body = /** @type {HTMLTableSectionElement} */ (table.querySelector("tbody"));
  headings.forEach((heading, column) => {
    heading.querySelector("button")?.addEventListener("click", () => {
      const isFalling = heading.getAttribute("aria-sort") === "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", isFalling ? "descending" : "ascending");
      const sign = isFalling ? -1 : 1;
      const rows = [...body.rows].map((row) => ({ row, value: row.cells[column]?.dataset["v"] ?? "" }));
      rows.sort((a, b) => sign * compare(a.value, b.value));
      body.append(...rows.map(({ row }) => row));
    });
  });
}

/**
 * Numbers by size, all else by the alphabet.
 * @param {string} a
 * @param {string} b
 */
function compare(a, b) {
  const gap = Number(a) - Number(b);
  return Number.isNaN(gap) ? a.localeCompare(b) : gap;
}
