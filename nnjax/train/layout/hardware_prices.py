"""Price a program: what compiling it costs on this machine, and what a step of a dense network costs in its lanes.

The prices are measured once a machine, kept in the folder of compiled programs, and read from then on, so that what is
merged by them (`merging`) is the same in cold and warm runs.
"""

import json
import pathlib
import time
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.files import write_atomically
from nnjax.models.envelope import Envelope
from nnjax.nn.optimizers import optimizer_of
from nnjax.train.distributed import is_distributed

FILE = "nnjax_prices.json"  # in the folder of compiled programs
PROBE = (16, 32, 64)  # lanes, batch and width of the products that are measured
TURNS = 200
COMPILATIONS = 200.0  # a program of a population takes as long to compile as so many of the probe (3.3 s and 17 ms)
AROUND = 1.9  # times the products and numbers of a step: what a step takes with its batch, order and evaluations


class Prices(NamedTuple):
    """What a machine takes."""

    product: float = 1e-10  # seconds of a multiplication with its addition in the products of many lanes, on one device
    number: float = 0.5e-9  # seconds of an elementary operation on one number of many
    compiling: float = 2.5  # seconds of compiling one program of a population


def step_seconds(prices: Prices, envelope: Envelope, num_inputs: int, num_outputs: int, batch_size: int) -> float:
    """Predict the seconds of a step of b examples of d inputs and k outputs in one of an envelope's lanes."""
    rows, columns = (num_inputs, *envelope.passed), (*envelope.widths, num_outputs)
    weights = sum(a * b + b for a, b in zip(rows, columns, strict=True))
    units = sum(envelope.widths)
    activations = 8 * len(envelope.activations) + 32 * ("dropout" in envelope.hyperparameters)
    slots = 4 + 2 * bool(envelope.batch_sizes) + sum(optimizer_of(name).slots for name, _ in envelope.optimizers)
    numbers = batch_size * units * activations + weights * slots
    return AROUND * (3 * batch_size * weights * prices.product + numbers * prices.number)


def read_prices() -> Prices:
    """Read this machine's prices, or measure them where they are not known yet.

    Several processes, which must all merge alike, and processes that keep no compiled programs, take the usual ones.
    """
    folder = jax.config.values["jax_compilation_cache_dir"]
    if folder is None or is_distributed():
        return Prices()
    path = pathlib.Path(folder) / FILE
    try:
        known = Prices(**{name: float(value) for name, value in json.loads(path.read_text("utf-8")).items()})
        if all(0 < value < float("inf") for value in known):
            return known
    except (OSError, ValueError, TypeError, AttributeError):
        pass
    found = measure_prices()
    try:
        write_atomically(path, json.dumps(found._asdict()) + "\n")
    except OSError:
        return Prices()
    return found


def measure_prices() -> Prices:
    """Measure small products and their compiling, a quarter of a second in all."""
    lanes, batch, width = PROBE

    def turns(x: jax.Array, w: jax.Array) -> jax.Array:
        return cast(jax.Array, jax.lax.fori_loop(0, TURNS, lambda _, x: jnp.tanh(jnp.matmul(x, w)), x))

    def elements(x: jax.Array, w: jax.Array) -> jax.Array:
        return cast(jax.Array, jax.lax.fori_loop(0, TURNS, lambda _, x: jnp.tanh(x * 0.5), x))

    x = np.ones((lanes, batch, width), np.float32)
    w = np.full((lanes, width, width), 1 / width, np.float32)
    cached = jax.config.values["jax_enable_compilation_cache"]
    try:
        jax.config.update("jax_enable_compilation_cache", False)
        bare = jax.jit(elements).lower(x, w).compile()
        compiled: list[jax.stages.Compiled] = []
        compiling = _shortest(lambda: compiled.append(jax.jit(lambda x, w: turns(x, w)).lower(x, w).compile()))
    finally:
        jax.config.update("jax_enable_compilation_cache", cached)
    both, one = _seconds(compiled[0], x, w), _seconds(bare, x, w)
    product = max(both - one, both / 4) / (TURNS * lanes * batch * width * width)
    return Prices(product, one / (8 * TURNS * lanes * batch * width), COMPILATIONS * compiling)


def _seconds(function: jax.stages.Compiled, *args: np.ndarray) -> float:
    return _shortest(lambda: jax.block_until_ready(function(*args)))


def _shortest(call: Callable[[], Any]) -> float:
    """Return the seconds of the shortest of three calls."""

    def run() -> float:
        begin = time.perf_counter()
        call()
        return time.perf_counter() - begin

    return min(run() for _ in range(3))
