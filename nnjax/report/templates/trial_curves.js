// The curves of all trials; drag a box to select those that pass through it.
(function () {
  const node = document.getElementById("trial-curves");
  if (!trials || !node || !trials.curves.size) return;
  const select = document.getElementById("trial-curves-of"), log = document.getElementById("trial-curves-log");
  const MARGINS = { left: 58, top: 22, right: 12, bottom: 40 };
  const paint = linked.bundle(), mark = document.createElement("i");
  let points = [], plane = null, laid = "";
  for (const curve of trials.curves.values()) select.append(new Option(curve.label, curve.name));
  select.value = trials.curves.has(trials.metric.name) ? trials.metric.name : select.options[0].value;
  const curve = () => trials.curves.get(select.value);
  log.checked = isWide();
  Object.assign(mark, { className: "box", hidden: true });
  const surface = panel.make(node, draw, drawTop);
  node.append(mark);

  function values() { return curve().rows.flatMap((row) => (row ?? []).filter((v) => v !== null)).sort((a, b) => a - b); }

  function isWide() { const all = values(); return all[0] > 0 && quantile(all) > 20 * all[0]; }

  function quantile(all) { return all[Math.floor(0.97 * (all.length - 1))]; }

  function layOut(width, height) {
    const now = [width, height, select.value, log.checked].join(" ");
    if (now === laid) return;
    laid = now;
    const all = values().filter((v) => !log.checked || v > 0), longest = Math.max(1, ...curve().rows.map((row) => row?.length ?? 0));
    const vertical = scales.interval([all[0] ?? 0, quantile(all) ?? 1], log.checked);
    plane = drawing.plane(MARGINS, width, height, scales.interval([longest > 1 ? 1 : 0, Math.max(2, data.epoch(longest - 1))], false), vertical);
    points = curve().rows.map((row) => row && plane.points(row));
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
      linked.highlight(context, (i) => points[i]);
      const marks = trials.focus() < 0 ? null : trials.verdicts[trials.focus()]?.marks;
      evidence.draw(context, plane, marks ?? [], select.value.endsWith("_loss"));
    });
  }

  function placeMark() {
    const term = trials.terms.find((each) => each.from !== undefined && each.name === select.value);
    mark.hidden = !term || !("low" in term.values[0]);
    if (mark.hidden) return;
    const { box, x, y } = plane, { low, high } = term.values[0], half = (x(2) - x(1)) / 3;
    const top = Math.max(box.top, y(high)), bottom = Math.min(box.bottom, y(low)), left = Math.max(box.left, x(term.from) - half), right = Math.min(box.right, x(term.to) + half);
    Object.assign(mark.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
  }

  drawing.draggable(node, (from, to) => {
    if (from === to) return trials.terms.some((term) => term.from !== undefined) ? trials.brush("@", "") : undefined;
    const [p, q] = [plane.at(from), plane.at(to)], [a, b] = [p.x, q.x].sort((u, v) => u - v), [low, high] = [p.y, q.y].sort((u, v) => u - v);
    const first = Math.max(1, Math.ceil(a)), last = Math.max(first, Math.floor(b));
    trials.brush("@", `${select.value}@${first}..${last}=${linked.short(low)}..${linked.short(high)}`);
  }, "pan-y");

  function nearest(event) {
    if (!plane) return -1;
    const own = node.getBoundingClientRect(), px = event.clientX - own.left, py = event.clientY - own.top;
    let best = -1, least = 12;
    points.forEach((line, i) => {
      if (!line || !trials.selected[i]) return;
      const t = Math.round((px - line[0]) / ((line[2] ?? line[0] + 1) - line[0]));
      const distance = Math.abs((line[2 * t + 1] ?? NaN) - py);
      if (distance < least) [best, least] = [i, distance];
    });
    return best;
  }

  node.addEventListener("pointermove", (event) => { if (!event.buttons) trials.hover(nearest(event)); });
  node.addEventListener("pointerleave", () => trials.hover(-1));
  select.onchange = () => { log.checked = isWide(); surface.redraw(); };
  log.onchange = () => surface.redraw();
  trials.follow((changed) => surface.redraw(changed.size === 1 && changed.has("focus")));
})();
