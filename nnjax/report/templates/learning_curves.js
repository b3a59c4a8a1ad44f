// Learning curves: one chart a quantity, a color a setting, a dash a part.
const learningCurves = (function () {
  const { charts } = data, ids = ["chart", "chart-controls", "chart-legend", "chart-note"];
  const [node, controls, legend, note] = ids.map((id) => document.getElementById(id));
  if (!charts.length || !node) return { select() {} };
  const COLORS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"];
  const DASHES = { validation: [], training: [7, 4], "running mean": [1.5, 3] };
  const MARGINS = { left: 58, top: 24, right: 14, bottom: 40 };
  const NEAR = 16, OTHERS = "others", WIDE = 30; // pixels; the settings without a color; highest over lowest that needs a logarithm
  const shown = { validation: true, training: true, "running mean": false };
  const state = { chart: 0, log: null, evidence: data.evidence.length ? 0 : -1, selected: null, timer: 0, hidden: new Set(), view: null, pointed: null };
  const mark = document.createElement("i"), tip = document.createElement("div");
  let plane = null, drawn = [];

  const chart = () => charts[state.chart];
  const isShown = (curve) => !state.hidden.has(curve.group);

  // Over the trials of a line, epoch by epoch: mean, lowest, highest.
  function band(rows) {
    const length = Math.max(0, ...rows.map((row) => row.length)), mean = [], low = [], high = [];
    for (let t = 0; t < length; t++) {
      const values = rows.map((row) => row[t]).filter((v) => v !== null && v !== undefined), known = values.length > 0;
      mean.push(known ? values.reduce((a, b) => a + b, 0) / values.length : null);
      low.push(known ? Math.min(...values) : null);
      high.push(known ? Math.max(...values) : null);
    }
    return { values: mean, low, high };
  }

  // The settings that have a color, the best of those that are selected: {place: rank}.
  function colored() {
    const chosen = chart().lines.filter((line) => !state.selected || line.trials.some((trial) => state.selected.has(trial)));
    const places = [...new Set(chosen.map((line) => line.setting))].sort((a, b) => a - b);
    const best = data.sweep ? places.slice(0, chart().many) : places.filter((place) => place < chart().many);
    return new Map(best.map((place, rank) => [place, data.sweep ? rank : place]));
  }

  // What the chart shows: the curves of single trials without a color, then the mean and the range of each colored setting.
  function curves() {
    const lines = chart().lines.filter((line) => shown[line.part]), ranks = colored();
    const [front, back] = [true, false].map((is) => lines.filter((line) => ranks.has(line.setting) === is));
    return [...back.flatMap(single), ...front.map((line) => mean(line, COLORS[ranks.get(line.setting) % COLORS.length])).filter(Boolean)];
  }

  function single(line) {
    const words = (i) => `${line.label}, trial ${line.trials[i]}`;
    return line.rows.map((values, i) => ({ values, group: OTHERS, label: words(i), words: line.part, color: null, width: 1, dash: line.part === "running mean" ? DASHES[line.part] : [] }));
  }

  // Of the selected trials of a line, or of all where nothing is selected; null where none is left.
  function mean(line, color) {
    const rows = line.rows.filter((_, i) => !state.selected || state.selected.has(line.trials[i]));
    const words = line.part + (line.rows.length > 1 ? `, mean of ${rows.length}` : "");
    return rows.length ? { ...band(rows), isBand: rows.length > 1, group: line.setting, label: line.label, words, color, width: line.part === "running mean" ? 1.3 : 2, dash: DASHES[line.part] } : null;
  }

  // The evidence that the chart shows: of the network that is chosen, where its losses are drawn.
  function marks() {
    const found = data.evidence[state.evidence];
    return found && found.quantity === chart().name ? found.marks : [];
  }

  const known = (some) => some.flatMap((curve) => [curve.values, curve.low ?? [], curve.high ?? []].flat()).filter((v) => v !== null);
  const isLog = () => state.log ?? isWide(known(drawn));

  function isWide(values) {
    const [low, high] = values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
    return low > 0 && high > WIDE * low;
  }

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
      drawn.filter(isShown).forEach((curve) => stroke(context, curve));
      evidence.draw(context, plane, marks(), true);
    });
    point(null);
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

  function stroke(context, { points, color, dash, width }) {
    context.globalAlpha = color ? 1 : 0.35;
    drawing.lines(context, [0], () => points, color ?? panel.theme().soft, width, dash);
    if (points.length === 2) dot(context, points[0], points[1], color ?? panel.theme().soft);
    context.globalAlpha = 1;
  }

  function dot(context, x, y, color) {
    context.fillStyle = color;
    context.beginPath();
    context.arc(x, y, 4, 0, 7);
    context.fill();
  }

  // The curve that is pointed at, and its value at the nearest epoch.
  function drawTop(context) {
    if (!state.pointed) return;
    const { curve, t } = state.pointed, color = curve.color ?? panel.theme().ink;
    plane.inside(context, () => drawing.lines(context, [0], () => curve.points, color, 3, curve.dash));
    dot(context, curve.points[2 * t], curve.points[2 * t + 1], color);
  }

  // The curve nearest above or below the pointer, at the epoch nearest to it.
  function nearest({ x, y }) {
    let found = null, least = NEAR;
    for (const curve of drawn.filter(isShown)) {
      const { points } = curve, step = (points[2] ?? points[0] + 1) - points[0], at = (x - points[0]) / step;
      const t = Math.max(0, Math.min(points.length / 2 - 1, Math.round(at))), other = at > t ? t + 1 : t - 1;
      const [own, next] = [points[2 * t + 1], points[2 * other + 1] ?? NaN], share = Number.isNaN(next) ? 0 : Math.abs(at - t);
      const distance = Math.hypot(own + share * (next - own) - y, Math.max(0, Math.abs(x - points[2 * t]) - Math.abs(step) / 2));
      if (distance < least || (curve.color && distance === least)) [found, least] = [{ curve, t }, distance];
    }
    return found;
  }

  function point(found) {
    if (!found && !state.pointed) return;
    state.pointed = found;
    tip.hidden = !found;
    if (found) tell(found);
    surface.redraw(true);
  }

  function tell({ curve, t }) {
    const name = document.createElement("b"), [x, y] = curve.points.slice(2 * t, 2 * t + 2), isLeft = x > node.clientWidth / 2;
    name.textContent = curve.label;
    tip.replaceChildren(name, ` ${curve.words}`, document.createElement("br"), `epoch ${data.epoch(t)}: ${scales.format(curve.values[t])}`);
    Object.assign(tip.style, { top: `${Math.max(0, y - 50)}px`, left: isLeft ? "" : `${x + 14}px`, right: isLeft ? `${node.clientWidth - x + 14}px` : "" });
  }

  const at = (event) => { const box = node.getBoundingClientRect(); return { x: event.clientX - box.left, y: event.clientY - box.top }; };

  // Zoom to a box that was dragged; a flat or narrow one leaves the other axis as it is.
  function zoom(from, to, isDone) {
    const { box } = plane, sides = { x: [box.left, box.right], y: [box.bottom, box.top] };
    for (const side of ["x", "y"]) if (Math.abs(from[side] - to[side]) > 14) sides[side] = [from[side], to[side]];
    const [left, right] = sides.x.toSorted((a, b) => a - b), [top, bottom] = sides.y.toSorted((a, b) => a - b);
    Object.assign(mark.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
    mark.hidden = isDone || from === to;
    if (!isDone || from === to) return;
    const [a, b] = [plane.at({ x: left, y: bottom }), plane.at({ x: right, y: top })];
    look({ view: { x: [a.x, b.x], y: [a.y, b.y] } });
  }

  // Draw anew after a change of what is looked at.
  function look(change) {
    Object.assign(state, { view: null }, change);
    drawn = curves();
    logarithmic.checked = isLog();
    controls.querySelectorAll(".tabs button").forEach((button, k) => button.setAttribute("aria-pressed", String(k === state.chart)));
    legend.replaceChildren(...names());
    note.textContent = remark();
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
    const most = Math.max(...chart().lines.map((line) => line.rows.length)), number = new Set(chart().lines.map((line) => line.setting)).size;
    const means = most > 1 ? "Lines are means over the trials of a network, bands their range. " : "";
    if (state.selected) return `${means}The best of the selection have colors, at most ${chart().many}; all others are gray.`;
    return means + (number > chart().many ? `The best ${chart().many} have colors; the others are gray.` : "");
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
  const surface = panel.make(node, draw, drawTop), log = toggle("logarithmic", false, (on) => look({ log: on })), logarithmic = log.firstChild;
  Object.assign(mark, { className: "box", hidden: true });
  Object.assign(tip, { className: "tip", hidden: true });
  node.append(mark, tip);
  controls.append(tabs(), ...parts.map((part) => toggle(part, shown[part], (on) => { shown[part] = on; look({ view: state.view }); })), log);
  if (data.evidence.length) controls.append(chooser());
  controls.hidden = false;
  look({});
  if (!matchMedia("(pointer: coarse)").matches) drawing.draggable(node, zoom, "pan-y");
  node.addEventListener("pointerdown", (event) => point(plane && nearest(at(event))));
  node.addEventListener("pointermove", (event) => { if (!event.buttons) point(plane && nearest(at(event))); });
  node.addEventListener("pointerleave", () => point(null));
  node.addEventListener("dblclick", () => look({}));
  document.addEventListener("themechange", () => legend.replaceChildren(...names()));
  return { select };
})();
