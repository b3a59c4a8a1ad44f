// The score over two hyperparameters, averaged over everything else; a click on a cell selects its trials.
(function () {
  const node = document.getElementById("heat-map");
  if (!trials || !node) return;
  const [across, up, statistic] = ["heat-x", "heat-y", "heat-of"].map((id) => document.getElementById(id));
  const note = document.getElementById("heat-note"), BOX = { left: 100, top: 12, right: 12, bottom: 42 }, MOST = 16;
  for (const select of [across, up]) trials.axes.forEach((field, k) => select.append(new Option(field.name, k)));
  [across.value, up.value] = node.dataset.pair.split(" ");
  let columns = null, rows = null, cells = [], box = null, range = null;
  const surface = panel.make(node, draw);

  function collect() {
    columns = { field: trials.axes[across.value], ...scales.bins(trials.axes[across.value], MOST) };
    rows = { field: trials.axes[up.value], ...scales.bins(trials.axes[up.value], MOST) };
    cells = Array.from({ length: columns.at.length * rows.at.length }, () => ({ values: [], count: 0 }));
    trials.metric.values.forEach((value, i) => {
      if (!trials.selected[i] || columns.of[i] === null || rows.of[i] === null) return;
      const cell = cells[rows.of[i] * columns.at.length + columns.of[i]];
      cell.count++;
      if (value !== null) cell.values.push(value);
    });
    for (const cell of cells) cell.value = cell.values.length ? summary(cell.values) : null;
  }

  const summary = (values) => (statistic.value === "best" ? Math.min(...values) : values.reduce((a, b) => a + b, 0) / values.length);

  function draw(context, width, height) {
    collect();
    box = { left: BOX.left, top: BOX.top, right: width - BOX.right, bottom: height - BOX.bottom };
    const known = cells.map((cell) => cell.value).filter((v) => v !== null);
    const log = trials.metric.log && known.every((v) => v > 0), f = log ? Math.log : (v) => v;
    range = known.length ? [f(Math.min(...known)), f(Math.max(...known))] : [0, 1];
    const [w, h] = [(box.right - box.left) / columns.at.length, (box.bottom - box.top) / rows.at.length];
    cells.forEach((cell, k) => {
      const left = box.left + (k % columns.at.length) * w, top = box.bottom - (Math.floor(k / columns.at.length) + 1) * h;
      fill(context, cell, f, left, top, w, h);
    });
    const ticks = (side) => side.labels.map((label, k) => ({ at: (k + 0.5) / side.labels.length, label }));
    labels(context, ticks(columns), ticks(rows));
  }

  function fill(context, cell, f, left, top, w, h) {
    const t = cell.value === null ? 0 : (f(cell.value) - range[0]) / (range[1] - range[0] || 1);
    if (!cell.count) return;
    context.fillStyle = cell.value === null ? trials.theme.line : panel.shade(t);
    context.fillRect(left + 0.5, top + 0.5, w - 1, h - 1);
    const words = cell.value === null ? "×" : scales.format(Number(cell.value.toPrecision(3)));
    if (context.measureText(words).width > w - 4 || h < 14) return;
    panel.text(context, words, left + w / 2, top + h / 2, { color: cell.value === null ? trials.theme.red : contrast(context.fillStyle) });
  }

  function contrast(color) {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
    return 0.3 * r + 0.59 * g + 0.11 * b > 130 ? "#000" : "#fff";
  }

  function labels(context, horizontal, vertical) {
    const { soft, ink } = trials.theme, w = (box.right - box.left) / horizontal.length;
    const longest = Math.max(...horizontal.map((tick) => context.measureText(tick.label).width)), every = Math.ceil(Math.min(90, longest + 6) / w);
    horizontal.forEach((tick, k) => {
      if (k % every === 0) panel.text(context, tick.label, box.left + tick.at * (box.right - box.left), box.bottom + 12, { color: soft, room: w * every - 2 });
    });
    vertical.forEach((tick) => panel.text(context, tick.label, box.left - 6, box.bottom - tick.at * (box.bottom - box.top), { align: "right", color: soft, room: box.left - 22 }));
    panel.text(context, columns.field.name, (box.left + box.right) / 2, box.bottom + 31, { color: ink });
    context.save();
    context.translate(7, (box.top + box.bottom) / 2);
    context.rotate(-Math.PI / 2);
    panel.text(context, rows.field.name, 0, 0, { color: ink });
    context.restore();
  }

  function at(event) {
    const own = node.getBoundingClientRect(), px = event.clientX - own.left, py = event.clientY - own.top;
    const k = Math.floor(((px - box.left) / (box.right - box.left)) * columns.at.length), j = Math.floor(((box.bottom - py) / (box.bottom - box.top)) * rows.at.length);
    return k < 0 || j < 0 || k >= columns.at.length || j >= rows.at.length ? null : { k, j, cell: cells[j * columns.at.length + k] };
  }

  function tell(event) {
    const found = box && at(event);
    note.textContent = found ? `${columns.field.name} ${columns.labels[found.k]}, ${rows.field.name} ${rows.labels[found.j]}: ${told(found.cell)}.` : hint;
  }

  function told({ count, values, value }) {
    if (!count) return "no trial";
    const without = count - values.length, scored = values.length ? `${statistic.value} ${scales.format(value)} of ${values.length} trial${values.length > 1 ? "s" : ""}` : "";
    return [scored, without ? `${without} without a score` : ""].filter(Boolean).join(", ");
  }

  function choose(event) {
    const found = box && at(event);
    if (!found || !found.cell.count) return;
    for (const [side, k] of [[columns, found.k], [rows, found.j]]) trials.brush(side.field.name, only(side, k));
  }

  function only(side, k) {
    if (side.field.levels) return `${side.field.name}=${filter.quoted(side.labels[k])}`;
    const [low, high] = side.ends[k];
    return low === high ? `${side.field.name}=${low}` : `${side.field.name}=${drawing.short(low)}..${drawing.short(high)}`;
  }

  const hint = note.textContent;
  node.addEventListener("pointermove", tell);
  node.addEventListener("pointerleave", () => { note.textContent = hint; });
  node.addEventListener("click", choose);
  for (const select of [across, up, statistic]) select.onchange = () => surface.redraw();
  trials.follow((changed) => { if (changed.size > 1 || !changed.has("focus")) surface.redraw(); });
})();
