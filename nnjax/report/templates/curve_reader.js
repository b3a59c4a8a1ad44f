// What is read of a chart of curves: the trial under the pointer or the keys, its values, and the trials that are pinned.
const curveReader = (function () {
  const NEAR = 16; // pixels

  // `host` is the chart: node, said, pinned (elements), parts, weight(), plane(), chart(), lines() that can be seen,
  // rowsOf(line) as drawn, color(line), "" without one, isChosen(line, i), redraw() of the upper layer, changed(); and where it wants to
  // know pointed(found, or null) and held(found, isPinned).
  function make(host) {
    const { node, said, pinned } = host, tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
    let pointed = null, pins = [], touched = "";
    node.append(tip);
    node.setAttribute("role", "application");
    node.tabIndex = 0;
    const key = ({ line, i }) => `${line.setting}/${line.trials[i]}`, color = (line) => host.color(line) || panel.theme().ink;
    const same = (one) => host.chart().lines.filter((line) => line.setting === one.line.setting && line.trials.includes(one.line.trials[one.i]));
    const rowsOfTrial = (one) => Object.fromEntries(same(one).map((line) => [line.part, line.rows[line.trials.indexOf(one.line.trials[one.i])]]));

    // The curves of one trial on the parts that are shown; its number stands at the first one's end.
    function curvesOf(one, name = "") {
      const own = same(one).filter((line) => host.isShown(line.part)), trial = one.line.trials[one.i];
      return own.map((line, k) => ({ values: host.rowsOf(line)[line.trials.indexOf(trial)], color: color(line), width: 3, dash: host.dash(line.part), name: k ? "" : name, isPin: true }));
    }

    // The trials that can be pointed at, at an epoch that need not be whole: {line, i, t, y, off, isColored}.
    function candidates(epoch) {
      const found = [], plane = host.plane(), at = (epoch - 1) / (data.epoch(1) - 1);
      for (const line of host.lines()) {
        const isColored = Boolean(host.color(line));
        host.rowsOf(line).forEach((row, i) => {
          if (!row.length || !host.isChosen(line, i)) return;
          const place = Math.min(row.length - 1, Math.max(0, at)), t = Math.round(place), other = place > t ? t + 1 : t - 1;
          const [own, next] = [plane.y(row[t]), plane.y(row[other] ?? null)];
          const y = Number.isNaN(next) ? own : own + Math.abs(place - t) * (next - own), off = Math.max(0, Math.abs(at - place) - 0.5);
          if (!Number.isNaN(y)) found.push({ line, i, t, y, off, isColored });
        });
      }
      return found;
    }

    // The trial nearest above or below the pointer, at the epoch nearest to it.
    function nearest({ x, y }) {
      const plane = host.plane(), step = plane.x(data.epoch(1)) - plane.x(data.epoch(0));
      let found = null, least = NEAR;
      for (const one of candidates(plane.at({ x, y }).x)) {
        const distance = Math.hypot(one.y - y, one.off * step);
        if (distance < least || (one.isColored && distance === least)) [found, least] = [one, distance];
      }
      return found;
    }

    function point(found) {
      if (!found && !pointed) return;
      pointed = found;
      host.pointed?.(found);
      tip.hidden = !found;
      if (found) tell(found);
      table();
      host.redraw();
    }

    // What is said of a trial at an epoch: its name, the epoch, a text for each part.
    function words(one) {
      const { line, i, t } = one, rows = rowsOfTrial(one), texts = Object.keys(rows).filter(host.isShown).map((part) => {
        const extra = host.weight() && part === line.part ? ` (smoothed ${scales.format(host.rowsOf(line)[i][t])})` : "";
        return `${part} ${scales.format(rows[part][t] ?? null)}${extra}`;
      });
      if (line.rows.length > 1) {
        const { values, low, high } = curveSeries.band(line.rows);
        texts.push(`${line.part} of ${line.rows.length} trials: ${scales.format(values[t])} (${scales.format(low[t])} to ${scales.format(high[t])})`);
      }
      return [`${line.label}, trial ${line.trials[i]}`, `epoch ${data.epoch(t)}`, ...texts];
    }

    function tell(one) {
      const [name, ...texts] = words(one), head = document.createElement("b"), x = host.plane().x(data.epoch(one.t)), isLeft = x > node.clientWidth / 2;
      head.textContent = name;
      tip.replaceChildren(head, ...texts.flatMap((text) => [document.createElement("br"), text]));
      Object.assign(tip.style, { top: `${Math.max(0, one.y - 50)}px`, left: isLeft ? "" : `${x + 14}px`, right: isLeft ? `${node.clientWidth - x + 14}px` : "" });
    }

    // Pin a trial, or let it go.
    function pin(one) {
      const kept = pointed, is = pins.some((other) => key(other) === key(one)), full = !is && pins.length === curvePins.MOST, name = `Trial ${one.line.trials[one.i]}`;
      said.textContent = full ? `${curvePins.MOST} trials are pinned; unpin one first.` : `${name} is ${is ? "no longer " : ""}pinned.`;
      if (!full) {
        pins = is ? pins.filter((other) => key(other) !== key(one)) : [...pins, one];
        host.held?.(one, !is);
      }
      host.changed();
      point(kept);
    }

    function table() {
      const found = pins.map((one) => ({ trial: one.line.trials[one.i], label: one.line.label, color: color(one.line), rows: rowsOfTrial(one), unpin: () => pin(one) }));
      curvePins.show(pinned, found, host.parts.filter(host.isShown), pointed?.t ?? null);
    }

    // Draw the trial that is pointed at, and its value.
    function draw(context) {
      if (!pointed) return;
      const plane = host.plane(), { line, i, t } = pointed, x = plane.x(data.epoch(t)), y = plane.y(host.rowsOf(line)[i][t]);
      drawing.lines(context, [0], () => [x, plane.box.top, x, plane.box.bottom], panel.theme().line);
      plane.inside(context, () => curvesOf(pointed).forEach((curve) => drawing.curve(context, { ...curve, points: plane.points(curve.values), width: 2.5 })));
      drawing.dot(context, x, y, color(line));
    }

    // Left and right move to another epoch, up and down to another trial there, Enter pins it, Escape lets go.
    function press(event) {
      const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key] ?? 0, turn = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
      if (event.key === "Escape") point(null);
      else if (event.key === "Enter" && pointed) pin(pointed);
      else if (move || turn) {
        point(pointed ? step(pointed, move, turn) : candidates(1).sort((a, b) => b.isColored - a.isColored || a.y - b.y)[0] ?? null);
        said.textContent = pointed ? words(pointed).join(", ") : "";
      } else return;
      event.preventDefault();
    }

    function step(from, move, turn) {
      const last = host.rowsOf(from.line)[from.i].length - 1, t = Math.max(0, Math.min(last, from.t + move));
      const there = candidates(data.epoch(t)).filter((one) => one.line.part === from.line.part && one.t === t).sort((a, b) => a.y - b.y);
      const place = there.findIndex((one) => key(one) === key(from));
      return there[Math.max(0, Math.min(there.length - 1, place + turn))] ?? from;
    }

    // A click pins; a finger's second tap does, the first one tells. Returns whether a trial is there.
    function click(at, isTouch) {
      const found = nearest(at), name = found ? key(found) : "";
      if (found && (!isTouch || touched === name)) pin(found);
      touched = name;
      point(found);
      return Boolean(found);
    }

    node.addEventListener("keydown", press);
    node.addEventListener("blur", () => point(null));
    return { click, table, draw, point: (at) => point(host.plane() && nearest(at)), leave: () => point(null), pinned: () => pins.flatMap((one) => curvesOf(one, String(one.line.trials[one.i]))) };
  }

  return { make };
})();
