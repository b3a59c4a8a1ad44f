// The score against each hyperparameter: a point a trial, the mean of the selected ones, and the band of their seeds.
(function () {
  const grid = document.getElementById("effects");
  if (!trials || !grid) return;
  const BOX = { left: 52, top: 24, right: 10, bottom: 38 }, MOST = 24;
  const seeds = trials.field("seed").values, folds = trials.field("fold").values;
  const replicates = seeds.map((seed, i) => `${seed} ${folds[i]}`);
  const repeated = new Set(trials.settings).size < trials.size;
  const surfaces = trials.axes.map(small);

  const jitter = (i) => ((i * 0.618034) % 1) - 0.5;

  function small(field) {
    const node = document.createElement("div"), mark = document.createElement("i");
    node.className = "surface small";
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", `The score of every trial against ${field.name}`);
    Object.assign(mark, { className: "box", hidden: true });
    grid.append(node);
    const scale = scales.make(field), groups = scales.bins(field, MOST);
    const surface = panel.make(node, draw, drawTop);
    node.append(mark);
    let box = null, vertical = null;

    const x = (i) => box.left + (scale.at(field.values[i]) + jitter(i) * scale.spread) * (box.right - box.left);
    const y = (p) => box.bottom - p * (box.bottom - box.top);

    function draw(context, width, height) {
      box = { left: BOX.left, top: BOX.top, right: width - BOX.right, bottom: height - BOX.bottom };
      vertical = scales.make(trials.metric);
      drawing.axis(context, box, vertical.ticks, { vertical: true, title: trials.metric.label });
      drawing.axis(context, box, scale.ticks, { vertical: false, title: field.name });
      for (const i of linked.order().sort((a, b) => trials.selected[a] - trials.selected[b])) dot(context, i);
      summary(context);
      const range = linked.brushed(field, scale);
      mark.hidden = !range;
      if (range) Object.assign(mark.style, { left: `${box.left + range[0] * (box.right - box.left)}px`, width: `${(range[1] - range[0]) * (box.right - box.left)}px`, top: `${box.top}px`, height: `${box.bottom - box.top}px` });
    }

    function dot(context, i) {
      const value = trials.metric.values[i], left = x(i), top = y(vertical.at(value));
      context.fillStyle = trials.selected[i] ? linked.color(i) : panel.theme().faint;
      if (value !== null) { context.fillRect(left - 1.5, top - 1.5, 3, 3); return; }
      context.strokeStyle = context.fillStyle;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(left - 3, top - 3);
      context.lineTo(left + 3, top + 3);
      context.moveTo(left - 3, top + 3);
      context.lineTo(left + 3, top - 3);
      context.stroke();
    }

    // Each group's mean, and the lowest and highest of its seeds' own means.
    function summary(context) {
      const found = groupMeans(groups.of, groups.at.length), { ink } = panel.theme();
      const known = found.map((each, k) => ({ ...each, x: box.left + groups.at[k] * (box.right - box.left) })).filter((each) => each.mean !== undefined);
      context.fillStyle = context.strokeStyle = ink;
      context.globalAlpha = 0.16;
      context.beginPath();
      const banded = known.filter((each) => each.low < each.high);
      banded.forEach((each) => context.lineTo(each.x, y(vertical.at(each.low))));
      banded.toReversed().forEach((each) => context.lineTo(each.x, y(vertical.at(each.high))));
      context.fill();
      context.globalAlpha = 1;
      context.lineWidth = 1.8;
      context.beginPath();
      known.forEach((each) => context.lineTo(each.x, y(vertical.at(each.mean))));
      context.stroke();
      known.forEach((each) => { context.beginPath(); context.arc(each.x, y(vertical.at(each.mean)), 2.5, 0, 7); context.fill(); });
    }

    function drawTop(context) {
      const i = trials.focus();
      if (i < 0 || !box) return;
      context.strokeStyle = panel.theme().ink;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x(i), y(vertical.at(trials.metric.values[i])), 6, 0, 7);
      context.stroke();
    }

    drawing.draggable(node, (from, to) => {
      const position = (point) => (point.x - box.left) / (box.right - box.left);
      trials.brush(field.name, from === to ? "" : linked.condition(field, scale, position(from), position(to)));
    }, "pan-y");
    node.addEventListener("pointermove", (event) => { if (!event.buttons) trials.hover(nearest(event)); });
    node.addEventListener("pointerleave", () => trials.hover(-1));

    function nearest(event) {
      const own = node.getBoundingClientRect(), px = event.clientX - own.left, py = event.clientY - own.top;
      let best = -1, least = 10;
      for (let i = 0; i < trials.size && box; i++) {
        const distance = Math.hypot(x(i) - px, y(vertical.at(trials.metric.values[i])) - py);
        if (trials.selected[i] && distance < least) [best, least] = [i, distance];
      }
      return best;
    }
    return surface;
  }

  // Over the selected trials of each group: the mean, and the range of the means of its replicates.
  function groupMeans(of, number) {
    const sums = Array.from({ length: number }, () => new Map());
    trials.metric.values.forEach((value, i) => {
      if (value === null || of[i] === null || !trials.selected[i]) return;
      const own = sums[of[i]], sum = own.get(replicates[i]) ?? { total: 0, count: 0 };
      own.set(replicates[i], { total: sum.total + value, count: sum.count + 1 });
    });
    return sums.map((own) => {
      const means = [...own.values()].map((sum) => sum.total / sum.count), all = [...own.values()];
      if (!means.length) return {};
      const total = all.reduce((a, sum) => a + sum.total, 0), count = all.reduce((a, sum) => a + sum.count, 0);
      return { mean: total / count, low: repeated ? Math.min(...means) : NaN, high: Math.max(...means) };
    });
  }

  trials.follow((changed) => surfaces.forEach((surface) => surface.redraw(changed.size === 1 && changed.has("focus"))));
})();
