// Successive halving: the scores of all trials that reached each rung; lines end where trials were dropped.
(function () {
  const node = document.getElementById("rungs");
  if (!trials || !node) return;
  const BOX = { left: 58, top: 40, right: 16, bottom: 40 }, { rungs } = trials, statuses = trials.field("status");
  const isDropped = trials.ids.map((_, i) => scales.show(statuses, i) === "dropped");
  const epochs = trials.field("epochs").values, paint = linked.bundle();
  let points = [], box = null;
  const all = rungs.flatMap((rung) => rung.values.filter((v) => v !== null)).sort((a, b) => a - b), log = all[0] > 0 && all.at(-1) > 20 * all[0];
  const high = all[Math.floor(0.98 * (all.length - 1))], vertical = scales.interval([all[0] ?? 0, high ?? 1], log);
  const surface = panel.make(node, draw, (context) => linked.highlight(context, (i) => points[i]));

  const x = (k) => box.left + ((k + 0.5) * (box.right - box.left)) / rungs.length;
  const y = (value) => Math.max(box.top - 4, box.bottom - vertical.at(value) * (box.bottom - box.top));
  const spread = (i) => ((((i * 0.618034) % 1) - 0.5) * 0.12 * (box.right - box.left)) / rungs.length;

  function draw(context, width, height) {
    box = { left: BOX.left, top: BOX.top, right: width - BOX.right, bottom: height - BOX.bottom };
    points = trials.ids.map((_, i) => rungs.flatMap((rung, k) => [x(k) + spread(i), rung.values[i] === null ? NaN : y(rung.values[i])]));
    drawing.axis(context, box, vertical.ticks.map((tick) => ({ at: vertical.at(tick), label: scales.format(tick) })), { vertical: true });
    drawing.axis(context, box, rungs.map((rung, k) => ({ at: (k + 0.5) / rungs.length, label: String(rung.epoch) })), { vertical: false, title: "epoch" });
    paint(context, width, height, (i) => points[i], [trials.metric]);
    rungs.forEach((rung, k) => label(context, rung, k));
  }

  function label(context, rung, k) {
    const reached = rung.values.filter((v, i) => v !== null && trials.selected[i]).length;
    const ended = isDropped.map((is, i) => is && epochs[i] === rung.epoch && trials.selected[i]);
    const { ink, red } = panel.theme(), number = ended.filter(Boolean).length;
    context.fillStyle = red;
    ended.forEach((is, i) => { if (is && rung.values[i] !== null) context.fillRect(points[i][2 * k] - 2, points[i][2 * k + 1] - 2, 4, 4); });
    const room = (box.right - box.left) / rungs.length - 4;
    panel.text(context, `${reached} reached`, x(k), 8, { color: ink, room });
    if (number) panel.text(context, `${number} dropped`, x(k), 24, { color: red, room });
  }

  trials.follow((changed) => surface.redraw(changed.size === 1 && changed.has("focus")));
})();
