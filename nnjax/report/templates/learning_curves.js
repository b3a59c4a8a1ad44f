// Learning curves with Plotly: one chart a quantity, a colour a setting, a dash a part.
const learningCurves = (function () {
  const charts = data.charts;
  if (!charts.length || typeof Plotly === "undefined") return { select() {} };
  const node = document.getElementById("chart"), controls = document.getElementById("chart-controls");
  const COLORS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"];
  const PARTS = { validation: "solid", training: "dash", "running mean": "dot" };
  // showSendToCloud: Plotly's default is a button that uploads the chart; nothing leaves this page.
  const LONG = 40; // characters; then names stand below the chart
  const CONFIG = { responsive: true, displaylogo: false, displayModeBar: true, showSendToCloud: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] };
  const shown = { validation: true, training: true, "running mean": false };
  const state = { chart: 0, log: false, told: data.evidence.length ? 0 : -1, selected: null, stale: false, visible: false, timer: 0 };

  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const epochs = (n) => Array.from({ length: n }, (_, i) => data.epoch(i));
  const longest = (chart) => Math.max(...chart.lines.map((line) => Math.max(0, ...line.rows.map((row) => row.length))));
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Over the trials of a line, epoch by epoch: mean, lowest, highest.
  function band(rows) {
    const length = Math.max(0, ...rows.map((row) => row.length));
    const out = { mean: [], low: [], high: [] };
    for (let t = 0; t < length; t++) {
      const values = rows.map((row) => row[t]).filter((v) => v !== null && v !== undefined);
      out.mean.push(values.length ? values.reduce((a, b) => a + b, 0) / values.length : null);
      out.low.push(values.length ? Math.min(...values) : null);
      out.high.push(values.length ? Math.max(...values) : null);
    }
    return out;
  }

  function foreground(line, rank, named) {
    const color = COLORS[rank % COLORS.length], group = String(line.setting), found = band(line.rows);
    const x = epochs(found.mean.length), name = escaped(line.label);
    const traces = [];
    if (line.rows.length > 1) {
      const edge = { x, type: "scatter", mode: "lines", line: { width: 0, color }, legendgroup: group, showlegend: false, hoverinfo: "skip" };
      traces.push({ ...edge, y: found.low }, { ...edge, y: found.high, fill: "tonexty", fillcolor: color + "26" });
    }
    traces.push({
      x, y: found.mean, type: "scatter", mode: x.length === 1 ? "markers" : "lines", name, legendgroup: group, showlegend: named,
      line: { color, width: line.part === "running mean" ? 1.3 : 2, dash: PARTS[line.part] }, marker: { color, size: 8 },
      hovertemplate: `<b>${name}</b> ${line.part}${line.rows.length > 1 ? `, mean of ${line.rows.length}` : ""}<br>epoch %{x}: %{y:.4g}<extra></extra>`,
    });
    return traces;
  }

  // All other settings of a part as one trace, with gaps between the trials: a thousand trials stay smooth.
  function background(lines, part, named) {
    const x = [], y = [], text = [];
    for (const line of lines) {
      line.rows.forEach((row, i) => {
        const label = `${escaped(line.label)}, trial ${line.trials[i]}`;
        row.forEach((value, t) => { x.push(data.epoch(t)); y.push(value); text.push(label); });
        x.push(null); y.push(null); text.push("");
      });
    }
    if (!x.length) return [];
    const color = css("--soft");
    return [{
      x, y, text, type: "scatter", mode: "lines", connectgaps: false, opacity: 0.35,
      name: `the other ${lines.length}`, legendgroup: "others", legendrank: 2000, showlegend: named, line: { color, width: 1, dash: part === "running mean" ? "dot" : "solid" },
      hovertemplate: `%{text}, ${part}<br>epoch %{x}: %{y:.4g}<extra></extra>`,
    }];
  }

  // The settings that have a colour, the best of those that are selected: {place: rank}.
  function coloured(chart) {
    const chosen = chart.lines.filter((line) => !state.selected || line.trials.some((trial) => state.selected.has(trial)));
    const places = [...new Set(chosen.map((line) => line.setting))].sort((a, b) => a - b);
    const best = data.sweep ? places.slice(0, chart.many) : places.filter((place) => place < chart.many);
    return new Map(best.map((place, rank) => [place, data.sweep ? rank : place]));
  }

  // The selected trials of a line; all where nothing is selected.
  function narrowed(line) {
    if (!state.selected) return line;
    const kept = line.trials.map((trial, i) => i).filter((i) => state.selected.has(line.trials[i]));
    return { ...line, trials: kept.map((i) => line.trials[i]), rows: kept.map((i) => line.rows[i]) };
  }

  function traces(chart) {
    const lines = chart.lines.filter((line) => shown[line.part]), ranks = coloured(chart);
    const first = Object.keys(PARTS).find((part) => lines.some((line) => line.part === part));
    const out = [];
    for (const part of Object.keys(PARTS)) {
      const own = lines.filter((line) => line.part === part);
      out.push(...background(own.filter((line) => !ranks.has(line.setting)), part, part === first));
    }
    const front = lines.filter((line) => ranks.has(line.setting)).map(narrowed).filter((line) => line.rows.length);
    for (const line of front) out.push(...foreground(line, ranks.get(line.setting), line.part === first));
    return out;
  }

  // The evidence that a chart shows: of the network that is chosen, where its losses are drawn.
  function marks(chart) {
    const found = data.evidence[state.told];
    return found && found.quantity === chart.name ? found.marks : [];
  }

  function layout(chart, shapes) {
    const long = chart.lines.some((line) => line.label.length > LONG), narrow = node.clientWidth < 560, soft = css("--soft"), grid = css("--line");
    const axis = { gridcolor: grid, linecolor: grid, zeroline: false, automargin: true, tickfont: { color: soft }, title: { font: { color: soft } } };
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", uirevision: `${state.chart} ${state.log}`,
      font: { family: "system-ui, sans-serif", size: 12, color: css("--ink") }, hovermode: "closest",
      hoverlabel: { bgcolor: css("--tint"), bordercolor: grid, font: { color: css("--ink") } },
      margin: { l: 8, r: 8, t: 30, b: 8 }, dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      xaxis: { ...axis, title: { ...axis.title, text: "epoch" }, rangemode: "tozero", tickformat: "d", dtick: longest(chart) <= 10 ? 1 : undefined },
      yaxis: { ...axis, title: { ...axis.title, text: chart.label }, type: state.log ? "log" : "linear", exponentformat: "power" },
      shapes, legend: narrow ? { orientation: "h", y: -0.25 } : long ? { orientation: "h", y: -0.28 } : { x: 1.02, y: 1 }, modebar: { color: soft, activecolor: css("--ink"), bgcolor: "rgba(0,0,0,0)" },
    };
  }

  function draw() {
    const chart = charts[state.chart];
    state.stale = false;
    const found = evidence.draw(marks(chart), longest(chart));
    Plotly.react(node, [...traces(chart), ...found.traces], layout(chart, found.shapes), CONFIG);
    document.getElementById("chart-note").textContent = remark(chart);
  }

  function remark(chart) {
    const most = Math.max(...chart.lines.map((line) => line.rows.length)), number = new Set(chart.lines.map((line) => line.setting)).size;
    const means = most > 1 ? "Lines are means over the trials of a network, bands their range. " : "";
    if (state.selected) return `${means}The best of the selection have colours, at most ${chart.many}; all others are grey.`;
    return means + (number > chart.many ? `The best ${chart.many} have colours; the others are grey.` : "");
  }

  // Follow a selection (a set of trials; null for all) once it rests, and the chart is on the screen.
  function select(selected) {
    state.selected = selected;
    state.stale = true;
    clearTimeout(state.timer);
    state.timer = setTimeout(refresh, 200);
  }

  function refresh() {
    if (state.stale && state.visible) draw();
  }

  function tabs() {
    const box = document.createElement("div");
    box.className = "tabs";
    charts.forEach((chart, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = chart.label;
      button.setAttribute("aria-pressed", String(i === state.chart));
      button.onclick = () => show(i);
      box.append(button);
    });
    return box;
  }

  function show(i) {
    state.chart = i;
    controls.querySelectorAll(".tabs button").forEach((button, j) => button.setAttribute("aria-pressed", String(i === j)));
    draw();
  }

  function toggle(label, get, set) {
    const box = document.createElement("label"), input = document.createElement("input");
    input.type = "checkbox";
    input.checked = get();
    input.onchange = () => { set(input.checked); draw(); };
    box.append(input, label);
    return box;
  }

  // Whose evidence is drawn: a box to tick for one network, a list for several.
  function chooser() {
    if (data.evidence.length === 1) return toggle("evidence", () => state.told === 0, (on) => { state.told = on ? 0 : -1; });
    const box = document.createElement("label"), select = document.createElement("select");
    select.append(...data.evidence.map(({ label, code }, k) => new Option(`${label}: ${code.replaceAll("_", " ")}`, k)), new Option("none", -1));
    select.onchange = () => {
      state.told = Number(select.value);
      show(state.told < 0 ? state.chart : charts.findIndex((chart) => chart.name === data.evidence[state.told].quantity));
    };
    box.append("evidence of", select);
    return box;
  }

  const parts = Object.keys(PARTS).filter((part) => charts.some((chart) => chart.lines.some((line) => line.part === part)));
  const crowded = charts.some((chart) => chart.lines.length > 300); // then drawing validation only stays quick
  if (crowded && parts.includes("validation")) shown.training = false;
  if (!parts.some((part) => shown[part])) shown[parts[0]] = true;
  document.documentElement.classList.add("drawn");
  node.classList.toggle("long", charts.some((chart) => chart.lines.some((line) => line.label.length > LONG)));
  controls.append(tabs(), ...parts.map((part) => toggle(part, () => shown[part], (on) => { shown[part] = on; })));
  controls.append(toggle("logarithmic", () => state.log, (on) => { state.log = on; }));
  if (data.evidence.length) controls.append(chooser());
  controls.hidden = false;
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new IntersectionObserver((entries) => { state.visible = entries.at(-1).isIntersecting; refresh(); }).observe(node);
  return { select };
})();
