// The score over two hyperparameters, averaged over everything else.
(function () {
  const node = document.getElementById("heat-map"), statistic = document.getElementById("heat-map-of");
  if (!trials || !node) return;
  const known = (indices) => indices.map((i) => trials.metric.values[i]).filter((v) => v !== null);

  function summary(indices) {
    const values = known(indices);
    if (!values.length) return null;
    const best = trials.metric.high ? Math.max : Math.min;
    return statistic.value === "best" ? best(...values) : values.reduce((a, b) => a + b, 0) / values.length;
  }

  function paint(context, cell, { left, top, width, height }, all) {
    const values = all.map((each) => each.value).filter((v) => v !== null);
    const f = trials.metric.log && values.every((v) => v > 0) ? Math.log : (v) => v;
    const ends = [f(Math.min(...values)), f(Math.max(...values))], [low, high] = trials.metric.high ? ends.reverse() : ends, missing = cell.value === null;
    context.fillStyle = missing ? panel.theme().line : panel.shade((f(cell.value) - low) / (high - low || 1));
    context.fillRect(left, top, width, height);
    const words = missing ? "×" : scales.format(Number(cell.value.toPrecision(3)));
    if (context.measureText(words).width > width - 3 || height < 13) return;
    panel.text(context, words, left + width / 2, top + height / 2, { color: missing ? panel.theme().red : heatMap.contrast(context.fillStyle) });
  }

  function describe(cell) {
    const values = known(cell.trials), without = cell.trials.length - values.length;
    const scored = values.length ? `${statistic.value} ${scales.format(cell.value)} of ${values.length} trial${values.length > 1 ? "s" : ""}` : "";
    return [scored, without ? `${without} without a score` : ""].filter(Boolean).join(", ");
  }

  const surface = heatMap.make({ id: "heat-map", fields: trials.axes, first: node.dataset.pair.split(" "), summary, paint, describe });
  statistic.onchange = () => surface.redraw();
})();
