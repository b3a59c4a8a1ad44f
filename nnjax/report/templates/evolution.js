// Population-based training: each trial's hyperparameters over the epochs, and the line through which weights came.
(function () {
  const grid = document.getElementById("evolution");
  if (!trials || !grid) return;
  const MARGINS = { left: 58, top: 24, right: 14, bottom: 38 }, { fields, paths, lineages, best, epochs } = trials.evolution;
  const surfaces = fields.map(small);

  function small({ name, log }, column) {
    const node = document.createElement("div"), paint = linked.bundle();
    node.className = "surface small still";
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", `${name} of every trial over the epochs`);
    grid.append(node);
    const values = paths.flat().map((stage) => stage[column + 1]).filter((v) => v !== null);
    const vertical = scales.interval(values, log), horizontal = scales.interval([0, epochs], false);
    let plane = null, points = [];

    const steps = (stages) => stages.flatMap((stage, k) => [plane.x(stage[0]), plane.y(stage[column + 1]), plane.x(stages[k + 1]?.[0] ?? epochs), plane.y(stage[column + 1])]);

    function draw(context, width, height) {
      plane = drawing.plane(MARGINS, width, height, horizontal, vertical);
      points = paths.map(steps);
      plane.axes(context, "epoch", name);
      paint(context, width, height, (i) => points[i], [trials.metric]);
    }

    // The line of the trial that is pointed at, else of the best one, with a dot where weights were handed on.
    function drawTop(context) {
      const i = trials.focus() < 0 ? best : trials.focus();
      if (i === null || !plane) return;
      linked.strong(context, i, steps(lineages[i]));
      context.fillStyle = panel.theme().ink;
      lineages[i].slice(1).forEach((stage) => { context.beginPath(); context.arc(plane.x(stage[0]), plane.y(stage[column + 1]), 3.5, 0, 7); context.fill(); });
    }

    node.addEventListener("pointermove", (event) => trials.hover(nearest(event)));
    node.addEventListener("pointerleave", () => trials.hover(-1));

    function nearest(event) {
      const own = node.getBoundingClientRect(), px = event.clientX - own.left, py = event.clientY - own.top;
      let found = -1, least = 8;
      points.forEach((line, i) => {
        if (!trials.selected[i]) return;
        for (let k = 0; k < line.length; k += 4) {
          if (px < line[k] || px > line[k + 2] || !(Math.abs(line[k + 1] - py) < least)) continue;
          [found, least] = [i, Math.abs(line[k + 1] - py)];
        }
      });
      return found;
    }
    return panel.make(node, draw, drawTop);
  }

  trials.follow((changed) => surfaces.forEach((surface) => surface.redraw(changed.size === 1 && changed.has("focus"))));
})();
