// The curves of all trials; drag a box to select those that pass through it.
(function () {
  const node = document.getElementById("trial-curves");
  if (!trials || !node || !trials.curves.size) return;
  const select = document.getElementById("trial-curves-of"), log = document.getElementById("trial-curves-log");
  const BOX = { left: 58, top: 22, right: 12, bottom: 40 };
  const paint = drawing.bundle(), mark = document.createElement("i");
  let points = [], vertical = null, horizontal = null, box = null, laid = "";
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
    box = { left: BOX.left, top: BOX.top, right: width - BOX.right, bottom: height - BOX.bottom };
    const all = values().filter((v) => !log.checked || v > 0), longest = Math.max(1, ...curve().rows.map((row) => row?.length ?? 0));
    vertical = scales.interval([all[0] ?? 0, quantile(all) ?? 1], log.checked);
    horizontal = scales.interval([longest > 1 ? 1 : 0, Math.max(2, data.epoch(longest - 1))], false);
    points = curve().rows.map((row) => row && row.flatMap((v, t) => [x(data.epoch(t)), v === null || (log.checked && v <= 0) ? NaN : y(v)]));
  }

  const x = (epoch) => box.left + horizontal.at(epoch) * (box.right - box.left);
  const y = (value) => Math.max(-1000, box.bottom - vertical.at(value) * (box.bottom - box.top));

  function draw(context, width, height) {
    layOut(width, height);
    const ticks = (scale) => scale.ticks.map((tick) => ({ at: scale.at(tick), label: scales.format(tick) }));
    drawing.axis(context, box, ticks(vertical), { vertical: true, title: curve().label });
    drawing.axis(context, box, ticks(horizontal).filter((tick) => !tick.label.includes(".")), { vertical: false, title: "epoch" });
    clip(context, () => paint(context, width, height, (i) => points[i], [laid, trials.metric]));
    placeMark();
  }

  function drawTop(context, width, height) {
    layOut(width, height);
    clip(context, () => { drawing.highlight(context, (i) => points[i]); marks(context); });
  }

  // The evidence of the verdict on the trial in focus; losses stand on other scales than the other metrics.
  function marks(context) {
    const i = trials.focus(), { ink, accent, red } = trials.theme, loss = select.value.endsWith("_loss");
    let row = 0;
    for (const { kind, x: epochs, y: values, label } of (i >= 0 && trials.told[i]?.marks) || []) {
      const [xs, ys] = [epochs.map(x), values.map(y)], upright = kind === "band" || kind === "line";
      if (!loss && !upright) continue;
      Object.assign(context, { strokeStyle: ink, lineWidth: 2 });
      context.setLineDash(kind === "point" ? [] : [7, 4]);
      context.beginPath();
      if (kind === "band") {
        context.globalAlpha = 0.15;
        context.fillStyle = accent;
        context.fillRect(xs[0], box.top, xs[1] - xs[0], box.bottom - box.top);
        context.globalAlpha = 1;
      } else if (kind === "line") {
        context.strokeStyle = red;
        context.moveTo(xs[0], box.top);
        context.lineTo(xs[0], box.bottom);
      } else if (kind === "level") {
        context.moveTo(box.left, ys[0]);
        context.lineTo(box.right, ys[0]);
      } else if (kind === "point") context.arc(xs[0], ys[0], 6, 0, 7);
      else xs.forEach((each, k) => context.lineTo(each, ys[k]));
      context.stroke();
      context.setLineDash([]);
      const left = upright ? Math.min(xs[0] + 5, box.right - context.measureText(label).width - 5) : box.left + 8;
      const k = Math.floor((xs.length - 1) / 2), where = upright ? [left, box.top + 9 + 15 * row++] : kind === "level" ? [left, ys[0] - 9] : [xs[k] + 10, ys[k] - 10];
      words(context, label, ...where);
    }
  }

  function words(context, label, left, top) {
    const at = Math.max(box.left + 4, Math.min(left, box.right - context.measureText(label).width - 4));
    Object.assign(context, { strokeStyle: trials.theme.paper, lineWidth: 4, lineJoin: "round", textAlign: "left", textBaseline: "middle" });
    context.strokeText(label, at, top);
    panel.text(context, label, at, top, { align: "left", color: trials.theme.ink });
  }

  function clip(context, inside) {
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
    context.clip();
    inside();
    context.restore();
  }

  function placeMark() {
    const term = trials.terms.find((each) => each.from !== undefined && each.name === select.value);
    mark.hidden = !term || !("low" in term.values[0]);
    if (mark.hidden) return;
    const { low, high } = term.values[0], half = (x(2) - x(1)) / 3;
    const top = Math.max(box.top, y(high)), bottom = Math.min(box.bottom, y(low)), left = Math.max(box.left, x(term.from) - half), right = Math.min(box.right, x(term.to) + half);
    Object.assign(mark.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
  }

  drawing.draggable(node, (from, to) => {
    if (from === to) return trials.terms.some((term) => term.from !== undefined) ? trials.brush("@", "") : undefined;
    const epoch = (point) => horizontal.to((point.x - box.left) / (box.right - box.left)), value = (point) => vertical.to((box.bottom - point.y) / (box.bottom - box.top));
    const [a, b] = [epoch(from), epoch(to)].sort((p, q) => p - q), [low, high] = [value(from), value(to)].sort((p, q) => p - q);
    const first = Math.max(1, Math.ceil(a)), last = Math.max(first, Math.floor(b));
    trials.brush("@", `${select.value}@${first}..${last}=${drawing.short(low)}..${drawing.short(high)}`);
  }, "pan-y");

  function nearest(event) {
    if (!box) return -1;
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
