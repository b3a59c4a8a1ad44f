// The filter of trials, as text: words that a trial's row must contain, and conditions on its fields:
//   learning_rate<0.01   optimizer=adam|sgd   learning_rate=0.001..0.1   weight_decay!=none   val_loss@10..20=0.1..0.3
// The last one asks for a curve that passes through a box of epochs and values. All that is written must hold.
const filter = (function () {
  const TOKEN = /(?:"(?:[^"\\]|\\.)*"|[^\s"]|"(?![^]*"))+/g, STRING = /"(?:[^"\\]|\\.)*"/y;
  const CONDITION = /^([\w.]+)(?:@(\d+)(?:\.\.(\d+))?)?(<=|>=|!=|==?|<|>)([^]*)$/;

  // Split a text at a character that stands outside quotes, and take the quotes off.
  function split(text, separator) {
    const parts = [""];
    for (let i = 0; i < text.length;) {
      STRING.lastIndex = i;
      const quoted = STRING.exec(text);
      if (quoted) parts[parts.length - 1] += unquoted(quoted[0]);
      else if (text[i] === separator) parts.push("");
      else parts[parts.length - 1] += text[i];
      i += quoted ? quoted[0].length : 1;
    }
    return parts;
  }

  function unquoted(text) {
    try { return JSON.parse(text); } catch { return text.slice(1, -1); }
  }

  const quoted = (text) => (/^[\w.+-]+$/.test(text) && !text.includes("..") ? text : JSON.stringify(text));

  function parse(text) {
    return (text.match(TOKEN) ?? []).map((token) => {
      const found = CONDITION.exec(token);
      if (!found) return { token, word: split(token, "")[0].toLowerCase() };
      const [, name, from, to, sign, right] = found, op = sign === "==" ? "=" : sign;
      return { token, name: name.toLowerCase(), from: from && Number(from), to: Number(to ?? from), op, values: split(right, "|").map(value) };
    });
  }

  // One alternative of a condition: a range "low..high", or a text that may be a number.
  function value(text) {
    const ends = text.split("..");
    const isRange = ends.length === 2 && ends.every((end) => end.trim() !== "" && !Number.isNaN(Number(end)));
    if (isRange) return { low: Number(ends[0]), high: Number(ends[1]) };
    return { text: text.toLowerCase(), number: text.trim() === "" ? NaN : Number(text) };
  }

  // Whether a text (and its number, NaN where it is none) is what a condition asks for.
  function holds(op, values, text, number) {
    const equal = (v) => ("low" in v ? number >= v.low && number <= v.high : v.text === text || v.number === number);
    if (op === "=") return values.some(equal);
    if (op === "!=") return !values.some(equal);
    const bound = values[0].number;
    return { "<": number < bound, "<=": number <= bound, ">": number > bound, ">=": number >= bound }[op];
  }

  // The text without its conditions on a field (or a curve, by any name), and with another instead.
  function withCondition(text, isReplaced, condition) {
    const kept = parse(text).filter((term) => !isReplaced(term)).map((term) => term.token);
    return [...kept, condition].filter(Boolean).join(" ");
  }

  return { parse, holds, quoted, withCondition };
})();
