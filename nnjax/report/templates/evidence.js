// The evidence of a verdict, drawn on a plane of losses by epoch: see nnjax/diagnosis/marks.py for the kinds of marks.
const evidence = (function () {
  const PAINTERS = { band, line, level, point, trend };

  // Draw marks; the losses of some of them mean nothing where the plane shows another quantity.
  function draw(context, plane, marks, isLoss) {
    let row = 0;
    for (const { kind, x, y, label } of marks) {
      const upright = kind === "band" || kind === "line";
      if (!isLoss && !upright) continue;
      const [xs, ys] = [x.map(plane.x), y.map(plane.y)], { ink } = panel.theme();
      Object.assign(context, { strokeStyle: ink, lineWidth: 2 });
      context.setLineDash(kind === "point" ? [] : [7, 4]);
      context.beginPath();
      PAINTERS[kind](context, plane.box, xs, ys);
      context.stroke();
      context.setLineDash([]);
      const k = Math.floor((xs.length - 1) / 2);
      if (upright) words(context, plane.box, label, xs[0] + 5, plane.box.top + 9 + 15 * row++);
      else if (kind === "level") words(context, plane.box, label, plane.box.left + 8, ys[0] - 9);
      else words(context, plane.box, label, xs[k] + 10, ys[k] - 10);
    }
  }

  function band(context, box, xs) {
    context.globalAlpha = 0.15;
    context.fillStyle = panel.theme().accent;
    context.fillRect(xs[0], box.top, xs[1] - xs[0], box.bottom - box.top);
    context.globalAlpha = 1;
  }

  function line(context, box, xs) {
    context.strokeStyle = panel.theme().red;
    context.moveTo(xs[0], box.top);
    context.lineTo(xs[0], box.bottom);
  }

  function level(context, box, xs, ys) {
    context.moveTo(box.left, ys[0]);
    context.lineTo(box.right, ys[0]);
  }

  function point(context, box, xs, ys) { context.arc(xs[0], ys[0], 6, 0, 7); }

  function trend(context, box, xs, ys) { xs.forEach((x, k) => context.lineTo(x, ys[k])); }

  function words(context, box, label, left, top) {
    const at = Math.max(box.left + 4, Math.min(left, box.right - context.measureText(label).width - 4));
    Object.assign(context, { strokeStyle: panel.theme().paper, lineWidth: 4, lineJoin: "round", textAlign: "left", textBaseline: "middle" });
    context.strokeText(label, at, top);
    panel.text(context, label, at, top, { align: "left", color: panel.theme().ink });
  }

  return { draw };
})();
