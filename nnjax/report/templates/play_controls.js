// What pages for playing with networks are made of: sliders, choices, bars, images, a pad to draw on.
const playControls = (function () {
  const make = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("aria")) node.setAttribute(`aria-${key.slice(4).toLowerCase()}`, value);
      else if (key === "role") node.setAttribute(key, value);
      else node[key] = value;
    }
    node.append(...children);
    return node;
  };
  const round = (value) => (Math.abs(value) >= 1e5 || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(2) : String(Number(value.toPrecision(4))));
  const percent = (value) => `${(100 * value).toFixed(value > 0.9995 || value < 0.0995 ? 1 : 0)} %`;

  function slider(label, low, high, value, moved, show = round, step = "any") {
    const range = make("input", { type: "range", min: low, max: high, step, value, ariaLabel: label });
    const shown = make("output", {}, show(Number(value)));
    range.oninput = () => { shown.textContent = show(Number(range.value)); moved(Number(range.value)); };
    const set = (next) => { range.value = next; shown.textContent = show(Number(next)); };
    return { node: make("label", { className: "slide" }, make("span", {}, label), range, shown), set };
  }

  function choice(label, names, chosen, moved) {
    const select = make("select", { ariaLabel: label }, ...names.map((name, i) => make("option", { value: i, selected: i === chosen }, name)));
    select.onchange = () => moved(Number(select.value));
    return { node: make("label", { className: "slide" }, make("span", {}, label), select), set: (i) => { select.value = i; } };
  }

  function picture(label, height, width, className = "screen-image") {
    return make("canvas", { width, height, className, role: "img", ariaLabel: label });
  }

  // Paint values, from low (dark) to high (light).
  function paint(canvas, values, low = 0, high = 1) {
    const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
    for (let i = 0; i < canvas.width * canvas.height; i++) {
      const share = i < values.length ? Math.min(1, Math.max(0, (values[i] - low) / (high - low || 1))) : 0;
      image.data.set([255 * share, 255 * share, 255 * share, i < values.length ? 255 : 0], 4 * i);
    }
    context.putImageData(image, 0, 0);
  }

  // Probabilities, or other outputs by their size; the largest marked, and said in a line.
  function bars(names, likely) {
    const rows = names.map((name) => {
      const bar = make("i"), shown = make("span", { className: "amount" });
      return { bar, shown, node: make("li", {}, make("b", {}, name), make("span", { className: "track" }, bar), shown) };
    });
    const said = make("p", { className: "said", ariaLive: "polite" });
    const node = make("div", { className: "bars" }, said, make("ul", {}, ...rows.map((row) => row.node)));
    return {
      node,
      show(p) {
        const most = Math.max(...p), best = p.indexOf(most), least = Math.min(...p), text = likely ? percent : round;
        said.textContent = `${names[best]} (${text(p[best])})`;
        rows.forEach((row, i) => {
          row.bar.style.width = `${100 * (likely ? p[i] : (p[i] - least) / (most - least || 1))}%`;
          row.shown.textContent = text(p[i]);
          row.node.classList.toggle("best", i === best);
        });
      },
    };
  }

  // Two classes may have one output, the probability of the second.
  const probabilities = (out) => (out.length === 1 ? [1 - out[0], out[0]] : out);

  // The activations of each hidden layer as a strip of squares.
  function strips(network, from, to) {
    const shown = network.layers.slice(from, to).map((layer, i) => {
      const width = Math.ceil(Math.sqrt(layer.units * 3)), height = Math.ceil(layer.units / width);
      const canvas = picture(`activations of layer ${from + i + 1}`, height, width, "strip-image");
      canvas.style.width = `${width * Math.max(4, Math.min(12, 220 / width))}px`;
      const note = make("span", {}, `layer ${from + i + 1}: ${layer.units} units, ${layer.activation}`);
      return { canvas, node: make("figure", {}, canvas, make("figcaption", {}, note)), note, layer };
    });
    return {
      node: make("div", { className: "layers" }, ...shown.map((each) => each.node)),
      show(outputs) {
        shown.forEach((each, i) => {
          const values = outputs[from + i] ?? [], low = Math.min(0, ...values), high = Math.max(0, ...values);
          paint(each.canvas, values, low, high);
          const active = values.filter((value) => Math.abs(value) > 1e-6).length;
          each.note.textContent = `layer ${from + i + 1}: ${each.layer.units} units, ${each.layer.activation}; ${active} not 0, up to ${round(high)}`;
        });
      },
    };
  }

  // A pad on which an image is drawn with the pointer, or with arrow keys and the space bar; values in [0, 1].
  function pad(height, width, drawn) {
    const canvas = picture("drawing pad: draw with the pointer, or move with the arrow keys and paint with the space bar", height, width, "screen-image pad");
    canvas.tabIndex = 0;
    let values = new Float64Array(height * width), last = null, cursor = [height >> 1, width >> 1];
    const radius = Math.max(1, height / 22);
    function dab(y, x) {
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const far = Math.hypot(row + 0.5 - y, column + 0.5 - x), i = row * width + column;
          values[i] = Math.max(values[i], Math.min(1, Math.max(0, 1.5 - far / radius)));
        }
      }
    }
    function stroke(event) {
      const box = canvas.getBoundingClientRect(), y = ((event.clientY - box.top) / box.height) * height, x = ((event.clientX - box.left) / box.width) * width;
      const [from, to] = [last ?? [y, x], [y, x]], steps = Math.ceil(2 * Math.hypot(to[0] - from[0], to[1] - from[1])) || 1;
      for (let k = 0; k <= steps; k++) dab(from[0] + ((to[0] - from[0]) * k) / steps, from[1] + ((to[1] - from[1]) * k) / steps);
      last = to;
      changed();
    }
    function changed() { paint(canvas, values); drawn(values); }
    canvas.onpointerdown = (event) => { canvas.setPointerCapture(event.pointerId); last = null; stroke(event); };
    canvas.onpointermove = (event) => { if (event.buttons) stroke(event); };
    canvas.onkeydown = (event) => {
      const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }, move = moves[event.key];
      if (!move && event.key !== " ") return;
      event.preventDefault();
      if (move) cursor = [Math.min(height - 1, Math.max(0, cursor[0] + move[0])), Math.min(width - 1, Math.max(0, cursor[1] + move[1]))];
      else dab(cursor[0] + 0.5, cursor[1] + 0.5);
      changed();
      const context = canvas.getContext("2d");
      context.fillStyle = "#e0802b";
      context.fillRect(cursor[1], cursor[0], 1, 1);
    };
    return { node: canvas, set(next) { values = Float64Array.from(next); changed(); }, clear() { values.fill(0); changed(); } };
  }

  // Shift an image so that its center of mass is the middle, as in MNIST.
  function centered(values, height, width) {
    let mass = 0, y = 0, x = 0;
    values.forEach((value, i) => { mass += value; y += value * Math.floor(i / width); x += value * (i % width); });
    if (!mass) return values;
    const down = Math.round((height - 1) / 2 - y / mass), right = Math.round((width - 1) / 2 - x / mass), out = new Float64Array(values.length);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const from = row - down, side = column - right;
        if (from >= 0 && from < height && side >= 0 && side < width) out[row * width + column] = values[from * width + side];
      }
    }
    return out;
  }

  return { bars, centered, choice, make, pad, paint, percent, picture, probabilities, round, slider, strips };
})();
