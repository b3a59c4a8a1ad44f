// What the charts draw alike: many lines quickly, axes, planes of two numbers, boxes that are dragged.
const drawing = (function () {
  const FAR = 1e5; // pixels; a canvas cannot draw to infinity

  // Draw lines, given as flat points [x0, y0, x1, y1, ...] with NaN for gaps.
  function lines(context, indices, pointsOf, style, width = 1, dash = []) {
    context.lineWidth = width;
    context.lineJoin = "bevel";
    context.setLineDash(dash);
    for (const i of indices) {
      const points = pointsOf(i);
      if (!points) continue;
      context.strokeStyle = typeof style === "function" ? style(i) : style;
      trace(context, points);
      context.stroke();
    }
    context.setLineDash([]);
  }

  function trace(context, points) {
    let open = false;
    context.beginPath();
    for (let k = 0; k < points.length; k += 2) {
      if (Number.isNaN(points[k + 1])) { open = false; continue; }
      if (open) context.lineTo(points[k], points[k + 1]); else context.moveTo(points[k], points[k + 1]);
      open = true;
    }
  }

  // A curve {points, color, dash, width, isFaint, isPin}; a single point as a dot.
  function curve(context, { points, color, dash, width, isFaint, isPin }) {
    if (isPin) lines(context, [0], () => points, panel.theme().paper, width + 3);
    context.globalAlpha = isFaint ? 0.3 : color ? 1 : 0.35;
    lines(context, [0], () => points, color ?? panel.theme().soft, width, dash);
    if (points.length === 2) dot(context, points[0], points[1], color ?? panel.theme().soft);
    context.globalAlpha = 1;
  }

  function dot(context, x, y, color) {
    context.fillStyle = color;
    context.beginPath();
    context.arc(x, y, 4, 0, 7);
    context.fill();
  }

  // The name of a curve, at the last of its points that can be seen.
  function label(context, box, points, name) {
    const ends = Array.from({ length: points.length / 2 }, (_, t) => points.slice(2 * t, 2 * t + 2));
    const end = ends.findLast(([x, y]) => x <= box.right && y >= box.top && y <= box.bottom);
    if (!end || !name) return;
    Object.assign(context, { strokeStyle: panel.theme().paper, lineWidth: 4, lineJoin: "round", textAlign: "right", textBaseline: "middle" });
    const [x, y] = [Math.min(end[0], box.right - 2), Math.max(box.top + 8, end[1] - 11)];
    context.strokeText(name, x, y);
    panel.text(context, name, x, y, { align: "right", color: panel.theme().ink });
  }

  // An axis at the left of, or below, a box {left, top, right, bottom}, with lines across the box.
  function axis(context, box, ticks, { vertical, title }) {
    const { line, soft, ink } = panel.theme();
    context.strokeStyle = line;
    context.lineWidth = 1;
    for (const tick of fitting(context, ticks, vertical ? box.bottom - box.top : box.right - box.left, vertical)) {
      const x = box.left + tick.at * (box.right - box.left), y = box.bottom - tick.at * (box.bottom - box.top);
      context.beginPath();
      if (vertical) { context.moveTo(box.left, y); context.lineTo(box.right, y); } else { context.moveTo(x, box.bottom); context.lineTo(x, box.bottom + 4); }
      context.stroke();
      if (vertical) panel.text(context, tick.label, box.left - 5, y, { align: "right", color: soft, room: box.left - 4 });
      else panel.text(context, tick.label, x, box.bottom + 13, { color: soft, room: Math.max(40, tick.room ?? 200) });
    }
    if (!title) return;
    if (vertical) panel.text(context, title, 0, box.top - 11, { align: "left", color: ink, room: box.right });
    else panel.text(context, title, (box.left + box.right) / 2, box.bottom + 29, { color: ink, room: box.right - box.left + 40 });
  }

  // Only as many ticks as do not run into each other.
  function fitting(context, ticks, room, vertical) {
    const widest = Math.max(0, ...ticks.map((tick) => Math.min(90, context.measureText(tick.label).width)));
    const need = vertical ? 15 : widest + 8, out = [];
    for (const tick of [...ticks].sort((a, b) => a.at - b.at)) {
      if (!out.length || (tick.at - out.at(-1).at) * room >= need) out.push(tick);
    }
    return out;
  }

  // A box in a canvas under a horizontal and a vertical interval, with margins {left, top, right, bottom}.
  function plane(margins, width, height, horizontal, vertical) {
    const box = { left: margins.left, top: margins.top, right: width - margins.right, bottom: height - margins.bottom };
    const x = (value) => box.left + horizontal.at(value) * (box.right - box.left);
    const y = (value) => (value === null || !Number.isFinite(vertical.at(value)) ? NaN : Math.max(-FAR, Math.min(FAR, box.bottom - vertical.at(value) * (box.bottom - box.top))));
    const ticks = (scale) => scale.ticks.map((tick) => ({ at: scale.at(tick), label: scales.format(tick) }));

    function axes(context, across, up) {
      axis(context, box, ticks(vertical), { vertical: true, title: up });
      axis(context, box, ticks(horizontal).filter((tick) => !tick.label.includes(".")), { vertical: false, title: across });
    }

    // Draw with what lies outside of the box cut off.
    function inside(context, fill) {
      context.save();
      context.beginPath();
      context.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
      context.clip();
      fill();
      context.restore();
    }

    // The flat points of a curve, and the values {x, y} at a point {x, y} of the canvas.
    const points = (curve) => curve.flatMap((value, t) => [x(data.epoch(t)), y(value)]);
    const at = (point) => ({ x: horizontal.to((point.x - box.left) / (box.right - box.left)), y: vertical.to((box.bottom - point.y) / (box.bottom - box.top)) });
    return { box, x, y, axes, inside, points, at };
  }

  // Where an event is on a node, in pixels.
  function at(node, event) {
    const box = node.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  // Let a box be dragged over a node: `moved(from, to)` with {x, y} in pixels; a click gives from = to. Fingers that
  // move the other way scroll the page where `touch` says so.
  function draggable(node, moved, touch = "none") {
    let from = null;
    const far = (a, b) => Math.hypot(a.x - b.x, a.y - b.y) > 4;
    node.style.touchAction = touch;
    node.onpointerdown = (event) => { from = at(node, event); node.setPointerCapture(event.pointerId); };
    node.onpointermove = (event) => { if (from && far(from, at(node, event))) { moved(from, at(node, event), false); event.preventDefault(); } };
    node.onpointerup = (event) => { if (from) { const to = at(node, event); moved(from, far(from, to) ? to : from, true); } from = null; };
    node.onpointercancel = () => { from = null; };
  }

  return { lines, curve, dot, label, axis, plane, at, draggable };
})();
