// The evidence of a verdict, drawn over a chart of Plotly's: see nnjax/report/marks.py for the kinds of marks.
const evidence = (function () {
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // What a chart shows of a list of marks: {traces, shapes}; `last` is the last epoch.
  function draw(marks, last) {
    const ink = css("--ink"), accent = css("--accent"), font = { size: 11, color: ink };
    const common = { type: "scatter", showlegend: false, hoverinfo: "text" };
    const traces = [], shapes = [];
    let rows = 0;
    const label = (text) => ({ text, font, textposition: "top left", yanchor: "top", padding: 3 + 16 * rows++ });
    for (const { kind, x, y, label: text } of marks) {
      if (kind === "point") {
        traces.push({ ...common, mode: "markers+text", x, y, text: [text], textposition: x[0] > last / 2 ? "top left" : "top right", textfont: font, cliponaxis: false, marker: { symbol: "circle-open", size: 13, color: ink, line: { width: 2 } } });
      } else if (kind === "trend") {
        traces.push({ ...common, mode: "lines", x, y, text, line: { color: ink, width: 2, dash: "dashdot" } }, words(common, x, y, text, font));
      } else if (kind === "level") {
        traces.push({ ...common, mode: "lines", x: [0, last], y: [y[0], y[0]], text, line: { color: accent, width: 1.5, dash: "longdash" } }, words(common, [0, last], [y[0], y[0]], text, font));
      } else if (kind === "band") {
        shapes.push({ type: "rect", yref: "paper", x0: x[0], x1: x[1], y0: 0, y1: 1, layer: "below", line: { width: 0 }, fillcolor: accent, opacity: 0.13, label: label(text) });
      } else {
        shapes.push({ type: "line", yref: "paper", x0: x[0], x1: x[0], y0: 0, y1: 1, line: { color: css("--red"), width: 2, dash: "dash" } });
        traces.push({ ...common, mode: "text", x: [x[0]], y: [null], text });
        shapes.push({ type: "rect", yref: "paper", x0: 0, x1: x[0], y0: 0, y1: 1, line: { width: 0 }, fillcolor: "rgba(0,0,0,0)", label: { ...label(text), textposition: "top right" } });
      }
    }
    return { traces, shapes };
  }

  // A text beside the middle of a line.
  function words(common, x, y, text, font) {
    const k = Math.floor((x.length - 1) / 2), middle = x.length === 2 ? 0.5 : 0;
    const at = (values) => values[k] + middle * (values[k + 1] - values[k]);
    return { ...common, mode: "text", x: [at(x)], y: [at(y)], text: [text], textposition: "top right", textfont: font, cliponaxis: false };
  }

  return { draw };
})();
