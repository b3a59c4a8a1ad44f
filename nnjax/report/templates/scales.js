// Where values stand on an axis: numbers on a linear or logarithmic scale, levels at even distances, null in a slot.
const scales = (function () {
  const SLOT = 0.08; // of the axis, for trials without a value
  const FEW = 8; // numbers that have a tick each

  function format(value) {
    if (value === null) return "none";
    const size = Math.abs(value);
    if (value !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
    return String(Number(value.toPrecision(4)));
  }

  // What a field has for a trial, as text.
  const show = (field, i) => (field.levels && field.values[i] !== null ? field.levels[field.values[i]] : format(field.values[i]));

  // A scale: `at` gives the position in [0, 1] of a value, `to` the value at a position, `ticks` are {at, label}.
  function make(field) {
    return field.levels ? levelScale(field.levels) : numberScale(field);
  }

  function levelScale(levels) {
    const n = levels.length;
    const ticks = levels.map((label, i) => ({ at: (i + 0.5) / n, label }));
    return { levels, ticks, at: (i) => (i + 0.5) / n, to: (p) => Math.min(n - 1, Math.max(0, Math.floor(p * n))), width: 1 / n, spread: 0.5 / n };
  }

  // Null stands above a metric's numbers, which are better the lower they are, and below an axis's.
  function numberScale(field) {
    const known = field.values.filter((v) => v !== null), missing = known.length < field.values.length, distinct = [...new Set(known)];
    const few = distinct.length <= FEW;
    const above = field.role === "metric", room = missing ? 1 - SLOT : 1, start = missing && !above ? SLOT : 0;
    const inner = interval(known, field.log);
    const slot = missing ? (above ? 1 - SLOT / 3 : SLOT / 3) : null;
    const ticks = (few ? distinct : inner.ticks).map((tick) => ({ at: start + room * inner.at(tick), label: format(tick) }));
    if (missing) ticks.push({ at: slot, label: "none" });
    return {
      ticks, slot, low: inner.low, high: inner.high, width: 0, spread: few ? 0.03 : 0,
      at: (value) => (value === null ? slot : start + room * Math.min(1, Math.max(0, inner.at(value)))),
      to: (p) => inner.to((p - start) / room),
    };
  }

  // An interval that holds some numbers, with a little room at both ends.
  function interval(numbers, log) {
    const f = log ? Math.log10 : (v) => v, inverse = log ? (v) => 10 ** v : (v) => v;
    let low = Infinity, high = -Infinity;
    for (const number of numbers) { low = Math.min(low, f(number)); high = Math.max(high, f(number)); }
    if (!(low < high)) { const middle = Number.isFinite(low) ? low : 0; low = middle - 0.5; high = middle + 0.5; }
    const margin = 0.02 * (high - low), from = low - margin, size = high - low + 2 * margin;
    return {
      low: inverse(low), high: inverse(high), at: (v) => (f(v) - from) / size, to: (p) => inverse(from + size * p),
      ticks: log ? logTicks(from, from + size) : linearTicks(from, from + size),
    };
  }

  function linearTicks(low, high) {
    const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= 0.7 * rough), out = [];
    for (let k = Math.ceil(low / step); k * step <= high; k++) out.push(Number((k * step).toPrecision(12)));
    return out;
  }

  function logTicks(low, high) {
    const factors = high - low < 1.2 ? [1, 2, 3, 5, 7] : high - low < 2.5 ? [1, 2, 5] : [1], every = Math.ceil((high - low) / 7), out = [];
    for (let d = Math.floor(low); d <= high; d++) {
      for (const factor of factors) {
        const at = d + Math.log10(factor);
        if (at >= low && at <= high && d % every === 0) out.push(Number((factor * 10 ** d).toPrecision(12)));
      }
    }
    return out.length > 1 ? out : linearTicks(10 ** low, 10 ** high).filter((v) => v > 0);
  }

  // Groups of nearby values of a field: its levels, its few numbers, or equal parts of its scale.
  function bins(field, most) {
    const scale = make(field), distinct = [...new Set(field.values)].filter((v) => v !== null).sort((a, b) => a - b);
    if (field.levels) return { scale, of: field.values, at: field.levels.map((_, i) => scale.at(i)), labels: field.levels };
    if (distinct.length <= most) {
      const place = new Map(distinct.map((v, i) => [v, i]));
      return { scale, of: field.values.map((v) => place.get(v) ?? null), at: distinct.map(scale.at), labels: distinct.map(format), ends: distinct.map((v) => [v, v]) };
    }
    const from = scale.at(distinct[0]), size = (scale.at(distinct.at(-1)) - from) / most, edge = (k) => scale.to(from + size * k);
    const middles = Array.from({ length: most }, (_, k) => from + size * (k + 0.5));
    return {
      scale, at: middles, labels: middles.map((p) => format(Number(scale.to(p).toPrecision(2)))), ends: middles.map((_, k) => [edge(k), edge(k + 1)]),
      of: field.values.map((v) => (v === null ? null : Math.min(most - 1, Math.max(0, Math.floor((scale.at(v) - from) / size))))),
    };
  }

  return { make, interval, bins, format, show };
})();
