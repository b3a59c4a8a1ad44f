// The verdicts of a sweep: how many of each, where they lie, and what the curve of the trial in focus says.
(function () {
  const node = document.getElementById("verdict-map"), bars = [...document.querySelectorAll("#verdict-counts button")];
  if (!trials || !trials.field("verdict")) return;
  const field = trials.field("verdict"), text = document.getElementById("verdict-text");
  const { badges } = trials;
  const number = (some) => `${some.toLocaleString("en")} trial${some === 1 ? "" : "s"}`;

  // The verdicts of some trials with their numbers, the most frequent first.
  function countsOf(indices) {
    const found = new Map();
    for (const i of indices) found.set(field.values[i], (found.get(field.values[i]) ?? 0) + 1);
    return [...found].map(([level, count]) => ({ code: field.levels[level], count })).sort((a, b) => b.count - a.count);
  }

  // A cell is divided among its verdicts by their shares; each part that has room carries its sign.
  function paint(context, cell, { left, top, width, height }) {
    let from = left;
    for (const { code, count } of cell.value) {
      const part = (width * count) / cell.trials.length, own = badges[code];
      context.fillStyle = own ? own.color : panel.theme().line;
      context.fillRect(from, top, part, height);
      if (own && part >= 9 && height >= 12) panel.text(context, own.sign, from + part / 2, top + height / 2 + 0.5, { color: own.ink });
      from += part;
    }
  }

  const words = (code) => code.replaceAll("_", " ");
  const say = (cell) => cell.value.map(({ code, count }) => `${cell.value.length > 1 ? `${count} ` : `${number(count)}, `}${words(code)}`).join(", ");

  function showCounts() {
    const counts = countsOf(trials.ids.map((_, i) => i).filter((i) => trials.selected[i]));
    const most = Math.max(1, ...bars.map((bar) => Number(bar.dataset.count)));
    for (const bar of bars) {
      const some = counts.find((each) => each.code === bar.dataset.code)?.count ?? 0, all = Number(bar.dataset.count);
      bar.querySelector(".amount").textContent = some === all ? all.toLocaleString("en") : `${some.toLocaleString("en")} of ${all.toLocaleString("en")}`;
      bar.querySelector(".share").style.setProperty("--share", some / most);
      bar.setAttribute("aria-pressed", String(trials.terms.some((term) => term.name === "verdict" && term.values.some((v) => v.text === bar.dataset.code))));
    }
  }

  function badge(code) {
    const out = document.createElement("span"), sign = document.createElement("i"), own = badges[code];
    Object.assign(out, { className: "badge", title: own.meaning });
    sign.dataset.sign = own.sign;
    sign.setAttribute("aria-hidden", "true");
    Object.assign(sign.style, { background: own.color, color: own.ink });
    out.append(sign, words(code));
    return out;
  }

  const hint = text?.textContent;

  function showVerdict() {
    const i = trials.focus(), found = i < 0 ? null : trials.verdicts[i];
    if (!text) return;
    if (!found) { text.textContent = i < 0 ? hint : `Trial ${trials.ids[i]} has no verdict yet.`; return; }
    const numbers = document.createElement("small");
    numbers.textContent = ` ${found.numbers}.${found.also ? ` Also: ${found.also}.` : ""}`;
    text.replaceChildren(`Trial ${trials.ids[i]}: `, badge(field.levels[field.values[i]]), ` ${found.sentence} ${found.next}`, numbers);
  }

  for (const bar of bars) {
    bar.disabled = false;
    bar.onclick = () => trials.brush("verdict", bar.getAttribute("aria-pressed") === "true" ? "" : `verdict=${bar.dataset.code}`);
  }
  if (node) {
    const fields = [...trials.axes, trials.field("seed")], pair = node.dataset.pair.split(" ");
    const first = pair.length > 1 ? pair : [pair[0], fields.length - 1];
    heatMap.make({ id: "verdict-map", fields, first, summary: countsOf, paint, describe: say });
  }
  trials.follow((changed) => {
    if (changed.has("selection")) showCounts();
    if (changed.has("focus")) showVerdict();
  });
  showCounts();
})();
