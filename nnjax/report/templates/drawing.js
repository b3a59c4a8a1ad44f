// What the views of trials draw alike: many lines quickly, axes, brushes.
const drawing = (function () {
  // The order in which trials are drawn: those without a metric first, then the worst, the best on top.
  function order() {
    const rank = (i) => (trials.metric.values[i] === null ? Infinity : trials.metric.values[i]);
    return Array.from({ length: trials.size }, (_, i) => i).sort((a, b) => rank(b) - rank(a));
  }

  const colour = (i) => (trials.shades[i] < 0 ? trials.theme.red : trials.theme.shades[trials.shades[i]]);

  // Draw lines, given as flat points [x0, y0, x1, y1, ...] with NaN for gaps.
  function lines(context, indices, pointsOf, style, width = 1) {
    context.lineWidth = width;
    context.lineJoin = "bevel";
    for (const i of indices) {
      const points = pointsOf(i);
      if (!points) continue;
      context.strokeStyle = typeof style === "function" ? style(i) : style;
      trace(context, points);
      context.stroke();
    }
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

  // A painter of lines that keeps all of them, grey, as a picture: only the selected ones are drawn at each change.
  function bundle() {
    let picture = null, key = null;
    return function paint(context, width, height, pointsOf, changes) {
      const now = [width, height, trials.theme, ...changes];
      if (!key || now.some((each, k) => each !== key[k])) {
        [picture, key] = [grey(context.canvas, pointsOf), now];
      }
      if (trials.count < trials.size) {
        context.save();
        context.resetTransform();
        context.drawImage(picture, 0, 0);
        context.restore();
      }
      context.globalAlpha = Math.max(0.35, Math.min(1, 25 / Math.sqrt(trials.count)  / 2));
      lines(context, order().filter((i) => trials.selected[i]), pointsOf, colour);
      context.globalAlpha = 1;
    };
  }

  function grey(like, pointsOf) {
    const picture = document.createElement("canvas"), context = picture.getContext("2d");
    [picture.width, picture.height] = [like.width, like.height];
    const ratio = Math.min(2, devicePixelRatio || 1);
    context.scale(ratio, ratio);
    lines(context, Array.from({ length: trials.size }, (_, i) => i), pointsOf, trials.theme.faint);
    return picture;
  }

  function highlight(context, pointsOf) {
    const i = trials.focus();
    const points = i < 0 ? null : pointsOf(i);
    if (points) strong(context, i, points);
  }

  function strong(context, i, points) {
    lines(context, [i], () => points, trials.theme.paper, 5);
    lines(context, [i], () => points, trials.theme.ink, 2.5);
  }

  // An axis at the left of, or below, a box {left, top, right, bottom}, with lines across the box.
  function axis(context, box, ticks, { vertical, title }) {
    const { line, soft, ink } = trials.theme;
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

  // Let a box be dragged over a node: `moved(from, to)` with {x, y} in pixels; a click gives from = to. Fingers that
  // move the other way scroll the page where `touch` says so.
  function draggable(node, moved, touch = "none") {
    let from = null;
    const at = (event) => { const box = node.getBoundingClientRect(); return { x: event.clientX - box.left, y: event.clientY - box.top }; };
    const far = (a, b) => Math.hypot(a.x - b.x, a.y - b.y) > 4;
    node.style.touchAction = touch;
    node.onpointerdown = (event) => { from = at(event); node.setPointerCapture(event.pointerId); };
    node.onpointermove = (event) => { if (from && far(from, at(event))) { moved(from, at(event), false); event.preventDefault(); } };
    node.onpointerup = (event) => { if (from) { const to = at(event); moved(from, far(from, to) ? to : from, true); } from = null; };
    node.onpointercancel = () => { from = null; };
  }

  // What a brush over positions [a, b] of a field's scale asks for, as a condition.
  function condition(field, scale, a, b) {
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    if (scale.levels) {
      const inside = scale.levels.filter((_, i) => scale.at(i) + scale.width / 2 > low && scale.at(i) - scale.width / 2 < high);
      return inside.length ? `${field.name}=${inside.map(filter.quoted).join("|")}` : "";
    }
    const missing = scale.slot !== null && scale.slot >= low && scale.slot <= high ? "none" : "";
    const [from, to] = [scale.to(low), scale.to(high)].map((v) => Math.min(scale.high, Math.max(scale.low, v)));
    const range = scale.to(high) < scale.low || scale.to(low) > scale.high ? "" : `${short(from)}..${short(to)}`;
    return range || missing ? `${field.name}=${[range, missing].filter(Boolean).join("|")}` : "";
  }

  const short = (value) => String(Number(value.toPrecision(4)));

  // The positions [low, high] on a field's scale that the filter's conditions on it leave; null where there are none.
  function brushed(field, scale) {
    const terms = trials.terms.filter((term) => term.name === field.name.toLowerCase() && term.from === undefined);
    if (!terms.length) return null;
    if (scale.levels) {
      const fits = (label) => terms.every((term) => filter.holds(term.op, term.values, label.toLowerCase(), Number(label)));
      const inside = scale.levels.map((label, i) => (fits(label) ? i : -1)).filter((i) => i >= 0);
      return inside.length ? [scale.at(inside[0]) - scale.width / 2, scale.at(inside.at(-1)) + scale.width / 2] : null;
    }
    const ends = terms.flatMap((term) => bounds(term, scale));
    return ends.length ? [Math.max(0, ...ends.map((end) => end[0])), Math.min(1, ...ends.map((end) => end[1]))] : null;
  }

  function bounds(term, scale) {
    if (term.op === "!=") return [];
    if (term.op.startsWith("<")) return [[0, scale.at(term.values[0].number)]];
    if (term.op.startsWith(">")) return [[scale.at(term.values[0].number), 1]];
    const of = (v) => ("low" in v ? [scale.at(v.low), scale.at(v.high)] : v.text === "none" ? [scale.slot, scale.slot] : [scale.at(v.number), scale.at(v.number)]);
    const all = term.values.map(of).flat().filter(Number.isFinite);
    return all.length ? [[Math.min(...all) - 0.004, Math.max(...all) + 0.004]] : [];
  }

  return { order, colour, bundle, highlight, strong, axis, draggable, condition, brushed, short };
})();
