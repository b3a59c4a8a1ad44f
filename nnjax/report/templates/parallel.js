// Parallel coordinates: a line a trial through its hyperparameters and its score; drag along an axis to select.
(function () {
  const node = document.getElementById("parallel");
  if (!trials || !node) return;
  const TOP = 34, BOTTOM = 14, SIDE = 46, LONGEST = 14; // characters of a label
  const fields = () => [...trials.axes, trials.metric];
  const paint = linked.bundle(), handles = document.createElement("div");
  let shown = [], scale = [], points = [], start = SIDE;
  const surface = panel.make(node, draw, (context) => linked.highlight(context, (i) => points[i]));
  node.append(handles);

  // Trials with one value would lie on each other: each is moved a little, always by as much.
  const jitter = (i) => ((i * 0.618034) % 1) - 0.5;
  const step = (width) => (width - start - SIDE) / Math.max(1, shown.length - 1);
  const x = (k, width) => start + k * step(width);
  const y = (p, height) => height - BOTTOM - p * (height - TOP - BOTTOM);

  const cut = (label) => (label.length > LONGEST ? label.slice(0, LONGEST - 1) + "…" : label);

  function layOut(context, width, height) {
    shown = fields();
    scale = shown.map(scales.make);
    start = Math.max(SIDE, 10 + Math.max(...scale[0].ticks.map((tick) => context.measureText(cut(tick.label)).width)));
    const at = (k, i) => scale[k].at(shown[k].values[i]) + jitter(i) * scale[k].spread;
    points = Array.from({ length: trials.size }, (_, i) => shown.flatMap((_, k) => [x(k, width), y(at(k, i), height)]));
    placeHandles(width, height);
  }

  function draw(context, width, height) {
    layOut(context, width, height);
    paint(context, width, height, (i) => points[i], [trials.metric]);
    shown.forEach((field, k) => drawAxis(context, field, k, width, height));
  }

  function drawAxis(context, field, k, width, height) {
    const { ink, soft, paper } = panel.theme(), left = x(k, width), room = step(width);
    context.strokeStyle = soft;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(left, TOP);
    context.lineTo(left, height - BOTTOM);
    context.stroke();
    const align = k === 0 ? "left" : k === shown.length - 1 ? "right" : "center";
    const edge = k === 0 ? 2 : k === shown.length - 1 ? width - 2 : left;
    panel.text(context, field === trials.metric ? field.label : field.name, edge, 12 + 14 * (k % 2) * (room < 110 ? 1 : 0), { align, color: ink, room: room < 110 ? 1.7 * room : room - 8 });
    context.lineWidth = 3;
    context.strokeStyle = paper;
    let last = Infinity;
    for (const tick of [...scale[k].ticks].sort((a, b) => a.at - b.at)) {
      const top = y(tick.at, height);
      if (last - top < 13) continue;
      last = top;
      const words = cut(tick.label);
      const side = k === shown.length - 1 ? [left + 5, "left"] : [left - 5, "right"];
      context.textAlign = side[1];
      context.textBaseline = "middle";
      context.strokeText(words, side[0], top);
      panel.text(context, words, side[0], top, { align: side[1], color: soft });
    }
  }

  // One element an axis takes the pointer and shows the brush.
  function placeHandles(width, height) {
    if (handles.childElementCount !== shown.length) handles.replaceChildren(...shown.map((_, k) => handle(k)));
    [...handles.children].forEach((each, k) => {
      const range = linked.brushed(shown[k], scale[k]), mark = each.firstChild;
      Object.assign(each.style, { left: `${x(k, width) - 16}px`, top: `${TOP - 8}px`, height: `${height - TOP - BOTTOM + 16}px` });
      mark.hidden = !range;
      if (range) Object.assign(mark.style, { top: `${y(range[1], height) - TOP + 8}px`, height: `${Math.max(3, y(range[0], height) - y(range[1], height))}px` });
    });
  }

  function handle(k) {
    const each = document.createElement("div"), mark = document.createElement("i");
    each.className = "handle";
    each.append(mark);
    drawing.draggable(each, (from, to) => {
      const position = (point) => (node.clientHeight - BOTTOM - (point.y + TOP - 8)) / (node.clientHeight - TOP - BOTTOM);
      trials.brush(shown[k].name, from === to ? "" : linked.condition(shown[k], scale[k], position(from), position(to)));
    });
    return each;
  }

  function nearest(event) {
    const box = node.getBoundingClientRect(), px = event.clientX - box.left, py = event.clientY - box.top;
    const k = Math.min(shown.length - 2, Math.max(0, Math.floor((px - start) / step(node.clientWidth))));
    let best = -1, least = 12;
    for (let i = 0; i < trials.size && k >= 0; i++) {
      const [xa, ya, xb, yb] = points[i].slice(2 * k, 2 * k + 4);
      const distance = Math.abs(ya + ((yb - ya) * (px - xa)) / (xb - xa) - py);
      if (trials.selected[i] && distance < least) [best, least] = [i, distance];
    }
    return best;
  }

  node.addEventListener("pointermove", (event) => { if (!event.buttons) trials.hover(nearest(event)); });
  node.addEventListener("pointerleave", () => trials.hover(-1));
  node.addEventListener("click", (event) => { if (!event.target.closest(".handle")) trials.pin(nearest(event)); });
  trials.follow((changed) => surface.redraw(changed.size === 1 && changed.has("focus")));
})();
