// The embedding page: one scatter of many layouts, which flow into each other; everything else is linked to it.
const embedding = (function () {
  const data = JSON.parse(document.getElementById("embedding-data").textContent);
  const STEPS = 65535, FLOW = 600, REACH = 14, MARGIN = 0.94;
  const $ = (id) => document.getElementById(id);
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const layouts = data.layouts.map((layout) => {
    const raw = new DataView(bytes(layout.xy).buffer), xy = new Float32Array(2 * data.count);
    for (let i = 0; i < xy.length; i++) xy[i] = (2 * raw.getUint16(2 * i, true)) / STEPS - 1;
    return { ...layout, xy };
  });
  const neighbors = new DataView(bytes(data.neighbors.index).buffer), k = data.neighbors.k;
  const neighbor = (i, j) => neighbors.getUint32(4 * (i * k + j), true);
  const names = Object.keys(data.groups);
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  let shown = data.first, group = names[0], only = null, hovered = -1, sheet = null;
  let from = layouts[shown].xy, now = Float32Array.from(from), began = -1;
  const view = { scale: 1, x: 0, y: 0 };

  // From a layout's coordinates to the surface's pixels.
  function frame(width, height) {
    const unit = (Math.min(width, height) / 2) * MARGIN * view.scale;
    return { unit, x: width / 2 + view.x, y: height / 2 + view.y };
  }

  function draw(context, width, height) {
    const { unit, x, y } = frame(width, height), of = data.groups[group];
    const radius = Math.max(1.4, Math.min(5, 90 / Math.sqrt(data.count))) * Math.min(2.5, Math.sqrt(view.scale));
    const count = of ? of.names.length : 1, paths = Array.from({ length: count }, () => new Path2D());
    for (let i = 0; i < data.count; i++) {
      const px = x + unit * now[2 * i], py = y - unit * now[2 * i + 1];
      if (px < -9 || py < -9 || px > width + 9 || py > height + 9) continue;
      const path = paths[of ? of.of[i] : 0];
      path.moveTo(px + radius, py);
      path.arc(px, py, radius, 0, 7);
    }
    const faint = panel.theme().faint;
    const order = [...paths.keys()].sort((a, b) => (a === only) - (b === only));
    for (const c of order) {
      const lit = only === null || only === c;
      context.globalAlpha = lit ? 0.82 : 1;
      context.fillStyle = lit ? (of ? of.colors[c] : "#3f90da") : faint;
      context.fill(paths[c]);
    }
    context.globalAlpha = 1;
    if (of && count <= 20) writeNames(context, width, height, of);
  }

  // Each class's name at its median, so that color is not the only sign.
  function writeNames(context, width, height, of) {
    const { unit, x, y } = frame(width, height), theme = panel.theme();
    const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1];
    context.font = "600 14px system-ui, sans-serif";
    context.lineWidth = 4;
    context.lineJoin = "round";
    context.strokeStyle = theme.paper;
    of.names.forEach((name, c) => {
      const own = members(of)[c];
      if (!own.length || (only !== null && only !== c)) return;
      const px = x + unit * middle(own.map((i) => now[2 * i])), py = y - unit * middle(own.map((i) => now[2 * i + 1]));
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.strokeText(name, px, py);
      panel.text(context, name, px, py, { color: theme.ink });
    });
  }

  function members(of) {
    if (!of.members) {
      of.members = of.names.map(() => []);
      of.of.forEach((c, i) => of.members[c].push(i));
    }
    return of.members;
  }

  function drawTop(context, width, height) {
    if (hovered < 0) return;
    const { unit, x, y } = frame(width, height), theme = panel.theme();
    const at = (i) => [x + unit * now[2 * i], y - unit * now[2 * i + 1]];
    const [px, py] = at(hovered);
    context.strokeStyle = theme.ink;
    context.lineWidth = 1;
    if ($("lines").checked) {
      context.beginPath();
      for (let j = 0; j < k; j++) { context.moveTo(px, py); context.lineTo(...at(neighbor(hovered, j))); }
      context.stroke();
    }
    context.lineWidth = 2;
    context.beginPath();
    context.arc(px, py, 7, 0, 7);
    context.stroke();
  }

  // Let the points flow from where they are to the layout that is shown.
  function flow(time) {
    if (began < 0) began = time;
    const t = still.matches ? 1 : Math.min(1, (time - began) / FLOW), ease = t * t * (3 - 2 * t), to = layouts[shown].xy;
    for (let i = 0; i < now.length; i++) now[i] = from[i] + ease * (to[i] - from[i]);
    surface.redraw();
    if (t < 1) requestAnimationFrame(flow); else began = -1;
  }

  function show(index) {
    if (index === shown) return;
    shown = index;
    from = Float32Array.from(now);
    if (began < 0) requestAnimationFrame(flow); else began = performance.now();
    mark();
  }

  function mark() {
    for (const row of $("board").tBodies[0].rows) row.setAttribute("aria-selected", String(+row.dataset.row === layouts[shown].row));
    for (const select of $("settings").querySelectorAll("select")) select.value = String(layouts[shown].options[select.name] ?? "");
  }

  // One list for each option that differs; of the layouts with the value chosen, the one most like the last is shown.
  function makeSettings() {
    const options = [...new Set(layouts.flatMap((layout) => Object.keys(layout.options)))];
    for (const name of options) {
      const values = [...new Set(layouts.map((layout) => layout.options[name]))];
      if (values.length < 2) continue;
      const numbers = values.filter((value) => typeof value === "number").sort((a, b) => a - b);
      const others = values.filter((value) => typeof value !== "number");
      const select = Object.assign(document.createElement("select"), { name });
      select.append(...[...others, ...numbers].map((value) => new Option(value === undefined ? "–" : String(value), String(value ?? ""))));
      select.onchange = () => choose(name, select.value);
      const label = document.createElement("label");
      label.append(name.replaceAll("_", " "), select);
      $("settings").append(label);
    }
  }

  function choose(name, value) {
    const like = (layout) => Object.entries(layouts[shown].options).filter(([key, own]) => key !== name && layout.options[key] === own).length;
    const able = layouts.map((layout, i) => ({ layout, i })).filter(({ layout }) => String(layout.options[name] ?? "") === value);
    show(able.reduce((best, each) => (like(each.layout) > like(best.layout) ? each : best)).i);
    mark();
  }

  function makeLegend() {
    const of = data.groups[group];
    $("legend").replaceChildren(...(of && of.names.length <= 30 ? of.names : []).map((name, c) => {
      const item = document.createElement("li"), button = document.createElement("button"), dot = document.createElement("i");
      button.type = "button";
      dot.style.background = of.colors[c];
      button.append(dot, name);
      button.setAttribute("aria-pressed", "false");
      button.onclick = () => {
        only = only === c ? null : c;
        [...$("legend").querySelectorAll("button")].forEach((each, i) => each.setAttribute("aria-pressed", String(i === only)));
        surface.redraw();
      };
      item.append(button);
      return item;
    }));
  }

  function nearest(event) {
    const box = $("map").getBoundingClientRect(), { unit, x, y } = frame(box.width, box.height);
    let best = -1, least = REACH * REACH;
    for (let i = 0; i < data.count; i++) {
      if (only !== null && data.groups[group].of[i] !== only) continue;
      const dx = x + unit * now[2 * i] - (event.clientX - box.left), dy = y - unit * now[2 * i + 1] - (event.clientY - box.top);
      if (dx * dx + dy * dy < least) { least = dx * dx + dy * dy; best = i; }
    }
    return best;
  }

  function point(i) {
    if (i === hovered) return;
    hovered = i;
    $("map").classList.toggle("near", i >= 0);
    if (i >= 0) tell(i);
    surface.redraw(true);
  }

  function tell(i) {
    const words = [`example ${data.rows[i]}`, ...names.map((name) => `${name} ${data.groups[name].names[data.groups[name].of[i]]}`)];
    if (data.features) data.features.names.forEach((name, j) => words.push(`${name} ${data.features.values[i][j]}`));
    $("tell").textContent = words.join("\n");
    if (!sheet) return;
    const { columns, width, height } = data.sheet, canvas = $("digit");
    Object.assign(canvas, { width, height, hidden: false });
    canvas.getContext("2d").drawImage(sheet, (i % columns) * width, Math.floor(i / columns) * height, width, height, 0, 0, width, height);
  }

  // Enlarge by a factor, the point (px, py) of the surface staying where it is.
  function zoom(factor, px, py) {
    const box = $("map").getBoundingClientRect(), before = view.scale;
    view.scale = Math.max(1, Math.min(60, before * factor));
    const ratio = view.scale / before, dx = px - box.width / 2, dy = py - box.height / 2;
    view.x = view.scale === 1 ? 0 : dx - ratio * (dx - view.x);
    view.y = view.scale === 1 ? 0 : dy - ratio * (dy - view.y);
    surface.redraw();
  }

  function listen() {
    const node = $("map"), middle = () => [node.clientWidth / 2, node.clientHeight / 2];
    let held = null;
    node.onpointerdown = (event) => {
      point(nearest(event));
      if (event.pointerType === "mouse") { held = event; node.setPointerCapture(event.pointerId); }
    };
    node.onpointerup = node.onpointercancel = () => { held = null; };
    node.onpointermove = (event) => {
      if (!held) { point(nearest(event)); return; }
      view.x += event.clientX - held.clientX;
      view.y += event.clientY - held.clientY;
      held = event;
      surface.redraw();
    };
    node.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = node.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    $("larger").onclick = () => zoom(1.6, ...middle());
    $("smaller").onclick = () => zoom(1 / 1.6, ...middle());
    $("whole").onclick = () => { Object.assign(view, { scale: 1, x: 0, y: 0 }); surface.redraw(); };
    $("lines").onchange = () => surface.redraw(true);
    $("group").onchange = () => { group = $("group").value; only = null; makeLegend(); surface.redraw(); };
    $("board").tBodies[0].onclick = (event) => {
      const row = event.target.closest("tr"), index = layouts.findIndex((layout) => layout.row === +row.dataset.row);
      if (index >= 0) show(index);
    };
  }

  $("group").append(...names.map((name) => new Option(name, name)));
  if (names.length < 2) $("group").parentNode.hidden = true;
  if (data.sheet) {
    const image = new Image();
    image.onload = () => { sheet = image; };
    image.src = data.sheet.uri;
  }
  document.documentElement.classList.add("drawn");
  const surface = panel.make($("map"), draw, drawTop);
  makeSettings();
  makeLegend();
  listen();
  mark();
  return { show, layouts, zoom, point };
})();
