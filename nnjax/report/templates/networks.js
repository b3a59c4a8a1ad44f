// Trained dense networks: their numbers decoded, and computed for one example at a time.
const networks = (function () {
  function decoded(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Float32Array(bytes.buffer);
  }

  const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
  const FUNCTIONS = {
    linear: (z) => z,
    sigmoid: (z) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z))),
    tanh: Math.tanh,
    squash: (z) => 1.7159 * Math.tanh((2 / 3) * z),
    relu: (z) => Math.max(z, 0),
    leaky_relu: (z) => Math.max(0.1 * z, z),
    elu: (z) => (z > 0 ? z : Math.expm1(z)),
    softplus,
    gelu: (z) => 0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3))),
    step: (z) => (z >= 0 ? 1 : 0),
  };

  function activated(name, z) {
    if (name !== "softmax") return z.map(FUNCTIONS[name]);
    const most = Math.max(...z), powers = z.map((each) => Math.exp(each - most)), sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((each) => each / sum);
  }

  // A network of what `interactive_networks` writes: its layers as {rows, units, kernel, bias, activation}.
  function make(found) {
    const numbers = decoded(found.weights);
    let at = 0;
    const take = (n) => numbers.subarray(at, (at += n));
    const layers = found.activations.map((activation, i) => {
      const rows = found.sizes[i], units = found.sizes[i + 1];
      return { rows, units, kernel: take(rows * units), bias: take(units), activation };
    });
    return { ...found, layers };
  }

  function apply(layer, x) {
    const z = Float64Array.from(layer.bias);
    for (let row = 0; row < layer.rows; row++) {
      const value = x[row];
      if (value === 0) continue;
      for (let unit = 0, place = row * layer.units; unit < layer.units; unit++, place++) z[unit] += value * layer.kernel[place];
    }
    return activated(layer.activation, Array.from(z));
  }

  const number = (scaler, name, i) => (Array.isArray(scaler[name]) ? scaler[name][i] : scaler[name]);
  const scaled = (scaler, x) => Array.from(x, (value, i) => (value - number(scaler, "mean", i)) * number(scaler, "scale", i));
  const unscaled = (scaler, z) => Array.from(z, (value, i) => value / (number(scaler, "scale", i) || 1) + number(scaler, "mean", i));

  // The outputs of all layers for scaled inputs, or of some for what the first of them reads.
  function layersOf(network, x, from = 0, to = network.layers.length) {
    const out = [];
    for (const layer of network.layers.slice(from, to)) out.push((x = apply(layer, x)));
    return out;
  }

  // The output for raw inputs: probabilities, targets in their own units, or a copy of the scaled inputs.
  function output(network, raw) {
    const z = layersOf(network, scaled(network.x, raw)).at(-1);
    return network.goal === "regression" ? unscaled(network.y, z) : z;
  }

  return { make, decoded, scaled, unscaled, layersOf, output };
})();
