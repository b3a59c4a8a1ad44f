// What can be tried on the history's page: a perceptron that learns from points that are moved, and descent at any rate.
const history1998 = (function () {
  const make = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node[key] = value;
    node.append(...children);
    return node;
  };
  const POINTS = { 1: "#2f5d9b", "-1": "#c2682c" };
  const LIGHT = { paper: "#ffffff", ink: "#1d1f23", 1: "#dde7f4", "-1": "#f7e4d6" }, DARK = { paper: "#16181b", ink: "#e6e6e3", 1: "#1d3350", "-1": "#52301b" };
  const dark = matchMedia("(prefers-color-scheme: dark)"), draws = [];
  let printing = false;
  const theme = () => (dark.matches && !printing ? DARK : LIGHT), redraw = () => draws.forEach((draw) => draw());
  dark.addEventListener("change", redraw);
  for (const on of [true, false]) addEventListener(on ? "beforeprint" : "afterprint", () => { printing = on; redraw(); });
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };

  function button(text, action) {
    const node = make("button", { type: "button", onclick: action }, text);
    return node;
  }

  function canvasOf(label, size) {
    const canvas = make("canvas", { width: size, height: size, className: "try-canvas", tabIndex: 0 });
    canvas.setAttribute("role", "application"); // arrow keys reach it
    canvas.setAttribute("aria-label", label);
    return canvas;
  }

  // Where a pointer is, as shares of a canvas from its lower left corner.
  function shares(canvas, event) {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
  }

  // The rule: weights of (x1, x2, 1), changed by a point that is answered wrongly; a sum of 0 is wrong.
  function perceptron(points) {
    let weights = [0, 0, 0], mistakes = 0, presentations = 0;
    const sum = ([x, y]) => weights[0] * x + weights[1] * y + weights[2];
    const right = (point) => point[2] * sum(point) > 0;
    return {
      get state() { return { weights: [...weights], mistakes, presentations, right: points.filter(right).length, of: points.length }; },
      right,
      present() {
        const point = points[presentations % points.length], wrong = !right(point);
        if (wrong) { weights = [weights[0] + point[2] * point[0], weights[1] + point[2] * point[1], weights[2] + point[2]]; mistakes += 1; }
        presentations += 1;
        return wrong;
      },
    };
  }

  function perceptronView(root) {
    const SIZE = 420, LOW = -0.5, SPAN = 2, canvas = canvasOf("Points of two classes and the perceptron's line. Space selects the next point, arrow keys move it, Delete removes it.", SIZE), said = make("p", { className: "said" });
    const TABLES = { AND: [-1, -1, -1, 1], OR: [-1, 1, 1, 1], NAND: [1, 1, 1, -1], XOR: [-1, 1, 1, -1] };
    const table = (targets) => [[0, 0], [0, 1], [1, 0], [1, 1]].map(([x, y], i) => [x, y, targets[i]]);
    let points = table(TABLES.AND), machine = perceptron(points), held = null, chosen = null, next = 1;
    const at = ([x, y]) => [(SIZE * (x - LOW)) / SPAN, SIZE * (1 - (y - LOW) / SPAN)];
    function draw() {
      const context = canvas.getContext("2d"), { weights, mistakes, presentations, right, of } = machine.state, colors = theme();
      context.fillStyle = colors.paper;
      context.fillRect(0, 0, SIZE, SIZE);
      const shade = 2;
      for (let x = 0; x < SIZE; x += shade) {
        for (let y = 0; y < SIZE; y += shade) {
          const value = weights[0] * (LOW + (SPAN * (x + shade / 2)) / SIZE) + weights[1] * (LOW + SPAN * (1 - (y + shade / 2) / SIZE)) + weights[2];
          if (!value) continue;
          context.fillStyle = colors[value > 0 ? 1 : -1];
          context.fillRect(x, y, shade, shade);
        }
      }
      points.forEach((point, i) => {
        context.beginPath();
        context.arc(...at(point), 9, 0, 7);
        context.fillStyle = POINTS[point[2]];
        context.fill();
        context.lineWidth = machine.right(point) ? 1 : 4;
        context.strokeStyle = machine.right(point) ? colors.paper : colors.ink;
        context.stroke();
        if (i !== chosen) return;
        context.lineWidth = 1.5;
        context.strokeStyle = colors.ink;
        context.strokeRect(at(point)[0] - 15, at(point)[1] - 15, 30, 30);
      });
      const passes = points.length ? (presentations / points.length).toFixed(1).replace(".0", "") : 0;
      said.textContent = `${right} of ${of} right; ${mistakes} mistakes in ${presentations} presentations (${passes} passes); weights ${weights.map((w) => Number(w.toFixed(2))).join(", ")}`;
    }
    const begin = () => { machine = perceptron(points); draw(); };
    function untilStill(most = 2000) {
      const last = () => points.every(machine.right);
      for (let i = 0; i < most && !last(); i++) machine.present();
      while (machine.state.presentations % points.length) machine.present();
      draw();
    }
    canvas.onpointerdown = (event) => {
      const [x, y] = shares(canvas, event).map((share) => LOW + SPAN * share);
      held = points.findIndex((point) => Math.hypot(point[0] - x, point[1] - y) < 0.08);
      if (held < 0) { points.push([x, y, next]); held = points.length - 1; }
      canvas.setPointerCapture(event.pointerId);
      begin();
    };
    canvas.onpointermove = (event) => {
      if (held === null || !event.buttons) return;
      const [x, y] = shares(canvas, event).map((share) => LOW + SPAN * Math.min(1, Math.max(0, share)));
      points[held] = [x, y, points[held][2]];
      begin();
    };
    canvas.onpointerup = () => { held = null; };
    canvas.onkeydown = (event) => {
      const by = ARROWS[event.key], point = points[chosen];
      if (event.key === " ") chosen = points.length ? ((chosen ?? -1) + 1) % points.length : null;
      else if (by && point) [0, 1].forEach((k) => { point[k] = Math.min(LOW + SPAN, Math.max(LOW, Number((point[k] + 0.05 * by[k]).toFixed(2)))); });
      else if (event.key === "Delete" && point) { points.splice(chosen, 1); chosen = null; }
      else return;
      event.preventDefault();
      if (event.key === " ") draw();
      else begin();
    };
    const other = button("New points: blue", () => { next = -next; other.textContent = `New points: ${next > 0 ? "blue" : "orange"}`; });
    const controls = make("div", { className: "controls" },
      ...Object.entries(TABLES).map(([name, targets]) => button(name, () => { points = table(targets); chosen = null; begin(); })),
      button("Remove all", () => { points = []; chosen = null; begin(); }), other);
    const steps = make("div", { className: "controls" },
      button("Present one", () => { if (points.length) machine.present(); draw(); }),
      button("One pass", () => { points.forEach(() => machine.present()); draw(); }),
      button("Until all are right (2,000 at most)", () => { if (points.length) untilStill(); }), button("Weights back to 0", begin));
    said.setAttribute("aria-live", "polite");
    root.append(make("div", { className: "try" }, canvas, make("div", {}, controls, steps, said,
      make("p", { className: "note" }, "Drag a point, or click to add one; a ring marks a point that is answered wrongly. Points are presented in turn, and learning starts again when one is moved. Keyboard: Space selects the next point, arrow keys move it, Delete removes it."))));
    draws.push(draw);
    draw();
    return { get state() { return machine.state; } };
  }

  // Descent on a quadratic: weights w with loss (w − m)ᵀ H (w − m) / 2 + least.
  function descend(line, start, rate, steps) {
    const path = [[...start]], [[a, b], [, d]] = line.hessian, [m0, m1] = line.minimum;
    let [u, v] = start;
    for (let i = 0; i < steps && Math.abs(u) + Math.abs(v) < 1e9; i++) {
      const du = a * (u - m0) + b * (v - m1), dv = b * (u - m0) + d * (v - m1);
      u -= rate * du;
      v -= rate * dv;
      path.push([u, v]);
    }
    return path;
  }

  function lossAt(line, [u, v]) {
    const [[a, b], [, d]] = line.hessian, x = u - line.minimum[0], y = v - line.minimum[1];
    return 0.5 * (a * x * x + 2 * b * x * y + d * y * y);
  }

  function descentView(root, data) {
    const SIZE = 420, canvas = canvasOf("The error over slope and intercept, and the steps of descent. Arrow keys move the start.", SIZE), said = make("p", { className: "said" });
    const names = Object.keys(data.lines);
    let line = data.lines[names[0]], start = [0, 0], share = 0.5, steps = 100;
    const at = ([u, v]) => [(SIZE * (u - line.low[0])) / (line.high[0] - line.low[0]), SIZE * (1 - (v - line.low[1]) / (line.high[1] - line.low[1]))];
    const of = ([x, y]) => [line.low[0] + x * (line.high[0] - line.low[0]), line.low[1] + y * (line.high[1] - line.low[1])];
    function draw() {
      const context = canvas.getContext("2d"), image = context.createImageData(SIZE, SIZE), colors = theme();
      for (let i = 0; i < SIZE * SIZE; i++) {
        const level = Math.log10(1 + lossAt(line, of([((i % SIZE) + 0.5) / SIZE, 1 - (Math.floor(i / SIZE) + 0.5) / SIZE])));
        const band = 235 - 24 * Math.floor(2.5 * level);
        image.data.set(colors === DARK ? [275 - Math.max(70, band), 277 - Math.max(75, band), 282 - Math.max(85, band + 4), 255] : [Math.max(70, band), Math.max(75, band), Math.max(85, band + 4), 255], 4 * i);
      }
      context.putImageData(image, 0, 0);
      const path = descend(line, start, share * line.largest, steps);
      context.strokeStyle = "#c2682c";
      context.fillStyle = "#c2682c";
      context.lineWidth = 1.5;
      context.beginPath();
      path.forEach((place, i) => { const [x, y] = at(place); if (i) context.lineTo(x, y); else context.moveTo(x, y); });
      context.stroke();
      path.slice(0, 200).forEach((place) => { const [x, y] = at(place); context.fillRect(x - 2, y - 2, 4, 4); });
      context.fillStyle = "#2f5d9b";
      context.beginPath();
      context.arc(...at(line.minimum), 6, 0, 7);
      context.fill();
      const end = path.at(-1), gone = Math.abs(end[0]) + Math.abs(end[1]) >= 1e9 || lossAt(line, end) > 10 * lossAt(line, start) + 1;
      said.textContent = `rate ${(share * line.largest).toPrecision(3)}, ${share.toFixed(2)} of the largest (2/λmax = ${line.largest.toPrecision(4)}): after ${path.length - 1} steps ` +
        (gone ? "it has diverged" : `the error is ${lossAt(line, end).toPrecision(3)} above the least`);
    }
    const range = (label, low, high, value, step, moved) => {
      const input = make("input", { type: "range", min: low, max: high, step, value });
      input.setAttribute("aria-label", label);
      input.oninput = () => { moved(Number(input.value)); draw(); };
      return make("label", { className: "slide" }, make("span", {}, label), input);
    };
    const choose = names.map((name) => button(name, () => { line = data.lines[name]; draw(); }));
    const moved = (event) => { start = of(shares(canvas, event)); draw(); };
    canvas.onpointerdown = (event) => { canvas.setPointerCapture(event.pointerId); moved(event); };
    canvas.onpointermove = (event) => { if (event.buttons) moved(event); };
    canvas.onkeydown = (event) => {
      const by = ARROWS[event.key];
      if (!by) return;
      event.preventDefault();
      start = start.map((value, k) => Math.min(line.high[k], Math.max(line.low[k], value + (by[k] * (line.high[k] - line.low[k])) / 40)));
      draw();
    };
    said.setAttribute("aria-live", "polite");
    root.append(make("div", { className: "try" }, canvas, make("div", {}, make("div", { className: "controls" }, ...choose),
      range("share of 2/λmax", 0.01, 1.2, share, 0.01, (value) => { share = value; }), range("steps", 1, 1000, steps, 1, (value) => { steps = value; }), said,
      make("p", { className: "note" }, "Drag on the surface, or use the arrow keys, to choose the start; the blue point is the least-squares line. Above 2/λmax every step overshoots by more than the last."))));
    draws.push(draw);
    draw();
    return { get start() { return start; }, descend: (name, ...rest) => descend(data.lines[name], ...rest) };
  }

  const VIEWS = { perceptron: perceptronView, descent: descentView };
  return Object.fromEntries([...document.querySelectorAll("[data-try]")].map((root) => {
    const data = JSON.parse(root.querySelector("script").textContent);
    return [root.dataset.try, VIEWS[root.dataset.try](root, data)];
  }));
})();
