// Tables that sort by a click on a head: numbers as numbers, what is missing last.
const tables = (function () {
  function sorted(rows, column, down) {
    const keyed = rows.map((row) => {
      const text = row.cells[column].textContent.trim();
      return { row, text, number: parseFloat(text) };
    });
    const numeric = keyed.some((each) => !Number.isNaN(each.number)), sign = down ? -1 : 1;
    keyed.sort((a, b) => {
      if (!numeric) return sign * a.text.localeCompare(b.text);
      if (Number.isNaN(a.number) || Number.isNaN(b.number)) return Number.isNaN(a.number) - Number.isNaN(b.number);
      return sign * (a.number - b.number);
    });
    return keyed.map((each) => each.row);
  }

  // Let the heads of a table sort rows, which `show` then puts on the page.
  function sortable(table, rows, show) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.tabIndex = 0;
      const sort = () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        show(sorted(rows, column, down));
      };
      head.onclick = sort;
      head.onkeydown = (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        sort();
      };
    });
  }

  document.querySelectorAll("table.sortable:not(.linked)").forEach((table) => {
    const body = table.tBodies[0];
    sortable(table, [...body.rows], (rows) => body.append(...rows));
  });
  return { sortable };
})();

{ // paper unfolds nothing: all is open while it is printed, before the charts are drawn for it
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((each) => { each.open = true; });
  });
  window.addEventListener("afterprint", () => folded.forEach((each) => { each.open = false; }));
}
