"""How much a dense network's outputs change for a change of its inputs: gains, the worst direction, an upper bound."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.nn.activations import ACTIVATIONS

ITERATIONS = 30  # of the power method
SLOPES = {"sigmoid": 0.25, "tanh": 1.0, "relu": 1.0, "linear": 1.0}  # the steepest of an activation; of a step infinite


class Network(NamedTuple):
    """A dense network before its output activation."""

    kernels: Sequence[np.ndarray]  # kernels, biases: of its layers
    biases: Sequence[np.ndarray]
    activation: str  # of the hidden layers

    def outputs(self, x: Any) -> Any:
        """Compute logits [n, k] of scaled inputs [n, d]."""
        for place, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True)):
            x = x @ kernel + bias[None]
            if place < len(self.kernels) - 1:
                x = ACTIVATIONS[self.activation](x)
        return x

    def bound(self) -> float:
        """Bound the gain of any change: the product of the layers' spectral norms and the activation's steepest slopes.

        Infinite for an activation that jumps.
        """
        norms = np.prod([np.linalg.norm(np.asarray(kernel, np.float64), 2) for kernel in self.kernels])
        return float(norms * SLOPES.get(self.activation, np.inf) ** (len(self.kernels) - 1))


def network_of(params: Any, activation: str) -> Network:
    """Take the layers of a dense network's weights."""
    layers = [params[f"layer_{place}"] for place in range(len(params))]
    return Network(
        [np.asarray(one["kernel"]) for one in layers], [np.asarray(one["bias"]) for one in layers], activation
    )


def random_directions(x: np.ndarray, seed: int) -> np.ndarray:
    """Draw a direction [n, d] of length 1 for each example."""
    return unit(np.random.default_rng(seed).normal(size=x.shape))


def toward_others(x: np.ndarray, seed: int) -> np.ndarray:
    """Point from each example to another one, [n, d] of length 1."""
    return unit(np.roll(x, 1 + seed % max(len(x) - 1, 1), axis=0) - x)


def worst_directions(network: Network, x: np.ndarray, seed: int) -> np.ndarray:
    """Find for each example the direction [n, d] of the largest gain of a tiny change: the power method on J'J."""

    def iterate(example: Any, start: Any) -> Any:
        def function(value: Any) -> Any:
            return network.outputs(value[None])[0]

        def body(_: int, direction: Any) -> Any:
            pushed = jax.jvp(function, (example,), (direction,))[1]
            pulled = jax.vjp(function, example)[1](pushed)[0]
            norm = jnp.linalg.norm(pulled)
            return jnp.where(norm > 0, pulled / jnp.where(norm > 0, norm, 1), direction)

        return jax.lax.fori_loop(0, ITERATIONS, body, start)

    return np.asarray(jax.jit(jax.vmap(iterate))(jnp.asarray(x), jnp.asarray(random_directions(x, seed), x.dtype)))


def unit(rows: np.ndarray) -> np.ndarray:
    """Scale rows to length 1; rows of zeros stay."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1)


def gains(network: Network, x: np.ndarray, directions: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Change inputs and see what the outputs do.

    Args:
      network: any.
      x: [n, d] scaled inputs.
      directions: [n, d] of length 1.
      size: the length of the change.

    Returns:
      The change of the logits over that of the inputs [n], and whether the largest logit is another one [n].
    """
    before, after = (np.asarray(network.outputs(v), np.float64) for v in (x, x + size * directions))
    return np.linalg.norm(after - before, axis=1) / size, before.argmax(axis=1) != after.argmax(axis=1)
