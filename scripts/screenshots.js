// Find what a picture does not show: sideways scrolling, weak contrast, missing text alternatives. Returns sentences.
(() => {
  const found = [], say = (what, element) => found.push(`${what}: ${(element.id || (element.className.baseVal ?? element.className) || element.tagName)} “${(element.textContent || "").trim().slice(0, 40)}”`);
  if (document.documentElement.scrollWidth > innerWidth) found.push(`the page scrolls sideways: ${document.documentElement.scrollWidth} of ${innerWidth} pixels`);
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const rgba = text => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const over = (top, below) => { const a = top[3] / 255; return [0, 1, 2].map(i => top[i] * a + below[i] * (1 - a)).concat(255); };
  const light = color => { const [r, g, b] = color.map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const below = element => { let colors = []; for (let e = element; e; e = e.parentElement) { const own = rgba(getComputedStyle(e).backgroundColor); if (own[3]) colors.push(own); if (own[3] === 255) break; } return colors.reverse().reduce((base, top) => over(top, base), [255, 255, 255, 255]); };
  const shape = "rect, path, circle, ellipse, polygon, use", opacity = style => style.fillOpacity * style.opacity;
  const painted = (text, base) => { // what the shapes before a text in its drawing paint behind its middle
    const box = text.getBoundingClientRect(), svg = text.ownerSVGElement, middle = new DOMPoint(box.x + box.width / 2, box.y + box.height / 2);
    if (!svg) return base;
    for (const e of svg.querySelectorAll(shape)) {
      if (!(e.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING) || e.closest("defs, clipPath")) continue;
      const style = getComputedStyle(e), matrix = e.getScreenCTM();
      if (style.fill === "none" || !opacity(style) || !matrix) continue;
      const around = e.getBoundingClientRect(), within = around.left <= middle.x && middle.x <= around.right && around.top <= middle.y && middle.y <= around.bottom;
      if (!within || (e.isPointInFill && !e.isPointInFill(middle.matrixTransform(matrix.inverse())))) continue; // a marker counts as its box
      const own = rgba(style.fill);
      base = over([...own.slice(0, 3), own[3] * opacity(style)], base);
    }
    return base;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), seen = new Set();
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (!node.data.trim() || seen.has(element) || !element.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) || element.closest("script, style, [disabled], noscript, title, canvas")) continue;
    seen.add(element);
    const style = getComputedStyle(element), size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    if (!element.getClientRects().length || size === 0) continue;
    const paper = element.closest("svg") ? painted(element, below(element)) : below(element), ink = over(rgba(element.closest("svg") ? style.fill : style.color), paper);
    const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (size >= 24 || (bold && size >= 18.66) ? 3 : 4.5)) say(`contrast ${ratio.toFixed(2)}`, element);
  }
  const told = e => e.getAttribute("aria-label") || e.getAttribute("alt") || e.getAttribute("aria-labelledby") || e.querySelector?.(":scope > title");
  for (const e of document.querySelectorAll("img, svg, canvas")) {
    if (e.closest("[aria-hidden=true]") || e.getAttribute("alt") === "" || e.closest("svg") !== e && e.closest("svg") || !e.checkVisibility()) continue;
    const around = e.closest("[role=img], [role=application], button, a, label") || e;
    if (!told(e) && !told(around) && !around.title && !(around !== e && around.textContent.trim())) say(`no text for <${e.tagName.toLowerCase()}>`, e.parentElement);
  }
  return [...new Set(found)];
})()
