// The data that the page carries: JSON in script elements, curves as packed text (see nnjax/report/charts/curves.py, pack).
const data = (function () {
  function read(id) {
    const source = document.getElementById(id);
    return source ? JSON.parse(source.textContent) : null;
  }

  // Numbers from base64 of the upper three bytes of their float32s; NaN becomes null.
  function unpack(text) {
    const bytes = atob(text), view = new DataView(new ArrayBuffer(4)), out = [];
    for (let i = 0; i < bytes.length; i += 3) {
      for (let j = 0; j < 3; j++) view.setUint8(j, bytes.charCodeAt(i + j));
      const value = view.getFloat32(0);
      out.push(Number.isNaN(value) ? null : value);
    }
    return out;
  }

  // Charts as nnjax/report/charts/curves.py (chart_data) describes them, with rows of numbers and the epochs these belong to.
  function readCharts() {
    const packed = read("chart-data");
    if (!packed) return { charts: [], evidence: [], epoch: (t) => t + 1 };
    for (const chart of packed.charts) {
      for (const line of chart.lines) {
        line.label = packed.labels[line.setting];
        line.rows = line.rows.map(unpack);
      }
    }
    return { charts: packed.charts, evidence: packed.evidence, epoch: (t) => 1 + t * packed.step };
  }

  return { ...readCharts(), sweep: read("sweep-data") };
})();
