// What the linked views of trials draw alike: the order and colors of trials, bundles of lines, brushes.
const linked = (function () {
  // The order in which trials are drawn: those without a metric first, then the worst, the best on top.
  function order() {
    const rank = (i) => (trials.metric.values[i] === null ? Infinity : trials.metric.values[i]);
    return Array.from({ length: trials.size }, (_, i) => i).sort((a, b) => rank(b) - rank(a));
  }

  const color = (i) => (trials.shades[i] < 0 ? panel.theme().red : panel.theme().shades[trials.shades[i]]);

  // A painter of lines that keeps all of them, gray, as an image: only the selected ones are drawn at each change.
  function bundle() {
    let image = null, key = null;
    return function paint(context, width, height, pointsOf, changes) {
      const now = [width, height, panel.theme(), ...changes];
      if (!key || now.some((each, k) => each !== key[k])) {
        [image, key] = [gray(context.canvas, pointsOf), now];
      }
      if (trials.count < trials.size) {
        context.save();
        context.resetTransform();
        context.drawImage(image, 0, 0);
        context.restore();
      }
      context.globalAlpha = Math.max(0.35, Math.min(1, 25 / Math.sqrt(trials.count)  / 2));
      drawing.lines(context, order().filter((i) => trials.selected[i]), pointsOf, color);
      context.globalAlpha = 1;
    };
  }

  function gray(like, pointsOf) {
    const image = document.createElement("canvas"), context = image.getContext("2d");
    [image.width, image.height] = [like.width, like.height];
    const ratio = Math.min(2, devicePixelRatio || 1);
    context.scale(ratio, ratio);
    drawing.lines(context, Array.from({ length: trials.size }, (_, i) => i), pointsOf, panel.theme().faint);
    return image;
  }

  function highlight(context, pointsOf) {
    const i = trials.focus();
    const points = i < 0 ? null : pointsOf(i);
    if (points) strong(context, i, points);
  }

  function strong(context, i, points) {
    drawing.lines(context, [i], () => points, panel.theme().paper, 5);
    drawing.lines(context, [i], () => points, panel.theme().ink, 2.5);
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

  return { order, color, bundle, highlight, strong, condition, brushed, short };
})();
