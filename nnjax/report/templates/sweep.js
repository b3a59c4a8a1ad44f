// The bar above the views of a sweep: filter, metric, what is selected, what is held.
(function () {
  const bar = document.getElementById("sweep-bar");
  if (!trials || !bar) return;
  const [box, clear, metric, status, held, key] = ["filter", "clear", "metric", "selected", "held", "key"].map((id) => document.getElementById(id));
  trials.metrics.forEach((field, k) => metric.append(new Option(field.label, k)));
  metric.onchange = () => trials.judge(trials.metrics[metric.value]);
  box.oninput = () => {
    const text = unfinished(box.value);
    if (text) status.textContent = text;
    else trials.select(box.value);
  };
  box.onchange = () => trials.select(box.value);
  clear.onclick = () => { box.value = ""; trials.select(""); if (trials.pinned >= 0) trials.pin(trials.pinned); };
  bar.hidden = false;
  document.documentElement.classList.add("drawn");

  function tell() {
    const best = trials.metric ? bestOf() : "";
    status.textContent = trials.errors.length ? trials.errors.join(" ") : `${trials.count.toLocaleString("en")} of ${trials.size.toLocaleString("en")} trials selected${best}`;
    status.classList.toggle("warning", trials.errors.length > 0);
    clear.disabled = !box.value && trials.pinned < 0;
  }

  // A hint while the last condition is only half typed: the name of a field without a sign, or a sign without a value.
  function unfinished(text) {
    const found = /(?:^|\s)([\w.]+)(?:@[\d.]*)?(<=|>=|!=|==?|<|>)?$/.exec(text);
    const names = found ? trials.fields.map((field) => field.name).filter((name) => name.toLowerCase().startsWith(found[1].toLowerCase())) : [];
    if (!names.length) return "";
    if (found[2]) return `${names[0]}${found[2]} waits for a value, such as ${names[0]}=0.001..0.1 or a|b; press Enter to apply it as it is.`;
    return `${names.slice(0, 4).join(", ")}: go on with =, <, > or !=; Enter looks for the word.`;
  }

  function bestOf() {
    const known = trials.metric.values.filter((v, i) => v !== null && trials.selected[i]);
    const [word, of] = trials.metric.high ? ["highest", Math.max] : ["lowest", Math.min];
    return known.length ? `, the ${word} ${trials.metric.label} ${scales.format(known.reduce((a, b) => of(a, b)))}` : "";
  }

  function drawKey() {
    if (!trials.metric) return;
    const [low, high] = trials.range.map((v) => scales.format(Number(v.toPrecision(3))));
    key.replaceChildren(low, document.createElement("i"), `${trials.metric.high ? "≤" : "≥"} ${high}`);
    key.querySelector("i").style.background = `linear-gradient(to right, ${panel.theme().shades.join(",")})`;
  }

  function follow(changed) {
    if (changed.has("metric") || changed.has("theme")) drawKey();
    if (changed.has("selection")) learningCurves.select(trials.count === trials.size ? null : new Set(trials.ids.filter((_, i) => trials.selected[i])));
    const i = trials.focus();
    held.textContent = i < 0 ? "" : trials.describe(i);
    tell();
  }

  trials.follow(follow);
  follow(new Set(["metric"]));
})();
