// The curves of all trials: read, smoothed, pinned and compared as in the chart of learning curves; a box selects those that pass through it.
(function () {
  const node = document.getElementById("trial-curves");
  if (!trials || !node || !trials.curves.size) return;
  const ids = ["trial-curves-of", "trial-curves-log", "trial-curves-smoothing", "trial-curves-said", "trial-curves-pins"];
  const [select, log, smoothing, said, pinned] = ids.map((id) => document.getElementById(id));
  const MARGINS = { left: 58, top: 22, right: 12, bottom: 40 }, FAR = 100; // times the 97th percentile: what lies above is cut off
  const paint = linked.bundle(), mark = document.createElement("i"), isCoarse = matchMedia("(pointer: coarse)").matches;
  let points = [], plane = null, laid = "", smoothed = new Map();
  for (const curve of trials.curves.values()) select.append(new Option(curve.label, curve.name));
  select.value = trials.curves.has(trials.metric.name) ? trials.metric.name : select.options[0].value;
  const curve = () => trials.curves.get(select.value), weight = () => Number(smoothing.value);
  const lines = () => curve().chart.lines.filter((line) => line.part === curve().part && line.trials.some((trial) => trials.places.has(trial)));
  log.checked = needsLog();
  Object.assign(mark, { className: "box", hidden: true });
  const reader = curveReader.make({
    node, said, pinned, weight, chart: () => curve().chart, lines, rowsOf, plane: () => plane, color: () => "", dash: () => [],
    get parts() { return [curve().part]; }, isShown: (part) => part === curve().part, isChosen: (line, i) => trials.selected[placeOf(line, i)] === 1,
    redraw: () => surface.redraw(true), changed: () => surface.redraw(true), pointed: (one) => trials.hover(one ? placeOf(one.line, one.i) : -1), held: hold,
  });
  const surface = panel.make(node, draw, drawTop);
  node.append(mark);

  function needsLog() { return curveSeries.needsLog(curve().rows.filter(Boolean)); }

  function placeOf(line, i) { return trials.places.get(line.trials[i]) ?? -1; }

  // The rows of a line, smoothed where that is asked for.
  function rowsOf(line) {
    if (!smoothed.has(line)) smoothed.set(line, line.rows.map((row) => curveSeries.smooth(row, weight())));
    return smoothed.get(line);
  }

  function rows() { return curve().rows.map((row) => row && curveSeries.smooth(row, weight())); }

  // What is pinned is held everywhere; what is let go is not.
  function hold(one, isPinned) {
    const place = placeOf(one.line, one.i);
    if (isPinned !== (trials.pinned === place)) trials.pin(place);
  }

  function layOut(width, height) {
    const now = [width, height, select.value, log.checked, weight()].join(" ");
    if (now === laid) return;
    laid = now;
    const drawn = rows(), all = drawn.flatMap((row) => (row ?? []).filter((v) => v !== null && (!log.checked || v > 0))).sort((a, b) => a - b);
    const most = all[Math.floor(0.97 * (all.length - 1))] ?? 1, top = log.checked ? Math.min(all.at(-1) ?? 1, FAR * most) : most;
    const longest = Math.max(1, ...drawn.map((row) => row?.length ?? 0)), across = [longest > 1 ? 1 : 0, Math.max(2, data.epoch(longest - 1))];
    plane = drawing.plane(MARGINS, width, height, scales.interval(across, false), scales.interval([all[0] ?? 0, top], log.checked));
    points = drawn.map((row) => row && plane.points(row));
  }

  function draw(context, width, height) {
    layOut(width, height);
    plane.axes(context, "epoch", curve().label);
    plane.inside(context, () => paint(context, width, height, (i) => points[i], [laid, trials.metric]));
    placeMark();
  }

  function drawTop(context, width, height) {
    layOut(width, height);
    plane.inside(context, () => {
      reader.pinned().map((one) => ({ ...one, points: plane.points(one.values) })).forEach((one) => { drawing.curve(context, one); drawing.label(context, plane.box, one.points, one.name); });
      linked.highlight(context, (i) => points[i]);
      const marks = trials.focus() < 0 ? null : trials.verdicts[trials.focus()]?.marks;
      evidence.draw(context, plane, marks ?? [], select.value.endsWith("_loss"));
    });
    reader.draw(context);
  }

  function placeMark() {
    const term = trials.terms.find((each) => each.from !== undefined && each.name === select.value);
    mark.hidden = !term || !("low" in term.values[0]);
    if (mark.hidden) return;
    const { box, x, y } = plane, { low, high } = term.values[0], half = (x(2) - x(1)) / 3;
    const top = Math.max(box.top, y(high)), bottom = Math.min(box.bottom, y(low)), left = Math.max(box.left, x(term.from) - half), right = Math.min(box.right, x(term.to) + half);
    Object.assign(mark.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
  }

  drawing.draggable(node, (from, to, isDone) => {
    if (from === to) return (isDone && reader.click(from, isCoarse)) || !trials.terms.some((term) => term.from !== undefined) ? undefined : trials.brush("@", "");
    const [p, q] = [plane.at(from), plane.at(to)], [a, b] = [p.x, q.x].sort((u, v) => u - v), [low, high] = [p.y, q.y].sort((u, v) => u - v);
    const first = Math.max(1, Math.ceil(a)), last = Math.max(first, Math.floor(b));
    trials.brush("@", `${select.value}@${first}..${last}=${linked.short(low)}..${linked.short(high)}`);
  }, "pan-y");

  function anew() {
    reader.leave();
    smoothed = new Map();
    reader.table();
    surface.redraw();
  }

  node.addEventListener("pointermove", (event) => { if (!event.buttons) reader.point(drawing.at(node, event)); });
  node.addEventListener("pointerleave", reader.leave);
  select.onchange = () => { log.checked = needsLog(); anew(); };
  log.onchange = () => surface.redraw();
  smoothing.oninput = () => { smoothing.nextElementSibling.textContent = String(weight()); anew(); };
  trials.follow((changed) => surface.redraw(changed.size === 1 && changed.has("focus")));
})();
