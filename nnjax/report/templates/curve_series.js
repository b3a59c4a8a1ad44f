// Curves as numbers: smoothing, mean and range over trials, and whether an axis needs a logarithm.
const curveSeries = (function () {
  const WIDE = 30, SOME = 3, SQUASHED = 1 / 3; // highest over lowest that needs a logarithm, or may; see svg_axes.py, needs_log

  // The exponential moving average of a row, weight `w` on what came before, corrected for the start; gaps stay.
  function smooth(row, w) {
    let sum = 0, total = 0;
    return w ? row.map((value) => {
      if (value === null) return null;
      [sum, total] = [w * sum + (1 - w) * value, w * total + 1 - w];
      return sum / total;
    }) : row;
  }

  // Over the trials of a line, epoch by epoch: mean, lowest, highest.
  function band(rows) {
    const length = Math.max(0, ...rows.map((row) => row.length)), mean = [], low = [], high = [];
    for (let t = 0; t < length; t++) {
      const values = rows.map((row) => row[t]).filter((v) => v !== null && v !== undefined), known = values.length > 0;
      mean.push(known ? values.reduce((a, b) => a + b, 0) / values.length : null);
      low.push(known ? Math.min(...values) : null);
      high.push(known ? Math.max(...values) : null);
    }
    return { values: mean, low, high };
  }

  // Whether rows span so much, or their first epochs so much more than all others, that a linear axis squashes the rest.
  function needsLog(rows) {
    const longest = Math.max(1, ...rows.map((row) => row.length)), head = Math.max(1, Math.ceil(longest / 10));
    let low = Infinity, high = -Infinity, later = -Infinity;
    for (const row of rows) {
      row.forEach((v, t) => {
        if (v === null) return;
        low = Math.min(low, v);
        high = Math.max(high, v);
        if (t >= head) later = Math.max(later, v);
      });
    }
    if (!(low > 0)) return false;
    return high > WIDE * low || (high > SOME * low && later > -Infinity && later - low < SQUASHED * (high - low));
  }

  return { smooth, band, needsLog };
})();
