// Canvases that stand in the page: two layers, sharp on every screen, drawn only while they can be seen.
const panel = (function () {
  const VIRIDIS = ["#440154", "#482878", "#3e4a89", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"];
  const SHADES = 16, all = [], dark = matchMedia("(prefers-color-scheme: dark)");
  let printing = false, current = null;

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const channels = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));

  // The color at t in [0, 1], 0 being the best: the one that stands out most from the paper.
  function shade(t) {
    const p = (isDark() ? 1 - 0.75 * t : 0.88 * t) * (VIRIDIS.length - 1), k = Math.min(VIRIDIS.length - 2, Math.floor(p));
    const [a, b] = [channels(VIRIDIS[k]), channels(VIRIDIS[k + 1])];
    return `rgb(${a.map((from, i) => Math.round(from + (b[i] - from) * (p - k))).join(",")})`;
  }

  const isDark = () => dark.matches && !printing;
  const shades = () => Array.from({ length: SHADES }, (_, k) => shade(k / (SHADES - 1)));
  const theme = () => (current ??= { ink: css("--ink"), soft: css("--soft"), line: css("--line"), paper: css("--paper"), accent: css("--accent"), red: css("--red"), faint: css("--faint"), shades: shades() });

  // Put two canvases into a node; `draw(context, width, height)` fills the lower, `drawTop` the upper one.
  function make(node, draw, drawTop = () => {}) {
    const layers = [draw, drawTop].map((fill) => ({ canvas: document.createElement("canvas"), fill, stale: true }));
    const self = { node, visible: false, redraw };
    node.append(...layers.map((layer) => layer.canvas));

    function redraw(top = false) {
      (top ? [layers[1]] : layers).forEach((layer) => { layer.stale = true; });
      if (self.visible || printing) paint();
    }

    function paint() {
      const width = node.clientWidth, height = node.clientHeight;
      if (!width || !height) return;
      layers.filter((layer) => layer.stale).forEach(({ canvas, fill }) => fill(cleared(canvas, width, height), width, height));
      layers.forEach((layer) => { layer.stale = false; });
    }

    new ResizeObserver(() => redraw()).observe(node);
    new IntersectionObserver((entries) => { self.visible = entries.at(-1).isIntersecting; if (self.visible) paint(); }, { rootMargin: "100px" }).observe(node);
    all.push(self);
    return self;
  }

  function cleared(canvas, width, height) {
    const ratio = Math.min(2, devicePixelRatio || 1), context = canvas.getContext("2d");
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "12px system-ui, sans-serif";
    return context;
  }

  function text(context, words, x, y, { align = "center", baseline = "middle", color, room = Infinity }) {
    context.textAlign = align;
    context.textBaseline = baseline;
    context.fillStyle = color;
    context.fillText(shortened(context, words, room), x, y);
  }

  function shortened(context, words, room) {
    if (context.measureText(words).width <= room) return words;
    let n = words.length;
    while (n > 1 && context.measureText(words.slice(0, n) + "…").width > room) n--;
    return words.slice(0, n) + "…";
  }

  function redrawAll() {
    current = null;
    document.dispatchEvent(new Event("themechange"));
    all.forEach((each) => each.redraw());
  }

  dark.addEventListener("change", redrawAll);
  const print = (on) => () => { printing = on; document.documentElement.classList.toggle("printing", on); redrawAll(); };
  window.addEventListener("beforeprint", print(true));
  window.addEventListener("afterprint", print(false));
  return { make, theme, shade, text, SHADES };
})();
