// Play with trained networks: draw or choose an image, move a code or the columns of a table, look at a plane.
const play = (function () {
  const { bars, centered, choice, make, pad, paint, percent, picture, probabilities, round, slider, strips } = playControls;

  // Where images come from: a pad and the examples. `seen` gets raw inputs.
  function imageInput(network, seen) {
    const [height, width] = network.image, size = height * width;
    const pixels = networks.decoded(network.examples.pixels), names = network.examples.names;
    let own = false;
    const board = pad(height, width, (values) => seen(Array.from(own ? centered(values, height, width) : values, (value) => value * network.white)));
    const example = (i) => pixels.subarray(i * size, (i + 1) * size);
    const show = (i) => { own = false; board.set(example(i).map((value) => value / network.white)); };
    const pick = choice("example", names, 0, show);
    const clear = make("button", { type: "button" }, "Clear and draw");
    clear.onclick = () => { own = true; board.clear(); };
    board.node.addEventListener("pointerdown", () => { own = true; }, true);
    const next = make("button", { type: "button" }, "Next");
    let at = 0;
    next.onclick = () => { at = (at + 1) % names.length; pick.set(at); show(at); };
    const node = make("div", { className: "input" }, board.node, make("div", { className: "controls" }, pick.node, next, clear));
    return { node, example, names, start: () => show(0), show };
  }

  function reader(network) {
    const shown = answers(network), inside = strips(network, 0, network.layers.length - 1);
    const input = imageInput(network, (raw) => {
      const outputs = networks.layersOf(network, networks.scaled(network.x, raw));
      shown.show(network.goal === "regression" ? networks.unscaled(network.y, outputs.at(-1)) : outputs.at(-1));
      inside.show(outputs);
    });
    const node = make("div", {}, make("div", { className: "play-row" }, input.node, shown.node), make("h4", {}, "What each hidden layer makes of it"), inside.node);
    return { node, start: input.start };
  }

  // A code and its image: each number, or the first principal axes, can be moved.
  function autoencoder(network) {
    const [height, width] = network.image, code = network.code, from = code.layer;
    const copy = picture("the network's copy", height, width), axes = code.axes;
    let now = [];
    const places = () => (axes ? axes.map((axis) => axis.reduce((sum, part, i) => sum + part * (now[i] - code.mean[i]), 0)) : now);
    function move(k, value) {
      const change = value - places()[k];
      now = axes ? now.map((each, i) => each + change * axes[k][i]) : now.map((each, i) => (i === k ? value : each));
      show(false);
    }
    const sliders = code.low.map((low, k) => slider(axes ? `axis ${k + 1}` : `number ${k + 1}`, low, code.high[k] > low ? code.high[k] : low + 1, low, (value) => move(k, value)));
    const inside = strips(network, 0, network.layers.length - 1);
    function show(all = true, before = []) {
      const outputs = networks.layersOf(network, now, from), raw = networks.unscaled(network.x, outputs.at(-1));
      paint(copy, raw.map((value) => value / network.white));
      inside.show([...(before.length ? before : Array(from)), ...outputs]);
      if (all) places().forEach((value, k) => sliders[k].set(value));
    }
    const layersBefore = (raw) => networks.layersOf(network, networks.scaled(network.x, raw), 0, from), encoded = (raw) => layersBefore(raw).at(-1);
    const input = imageInput(network, (raw) => { const before = layersBefore(raw); now = before.at(-1); show(true, before); });
    let ends = [0, Math.min(1, input.names.length - 1)], along = 0;
    const walk = () => {
      const [a, b] = ends.map((i) => encoded(input.example(i)));
      now = a.map((value, i) => (1 - along) * value + along * b[i]);
      show();
    };
    const pickers = ends.map((i, side) => choice(side ? "to" : "from", input.names, i, (chosen) => { ends[side] = chosen; walk(); }));
    const path = slider("along the way", 0, 1, 0, (value) => { along = value; walk(); }, percent, 0.01);
    const node = make("div", {},
      make("div", { className: "play-row" }, input.node, make("figure", { className: "copy" }, copy, make("figcaption", {}, "its copy, from the code alone"))),
      make("h4", {}, axes ? `The code: ${network.sizes[from]} numbers, moved along their first ${axes.length} principal axes` : `The code: ${network.sizes[from]} numbers`),
      make("div", { className: "slides" }, ...sliders.map((each) => each.node)),
      make("h4", {}, "A walk between two examples, through the codes between theirs"),
      make("div", { className: "slides" }, ...pickers.map((each) => each.node), path.node),
      make("h4", {}, "What each hidden layer makes of it"), inside.node);
    return { node, start: input.start };
  }

  // The columns of a table as sliders and choices. `seen` gets raw inputs.
  function tableInput(network, seen) {
    const raw = new Float64Array(network.sizes[0]);
    const fields = network.fields.map((field) => {
      const set = (value) => {
        if (field.categories) field.categories.forEach((_, i) => { raw[field.first + i] = i === value ? 1 : 0; });
        else raw[field.first] = value;
      };
      set(field.start);
      const moved = (value) => { set(value); seen(raw); }, names = field.categories ?? field.levels;
      const control = names ? choice(field.name, names, field.start, moved) : slider(field.name, field.low, field.high > field.low ? field.high : field.low + 1, field.start, moved, round, field.whole ? 1 : "any");
      return { control, set };
    });
    return {
      raw, node: make("div", { className: "slides" }, ...fields.map((field) => field.control.node)), start: () => seen(raw),
      put(values) { values.forEach((value, i) => { fields[i].control.set(value); fields[i].set(value); }); seen(raw); },
    };
  }

  function answers(network) {
    if (network.goal === "classification") {
      const shown = bars(network.classes, ["softmax", "sigmoid"].includes(network.layers.at(-1).activation));
      return { node: shown.node, show: (out) => shown.show(probabilities(out)) };
    }
    const lines = network.sizes.at(-1), names = network.targets.length === lines ? network.targets : Array.from({ length: lines }, (_, i) => (lines > 1 ? `output ${i + 1}` : "prediction"));
    const shown = names.map((name) => make("p", { className: "said", ariaLive: "polite" }, name));
    const found = network.interval, share = Math.round(100 * found.share);
    const note = make("p", { className: "note" }, `The range holds the errors of ${share} % of the ${found.count.toLocaleString("en")} ${network.part} examples.`);
    return {
      node: make("div", { className: "bars" }, ...shown, note),
      show: (out) => out.forEach((value, i) => { shown[i].textContent = `${names[i]}: ${round(value)} (${round(value - found.widths[i])} to ${round(value + found.widths[i])})`; }),
    };
  }

  function table(network) {
    const found = answers(network), surface = network.plane ? plane(network, (x) => input.put(x)) : null;
    const input = tableInput(network, (raw) => {
      found.show(networks.output(network, raw));
      if (surface) surface.mark(raw);
    });
    const node = make("div", {}, make("div", { className: "play-row" }, input.node, found.node));
    if (surface) node.append(make("h4", {}, "The plane of both inputs"), ...scrubber(network, () => { surface.start(); input.start(); }), surface.node);
    return { node, start: () => { if (surface) surface.start(); input.start(); } };
  }

  // A slider over the epochs whose weights were kept, and a button that walks along them; nothing where none were.
  function scrubber(network, moved) {
    const found = network.epochs ?? [], last = found.length - 1, layers = found.map((one) => networks.make({ ...network, weights: one.weights }).layers);
    if (last < 1) return [];
    network.layers = layers[last];
    let at = last, asked = 0, timer = 0;
    const go = (place) => {
      at = place;
      network.layers = layers[place];
      cancelAnimationFrame(asked);
      asked = requestAnimationFrame(moved);
    };
    const halt = () => { clearInterval(timer); timer = 0; button.textContent = "Walk through the epochs"; };
    const range = slider("epoch", 0, last, last, (place) => { halt(); go(place); }, (place) => String(found[place].epoch), 1);
    const button = make("button", { type: "button", onclick: () => {
      if (timer) return halt();
      if (at === last) { go(0); range.set(0); }
      button.textContent = "Stop";
      timer = setInterval(() => { if (at === last || !button.isConnected) return halt(); go(at + 1); range.set(at); }, 500);
    } }, "Walk through the epochs");
    return [make("div", { className: "controls scrubber" }, range.node, button), make("p", { className: "note" }, `The weights of ${found.length} epochs were kept, as the network was trained once more; at the last one they are the run's.`)];
  }

  // The plane of two inputs: what the network answers everywhere, and what the units of its first layer do.
  function plane(network, clicked) {
    const SIDE = 120, [first, second] = network.fields, points = network.plane;
    const margin = 0.08, low = [first, second].map((f) => f.low - margin * (f.high - f.low)), high = [first, second].map((f) => f.high + margin * (f.high - f.low));
    const canvas = picture(`what the network answers over ${first.name} and ${second.name}`, SIDE, SIDE, "screen-image plane"), dots = picture("the examples", 480, 480, "dots");
    const of = (row, column) => [low[0] + ((high[0] - low[0]) * (column + 0.5)) / SIDE, high[1] - ((high[1] - low[1]) * (row + 0.5)) / SIDE];
    const units = network.layers.length > 1 ? Math.min(16, network.layers[0].units) : 0;
    const small = Array.from({ length: units }, (_, unit) => picture(`unit ${unit + 1} of the first layer`, 40, 40, "strip-image unit"));
    const colors = (points.colors ?? []).map((color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16)));
    function surface() {
      const context = canvas.getContext("2d"), image = context.createImageData(SIDE, SIDE), values = [];
      for (let i = 0; i < SIDE * SIDE; i++) values.push(networks.output(network, of(Math.floor(i / SIDE), i % SIDE)));
      const single = values.map((out) => out[0]), least = Math.min(...single), most = Math.max(...single);
      values.forEach((out, i) => {
        const p = probabilities(out), mix = network.goal === "classification"
          ? [0, 1, 2].map((channel) => p.reduce((sum, share, k) => sum + share * colors[k][channel], 0))
          : Array(3).fill((255 * (out[0] - least)) / (most - least || 1));
        image.data.set([...mix, 255], 4 * i);
      });
      context.putImageData(image, 0, 0);
    }
    function hidden() {
      small.forEach((each, unit) => {
        const values = [];
        for (let i = 0; i < 1600; i++) {
          const x = networks.scaled(network.x, of(Math.floor(i / 40) * 3 + 1, (i % 40) * 3 + 1));
          values.push(networks.layersOf({ layers: network.layers.slice(0, 1) }, x)[0][unit]);
        }
        paint(each, values, Math.min(...values), Math.max(...values));
      });
    }
    const place = (x) => [(480 * (x[0] - low[0])) / (high[0] - low[0]), (480 * (high[1] - x[1])) / (high[1] - low[1])];
    function mark(raw) {
      const context = dots.getContext("2d");
      context.clearRect(0, 0, 480, 480);
      const least = Math.min(...points.y), most = Math.max(...points.y);
      points.x.forEach((x, i) => {
        context.beginPath();
        context.arc(...place(x), 4, 0, 7);
        const shade = (255 * (points.y[i] - least)) / (most - least || 1);
        context.fillStyle = colors.length ? points.colors[points.y[i]] : `rgb(${shade} ${shade} ${shade})`;
        context.fill();
        context.strokeStyle = "#fff";
        context.stroke();
      });
      const [x, y] = place(raw);
      context.strokeStyle = "#000";
      context.lineWidth = 3;
      context.strokeRect(x - 7, y - 7, 14, 14);
      context.lineWidth = 1;
    }
    dots.onclick = (event) => {
      const box = dots.getBoundingClientRect();
      clicked([low[0] + ((event.clientX - box.left) / box.width) * (high[0] - low[0]), high[1] - ((event.clientY - box.top) / box.height) * (high[1] - low[1])]);
    };
    const node = make("div", {}, make("div", { className: "stack" }, canvas, dots),
      make("p", { className: "note" }, `${first.name} to the right, ${second.name} upwards; click a place to ask for its answer.`),
      ...(units ? [make("h4", {}, units < network.layers[0].units ? `The first ${units} of ${network.layers[0].units} units of the first layer` : "The units of the first layer"), make("div", { className: "units" }, ...small)] : []));
    return { node, mark, start: () => { surface(); hidden(); } };
  }

  const kindOf = (network) => (network.image ? (network.code ? autoencoder : reader) : table);

  // Build the views of all networks, one of which is seen.
  function show(root, found) {
    const made = found.map(networks.make), stage = make("div");
    const tabs = made.map((network, i) => {
      const tab = make("button", { type: "button", ariaPressed: "false" }, network.label);
      tab.onclick = () => choose(i);
      return tab;
    });
    function choose(i) {
      tabs.forEach((tab, k) => { tab.setAttribute("aria-pressed", String(k === i)); });
      const view = kindOf(made[i])(made[i]);
      stage.replaceChildren(view.node);
      view.start();
    }
    if (tabs.length > 1) root.append(make("div", { className: "tabs", role: "group", ariaLabel: "network" }, ...tabs));
    root.append(stage);
    choose(0);
    return made;
  }

  const data = document.getElementById("play-data"), root = document.getElementById("play-stage");
  return data && root ? show(root, JSON.parse(data.textContent)) : [];
})();
