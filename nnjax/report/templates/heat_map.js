// A map over two fields of the trials, a cell for each pair of their values; a click on a cell selects its trials.
const heatMap = (function () {
  const BOX = { left: 100, top: 12, right: 12, bottom: 42 }, MOST = 16;

  // Make the map in the node `id`, its axes chosen by the selects `id`-x and `id`-y from `fields`, at first those at the
  // places `first`. `summary(indices)` gives a cell's value (null for none), `paint(context, cell, box, all)` fills it,
  // `describe(cell)` says it in words, in the node `id`-note.
  function make({ id, fields, first, summary, paint, describe }) {
    const node = document.getElementById(id), note = document.getElementById(`${id}-note`);
    const [across, up] = [document.getElementById(`${id}-x`), document.getElementById(`${id}-y`)];
    for (const select of [across, up]) fields.forEach((field, k) => select.append(new Option(field.name, k)));
    [across.value, up.value] = first;
    let columns = null, rows = null, cells = [], box = null;
    const surface = panel.make(node, draw), hint = note.textContent;

    function collect() {
      columns = { field: fields[across.value], ...scales.bins(fields[across.value], MOST) };
      rows = { field: fields[up.value], ...scales.bins(fields[up.value], MOST) };
      cells = Array.from({ length: columns.at.length * rows.at.length }, () => ({ trials: [] }));
      for (let i = 0; i < trials.size; i++) {
        if (!trials.selected[i] || columns.of[i] === null || rows.of[i] === null) continue;
        cells[rows.of[i] * columns.at.length + columns.of[i]].trials.push(i);
      }
      for (const cell of cells) cell.value = summary(cell.trials);
    }

    function draw(context, width, height) {
      collect();
      box = { left: BOX.left, top: BOX.top, right: width - BOX.right, bottom: height - BOX.bottom };
      const [w, h] = [(box.right - box.left) / columns.at.length, (box.bottom - box.top) / rows.at.length];
      cells.forEach((cell, k) => {
        const left = box.left + (k % columns.at.length) * w, top = box.bottom - (Math.floor(k / columns.at.length) + 1) * h;
        if (cell.trials.length) paint(context, cell, { left: left + 0.5, top: top + 0.5, width: w - 1, height: h - 1 }, cells);
      });
      const ticks = (side) => side.labels.map((label, k) => ({ at: (k + 0.5) / side.labels.length, label }));
      labels(context, ticks(columns), ticks(rows));
    }

    function labels(context, horizontal, vertical) {
      const { soft, ink } = panel.theme(), w = (box.right - box.left) / horizontal.length;
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
      note.textContent = found ? `${columns.field.name} ${columns.labels[found.k]}, ${rows.field.name} ${rows.labels[found.j]}: ${found.cell.trials.length ? describe(found.cell) : "no trial"}.` : hint;
    }

    function choose(event) {
      const found = box && at(event);
      if (!found || !found.cell.trials.length) return;
      for (const [side, k] of [[columns, found.k], [rows, found.j]]) trials.brush(side.field.name, only(side, k));
    }

    function only(side, k) {
      if (side.field.levels) return `${side.field.name}=${filter.quoted(side.labels[k])}`;
      const [low, high] = side.ends[k];
      return low === high ? `${side.field.name}=${low}` : `${side.field.name}=${linked.short(low)}..${linked.short(high)}`;
    }

    node.addEventListener("pointermove", tell);
    node.addEventListener("pointerleave", () => { note.textContent = hint; });
    node.addEventListener("click", choose);
    for (const select of [across, up]) select.onchange = () => surface.redraw();
    trials.follow((changed) => { if (changed.size > 1 || !changed.has("focus")) surface.redraw(); });
    return surface;
  }

  // Black or white, whichever can be read on a color #rrggbb or rgb(r, g, b).
  function contrast(color) {
    const [r, g, b] = color.startsWith("#") ? [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16)) : color.match(/\d+/g).map(Number);
    return 0.3 * r + 0.59 * g + 0.11 * b > 130 ? "#000" : "#fff";
  }

  return { make, contrast };
})();
