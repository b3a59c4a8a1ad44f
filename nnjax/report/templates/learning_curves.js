// Learning curves: one chart a quantity, a color a setting, a dash a part; trials are read, pinned and compared.
const learningCurves = (function () {
  const { charts } = data, ids = ["chart", "chart-controls", "chart-legend", "chart-note", "chart-pins", "chart-said"];
  const [node, controls, legend, note, pinned, said] = ids.map((id) => document.getElementById(id));
  if (!charts.length || !node) return { select() {} };
  const COLORS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"];
  const DASHES = { validation: [], training: [7, 4], "running mean": [1.5, 3] };
  const MARGINS = { left: 58, top: 24, right: 14, bottom: 40 };
  const OTHERS = "others"; // the settings without a color
  const shown = { validation: true, training: true, "running mean": false };
  const state = { chart: 0, log: null, evidence: data.evidence.length ? 0 : -1, selected: null, timer: 0, hidden: new Set(), view: null, weight: 0 };
  const mark = document.createElement("i");
  let plane = null, drawn = [], smoothed = new Map();

  const chart = () => charts[state.chart];
  const isShown = (curve) => !state.hidden.has(curve.group);

  // The settings that have a color, the best of those that are selected: {place: rank}.
  function colored() {
    const chosen = chart().lines.filter((line) => !state.selected || line.trials.some((trial) => state.selected.has(trial)));
    const places = [...new Set(chosen.map((line) => line.setting))].sort((a, b) => a - b);
    const best = data.sweep ? places.slice(0, chart().many) : places.filter((place) => place < chart().many);
    return new Map(best.map((place, rank) => [place, data.sweep ? rank : place]));
  }

  // The rows of a line, smoothed where that is asked for.
  function rowsOf(line) {
    if (!smoothed.has(line)) smoothed.set(line, line.rows.map((row) => curveSeries.smooth(row, state.weight)));
    return smoothed.get(line);
  }

  // What the chart shows: the curves of single trials without a color, then the mean and the range of each colored setting.
  function curves() {
    const lines = chart().lines.filter((line) => shown[line.part]), ranks = colored();
    const [front, back] = [true, false].map((is) => lines.filter((line) => ranks.has(line.setting) === is));
    const means = front.map((line) => mean(line, COLORS[ranks.get(line.setting) % COLORS.length])).filter(Boolean);
    return [...back.flatMap(single), ...(state.weight ? means.map(measured) : []), ...means, ...reader.pinned()];
  }

  function single(line) {
    return rowsOf(line).map((values) => ({ values, group: OTHERS, color: null, width: 1, dash: line.part === "running mean" ? DASHES[line.part] : [] }));
  }

  // Of the selected trials of a line, or of all where nothing is selected; null where none is left.
  function mean(line, color) {
    const is = (_, i) => !state.selected || state.selected.has(line.trials[i]), rows = rowsOf(line).filter(is);
    const width = line.part === "running mean" ? 1.3 : 2;
    return rows.length ? { ...curveSeries.band(rows), isBand: rows.length > 1, raw: line.rows.filter(is), group: line.setting, color, width, dash: DASHES[line.part] } : null;
  }

  // The same before smoothing, faint.
  const measured = (curve) => ({ ...curve, values: curveSeries.band(curve.raw).values, isBand: false, low: [], high: [], width: 1, isFaint: true });

  // The color of a line, "" where it has none; and the lines of which something can be seen.
  function colorOf(line) {
    const rank = (state.ranks ??= colored()).get(line.setting);
    return rank === undefined ? "" : COLORS[rank % COLORS.length];
  }

  const seen = () => chart().lines.filter((line) => shown[line.part] && !state.hidden.has(colorOf(line) ? line.setting : OTHERS));

  // The evidence that the chart shows: of the network that is chosen, where its losses are drawn.
  function marks() {
    const found = data.evidence[state.evidence];
    return found && found.quantity === chart().name ? found.marks : [];
  }

  const known = (some) => some.flatMap((curve) => [curve.values, curve.low ?? [], curve.high ?? []].flat()).filter((v) => v !== null);
  const isLog = () => state.log ?? curveSeries.needsLog(drawn.flatMap((curve) => [curve.values, curve.low ?? [], curve.high ?? []]));

  function intervals() {
    const log = isLog(), own = drawn.filter(isShown), found = marks();
    const values = [...known(own), ...found.flatMap((each) => each.y)].filter((v) => !log || v > 0);
    const longest = Math.max(1, ...own.map((curve) => curve.values.length)), last = data.epoch(longest - 1);
    const { x, y } = state.view ?? { x: [longest > 1 ? 1 : 0, Math.max(2, last, ...found.flatMap((each) => each.x))], y: values };
    return [scales.interval(x, false), scales.interval(y, log)];
  }

  function draw(context, width, height) {
    drawn = curves();
    plane = drawing.plane(MARGINS, width, height, ...intervals());
    plane.axes(context, "epoch", chart().label);
    plane.inside(context, () => {
      drawn.forEach((curve) => { curve.points = plane.points(curve.values); });
      drawn.filter((curve) => isShown(curve) && curve.isBand).forEach((curve) => range(context, curve));
      drawn.filter(isShown).forEach((curve) => drawing.curve(context, curve));
      drawn.filter((curve) => curve.name).forEach((curve) => drawing.label(context, plane.box, curve.points, curve.name));
      evidence.draw(context, plane, marks(), true);
    });
  }

  function range(context, { low, high, color }) {
    const there = low.map((_, t) => t).filter((t) => low[t] !== null && Number.isFinite(plane.y(low[t])));
    context.globalAlpha = 0.15;
    context.fillStyle = color;
    context.beginPath();
    there.forEach((t) => context.lineTo(plane.x(data.epoch(t)), plane.y(low[t])));
    there.toReversed().forEach((t) => context.lineTo(plane.x(data.epoch(t)), plane.y(high[t])));
    context.fill();
    context.globalAlpha = 1;
  }

  // Zoom to a box that was dragged; a flat or narrow one leaves the other axis as it is.
  function zoom(from, to, isDone) {
    const { box } = plane, sides = { x: [box.left, box.right], y: [box.bottom, box.top] };
    for (const side of ["x", "y"]) if (Math.abs(from[side] - to[side]) > 14) sides[side] = [from[side], to[side]];
    const [left, right] = sides.x.toSorted((a, b) => a - b), [top, bottom] = sides.y.toSorted((a, b) => a - b);
    Object.assign(mark.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
    mark.hidden = isDone || from === to;
    if (isDone && from === to) reader.click(from, false);
    if (!isDone || from === to) return;
    const [a, b] = [plane.at({ x: left, y: bottom }), plane.at({ x: right, y: top })];
    look({ view: { x: [a.x, b.x], y: [a.y, b.y] } });
  }

  // Draw anew after a change of what is looked at.
  function look(change) {
    Object.assign(state, { view: null, ranks: null }, change);
    reader.leave();
    smoothed = new Map();
    drawn = curves();
    logarithmic.checked = isLog();
    controls.querySelectorAll(".tabs button").forEach((button, k) => button.setAttribute("aria-pressed", String(k === state.chart)));
    legend.replaceChildren(...names());
    note.textContent = remark();
    reader.table();
    surface.redraw();
  }

  // A button for each color, which hides and shows its curves.
  function names() {
    const ranks = colored(), lines = new Map(chart().lines.map((line) => [line.setting, line]));
    const front = [...ranks].filter(([place]) => lines.has(place)).map(([place, rank]) => [place, lines.get(place).label, COLORS[rank % COLORS.length]]);
    const others = lines.size - front.length;
    return [...front, ...(others ? [[OTHERS, `the other ${others}`, panel.theme().soft]] : [])].map(([group, label, color]) => {
      const button = document.createElement("button"), sign = document.createElement("i");
      sign.style.background = color;
      button.type = "button";
      button.append(sign, label);
      button.setAttribute("aria-pressed", String(!state.hidden.has(group)));
      button.onclick = () => { if (!state.hidden.delete(group)) state.hidden.add(group); look({ view: state.view }); };
      return button;
    });
  }

  function remark() {
    return [means(), state.weight && `Smoothed: exponential moving average with weight ${state.weight} on the epochs before, corrected for the start; faint lines, and the numbers told, are as measured.`].filter(Boolean).join(" ");
  }

  function means() {
    const most = Math.max(...chart().lines.map((line) => line.rows.length)), settings = new Set(chart().lines.map((line) => line.setting)).size;
    const means = most > 1 ? "Lines are means over the trials of a network, bands their range. " : "";
    if (state.selected) return `${means}The best of the selection have colors, at most ${chart().many}; all others are gray.`;
    return means + (settings > chart().many ? `The best ${chart().many} have colors; the others are gray.` : "");
  }

  // Follow a selection (a set of trials; null for all) once it rests.
  function select(selected) {
    clearTimeout(state.timer);
    state.timer = setTimeout(() => look({ selected }), 200);
  }

  function tabs() {
    const box = document.createElement("div");
    box.className = "tabs";
    box.append(...charts.map(({ label }, k) => Object.assign(document.createElement("button"), { type: "button", textContent: label, onclick: () => look({ chart: k, log: null }) })));
    return box;
  }

  function toggle(label, checked, change) {
    const box = document.createElement("label"), input = Object.assign(document.createElement("input"), { type: "checkbox", checked });
    input.onchange = () => change(input.checked);
    box.append(input, label);
    return box;
  }

  function smoother() {
    const box = document.createElement("label"), input = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 0.95, step: 0.05, value: 0 }), value = document.createElement("output");
    box.className = "smoothing";
    value.textContent = "0";
    input.oninput = () => { value.textContent = String(Number(input.value)); look({ weight: Number(input.value), view: state.view }); };
    box.append("smoothing", input, value);
    return box;
  }

  // Whose evidence is drawn: a box to tick for one network, a list for several.
  function chooser() {
    if (data.evidence.length === 1) return toggle("evidence", true, (on) => look({ evidence: on ? 0 : -1 }));
    const box = document.createElement("label"), choice = document.createElement("select");
    choice.append(...data.evidence.map(({ label, code }, k) => new Option(`${label}: ${code.replaceAll("_", " ")}`, k)), new Option("none", -1));
    choice.onchange = () => {
      const found = data.evidence[choice.value];
      look({ evidence: Number(choice.value), chart: found ? charts.findIndex((each) => each.name === found.quantity) : state.chart, log: null });
    };
    box.append("evidence of", choice);
    return box;
  }

  const parts = Object.keys(DASHES).filter((part) => charts.some((each) => each.lines.some((line) => line.part === part)));
  const isCrowded = charts.some((each) => each.lines.length > 300); // then drawing validation only stays quick
  if (isCrowded && parts.includes("validation")) shown.training = false;
  if (!parts.some((part) => shown[part])) shown[parts[0]] = true;
  document.documentElement.classList.add("drawn");
  const reader = curveReader.make({
    node, said, pinned, parts, weight: () => state.weight, plane: () => plane, chart, lines: seen, rowsOf, color: colorOf, isShown: (part) => shown[part], dash: (part) => DASHES[part],
    isChosen: (line, i) => !state.selected || !colorOf(line) || state.selected.has(line.trials[i]), redraw: () => surface.redraw(true), changed: () => look({ view: state.view }),
  });
  const surface = panel.make(node, draw, reader.draw), log = toggle("logarithmic", false, (on) => look({ log: on })), logarithmic = log.firstChild;
  Object.assign(mark, { className: "box", hidden: true });
  node.append(mark);
  controls.append(tabs(), ...parts.map((part) => toggle(part, shown[part], (on) => { shown[part] = on; look({ view: state.view }); })), log, smoother());
  if (data.evidence.length) controls.append(chooser());
  controls.hidden = false;
  look({});
  if (matchMedia("(pointer: coarse)").matches) node.addEventListener("click", (event) => reader.click(drawing.at(node, event), true));
  else drawing.draggable(node, zoom, "pan-y");
  node.addEventListener("pointermove", (event) => { if (!event.buttons) reader.point(drawing.at(node, event)); });
  node.addEventListener("pointerleave", reader.leave);
  node.addEventListener("dblclick", () => look({}));
  document.addEventListener("themechange", () => legend.replaceChildren(...names()));
  return { select };
})();
