// The trials of a sweep: their fields, which of them are selected, and the views that follow.
const trials = (function () {
  if (!data.sweep) return null;
  const { fields, stems, settings, rungs, evolution, verdicts, badges } = data.sweep;
  const byName = new Map(fields.map((field) => [field.name.toLowerCase(), field]));
  const size = settings.length, ids = byName.get("trial").values;
  const axes = fields.filter((field) => field.role === "axis"), metrics = fields.filter((field) => field.role === "metric");
  const places = new Map(ids.map((id, i) => [id, i])), curves = curvesByName();
  const self = {
    size, ids, fields, axes, metrics, settings, rungs, evolution, verdicts, badges, places, curves, metric: metrics[0], text: "", terms: [], errors: [],
    selected: new Uint8Array(size).fill(1), count: size, hovered: -1, pinned: -1, shades: [],
    field: (name) => byName.get(name.toLowerCase()), focus: () => (self.hovered >= 0 ? self.hovered : self.pinned),
    select, brush, hover, pin, judge, follow, describe, rowTexts: [],
  };
  const views = [];
  let frame = 0, changed = new Set();

  // {name: {label, rows}}, a row for each trial, null where it has none.
  function curvesByName() {
    const parts = { validation: "val", training: "train", "running mean": "running" }, out = new Map();
    for (const chart of data.charts) {
      for (const line of chart.lines) {
        const name = `${parts[line.part]}_${stems[chart.name] ?? chart.name}`;
        if (!line.trials.some((trial) => places.has(trial))) continue;
        if (!out.has(name)) out.set(name, { name, chart, part: line.part, label: `${chart.label}, ${line.part}`, rows: Array(size).fill(null) });
        line.trials.forEach((trial, i) => { if (places.has(trial)) out.get(name).rows[places.get(trial)] = line.rows[i]; });
      }
    }
    return out;
  }

  // Views are functions of what has changed: a set of "selection", "focus", "metric", "theme".
  function follow(view) { views.push(view); }

  function announce(what) {
    changed.add(what);
    frame ||= requestAnimationFrame(() => {
      const now = changed;
      [frame, changed] = [0, new Set()];
      views.forEach((view) => view(now));
    });
  }

  // Select the trials for which all of a filter's terms hold; terms that cannot be read are reported and left out.
  function select(text) {
    const terms = filter.parse(text);
    self.errors = terms.map(mistake).filter(Boolean);
    self.text = text;
    self.terms = terms.filter((term) => !mistake(term));
    for (let i = 0; i < size; i++) self.selected[i] = self.terms.every((term) => holds(term, i)) ? 1 : 0;
    self.count = self.selected.reduce((a, b) => a + b, 0);
    announce("selection");
  }

  function mistake(term) {
    if (term.word !== undefined) return "";
    if (term.from !== undefined) return curves.has(term.name) ? "" : `There is no curve ${term.name}; there are ${[...curves.keys()].join(", ")}.`;
    return byName.has(term.name) ? "" : `There is no field ${term.name}; there are ${fields.map((field) => field.name).join(", ")}.`;
  }

  function holds(term, i) {
    if (term.word !== undefined) return self.rowTexts[i].includes(term.word);
    if (term.from !== undefined) return passes(term, curves.get(term.name).rows[i]);
    const field = byName.get(term.name), value = field.values[i];
    const text = scales.show(field, i).toLowerCase();
    return filter.holds(term.op, term.values, text, field.levels ? Number(text) : value ?? NaN);
  }

  function passes(term, row) {
    if (!row) return false;
    return row.some((value, t) => value !== null && data.epoch(t) >= term.from && data.epoch(t) <= term.to && filter.holds(term.op, term.values, "", value));
  }

  // Write a condition into the filter in place of those on the same field ("" only takes them away).
  function brush(name, condition) {
    const isCurve = name.includes("@");
    const box = document.getElementById("filter");
    box.value = filter.withCondition(box.value, (term) => (isCurve ? term.from !== undefined : term.name === name.toLowerCase() && term.from === undefined), condition);
    select(box.value);
  }

  function hover(i) {
    if (i === self.hovered) return;
    self.hovered = i;
    announce("focus");
  }

  function pin(i) {
    self.pinned = i === self.pinned ? -1 : i;
    announce("focus");
  }

  // Judge trials by a metric: their shades run from the best to the worst but a tenth, on its own scale.
  function judge(metric) {
    self.metric = metric;
    const f = metric.log ? Math.log : (v) => v;
    const known = metric.values.filter((v) => v !== null).map(f).sort((a, b) => (metric.high ? b - a : a - b));
    const low = known[0], high = known[Math.floor(0.9 * (known.length - 1))];
    self.range = metric.log ? [Math.exp(low), Math.exp(high)] : [low, high];
    self.shades = metric.values.map((v) => (v === null ? -1 : Math.round((panel.SHADES - 1) * Math.min(1, Math.max(0, (f(v) - low) / (high - low || 1))))));
    announce("metric");
  }

  function describe(i) {
    const own = axes.map((axis) => `${axis.name} ${scales.show(axis, i)}`).join(", ");
    const states = new Set(["status", "verdict"].map((name) => scales.show(byName.get(name), i).replaceAll("_", " ")));
    return `Trial ${ids[i]} (${[...states].join(", ")}): ${own}, seed ${byName.get("seed").values[i]}. ${self.metric.label}: ${scales.show(self.metric, i)}.`;
  }

  document.addEventListener("themechange", () => announce("theme"));
  if (metrics.length) judge(metrics[0]);
  return self;
})();
