// The table of pinned trials: their values at an epoch, side by side.
const curvePins = (function () {
  const MOST = 8;

  function cell(text, kind = "td") {
    return Object.assign(document.createElement(kind), { textContent: text });
  }

  // Fill `box` with a row for each trial, {trial, label, color, rows: {part: row}, unpin}; `t` is the place of the epoch that is pointed at.
  function show(box, pins, parts, t) {
    box.hidden = !pins.length;
    if (box.hidden) return box.replaceChildren();
    const table = document.createElement("table"), head = table.createTHead().insertRow(), body = table.createTBody();
    const at = (row, k) => scales.format(row?.[k] ?? null), end = (row) => at(row, (row?.length ?? 0) - 1);
    const names = ["pinned trial", "network", ...(t === null ? [] : parts.map((part) => `${part}, epoch ${data.epoch(t)}`)), ...parts.map((part) => `${part}, last`), ""];
    head.append(...names.map((name) => Object.assign(cell(name, "th"), { scope: "col" })));
    for (const { trial, label, color, rows, unpin } of pins) {
      const line = body.insertRow(), sign = document.createElement("i"), first = cell(""), button = document.createElement("button"), last = cell("");
      sign.style.background = color;
      first.append(sign, `${trial}`);
      Object.assign(button, { type: "button", textContent: "unpin", onclick: unpin });
      button.setAttribute("aria-label", `Unpin trial ${trial}`);
      last.append(button);
      line.append(first, cell(label), ...(t === null ? [] : parts.map((part) => cell(at(rows[part], t)))), ...parts.map((part) => cell(end(rows[part]))), last);
    }
    box.replaceChildren(table);
  }

  return { show, MOST };
})();
