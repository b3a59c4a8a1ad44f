// The table of trials, a page of rows at a time; it shows the selected ones, and a click on a row holds its trial.
(function () {
  const table = document.querySelector("table.linked"), pager = document.getElementById("pager");
  if (!trials || !table) return;
  const body = table.tBodies[0], PAGE = 20, state = { rows: [...body.rows], page: 0 };
  const indexOf = new Map(state.rows.map((row) => [row, trials.places.get(Number(row.cells[0].textContent)) ?? -1]));
  const rowOf = new Map([...indexOf].map(([row, i]) => [i, row]));
  const codes = trials.field("verdict"); // the table has its words, a filter may have the code
  trials.rowTexts = trials.ids.map((_, i) => [...[...(rowOf.get(i)?.cells ?? [])].map((cell) => cell.textContent), scales.show(codes, i)].join(" ").toLowerCase());
  const [back, position, on] = [document.createElement("button"), document.createElement("span"), document.createElement("button")];
  Object.assign(back, { type: "button", textContent: "← previous", onclick: () => turn(-1) });
  Object.assign(on, { type: "button", textContent: "next →", onclick: () => turn(1) });
  pager.append(back, position, on);
  state.rows.forEach((row) => { row.tabIndex = 0; });

  const selected = () => state.rows.filter((row) => indexOf.get(row) < 0 ? trials.count === trials.size : trials.selected[indexOf.get(row)]);

  function show() {
    const rows = selected(), last = Math.max(0, Math.ceil(rows.length / PAGE) - 1);
    state.page = Math.min(state.page, last);
    const from = state.page * PAGE, some = rows.slice(from, from + PAGE);
    body.replaceChildren(...some);
    position.textContent = rows.length ? `${from + 1}–${from + some.length} of ${rows.length.toLocaleString("en")}` : "no trial is selected";
    [back.disabled, on.disabled] = [state.page === 0, state.page === last];
    mark();
  }

  function mark() {
    for (const row of body.rows) {
      const i = indexOf.get(row);
      row.classList.toggle("focus", i >= 0 && i === trials.focus());
      row.setAttribute("aria-selected", String(i >= 0 && i === trials.pinned));
    }
  }

  function turn(step) { state.page += step; show(); }

  const at = (event) => { const row = event.target.closest("tr"); return row ? indexOf.get(row) ?? -1 : -1; };
  body.addEventListener("pointerover", (event) => trials.hover(at(event)));
  body.addEventListener("pointerleave", () => trials.hover(-1));
  body.addEventListener("click", (event) => { if (at(event) >= 0) trials.pin(at(event)); });
  body.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (at(event) >= 0) trials.pin(at(event));
  });
  tables.sortable(table, state.rows, (rows) => { [state.rows, state.page] = [rows, 0]; show(); });
  window.addEventListener("beforeprint", () => body.replaceChildren(...selected()));
  window.addEventListener("afterprint", show);
  trials.follow((changed) => {
    if (changed.has("selection")) state.page = 0;
    if (changed.has("selection")) show(); else mark();
  });
  show();
})();
