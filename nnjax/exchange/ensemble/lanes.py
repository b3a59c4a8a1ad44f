"""Apply several networks to the same inputs as one program: those of equal architecture side by side, by vmap."""

import dataclasses
import functools
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.types import Array, DataFacts, Float, Scaler
from nnjax.exchange.network import Network, goal_of, num_outputs, outputs, traced_outputs
from nnjax.models.model import Variables

MOST_LANES = 32  # networks that are evaluated at once
BATCH = 1000  # rows at once
UNIT = Scaler(np.zeros((), np.float32), np.ones((), np.float32))


class Lanes(NamedTuple):
    """What networks of one architecture differ in, every leaf with a leading axis [m]."""

    variables: Variables  # weights and state
    hyper: dict[str, Any]  # the hyperparameters that they were trained with
    before: Scaler  # before, after: scalers of inputs [m, 1, d] and, of a regression, of targets [m, 1, k]
    after: Scaler


def is_wide(network: Network) -> bool:
    """Whether a network's inputs or targets are scaled on the host, in float64."""
    regression = goal_of(network.architecture, network.facts) == "regression"
    return network.facts.x_scaler.wide or (regression and network.facts.y_scaler.wide)


def alike(networks: Sequence[Network]) -> list[list[int]]:
    """Group networks that differ in numbers only, by their places, in the order in which they first appear."""
    found: dict[Hashable, list[int]] = {}
    for place, network in enumerate(networks):
        leaves, tree = jax.tree.flatten(network.variables)
        shapes = tuple((np.shape(leaf), str(np.asarray(leaf).dtype)) for leaf in leaves)
        key = network.architecture, tuple(sorted(network.hyper)), str(tree), shapes
        found.setdefault(key, []).append(place)
    return list(found.values())


def stack(networks: Sequence[Network]) -> Lanes:
    """Stack networks of one architecture."""
    first = networks[0]
    regression = goal_of(first.architecture, first.facts) == "regression"
    width = num_outputs(first.architecture, first.facts)
    lanes = [
        Lanes(
            one.variables,
            {name: np.float32(value) for name, value in one.hyper.items()},
            _rows(one.facts.x_scaler, one.facts.num_inputs),
            _inverse(_rows(one.facts.y_scaler if regression else UNIT, width)),
        )
        for one in networks
    ]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *lanes)


def _rows(scaler: Scaler, width: int) -> Scaler:
    return Scaler(*(np.broadcast_to(np.asarray(part, np.float32), (1, width)) for part in scaler))


def _inverse(scaler: Scaler) -> Scaler:
    """Return a scaler by whose scale can be divided."""
    return Scaler(scaler.mean, np.where(scaler.scale == 0, np.float32(1), scaler.scale))


def lane_outputs(first: Network) -> Callable[[Lanes, Array], Float[Array, "m b k"]]:
    """Return the function from lanes of a network's architecture and raw inputs [b, d] to their outputs [m, b, k]."""
    facts = dataclasses.replace(first.facts, x_scaler=UNIT, y_scaler=UNIT)

    def one(lane: Lanes, x: Array) -> Array:
        params, state = lane.variables
        own = first._replace(facts=facts, params=params, state=state, hyper=lane.hyper)
        return lane.after.inverse(traced_outputs(own)(lane.before(x)))

    return jax.vmap(one, in_axes=(0, None))


def traced_mean(
    networks: Sequence[Network], weights: Float[np.ndarray, " m"]
) -> Callable[[Float[Array, "b d"]], Float[Array, "b k"]]:
    """Return the weighted mean of networks' outputs as one function of raw inputs, which can be traced.

    None of them may scale on the host (`is_wide`).
    """
    groups = [
        (lane_outputs(networks[places[0]]), stack([networks[i] for i in places]), np.float32(weights[places]))
        for places in alike(networks)
    ]

    def function(x: Array) -> Array:
        return sum(jnp.tensordot(own, apply(lanes, x), axes=1) for apply, lanes, own in groups)  # type: ignore[return-value]

    return function


def mean_outputs(networks: Sequence[Network], weights: Float[np.ndarray, " m"]) -> Callable[[Array], np.ndarray]:
    """Return the weighted mean of networks' outputs as a compiled function of raw inputs [b, d] to [b, k]."""
    if not any(map(is_wide, networks)):
        return jax.jit(traced_mean(networks, weights))
    own = [outputs(one, compiled=True) for one in networks]
    return lambda x: sum(w * np.asarray(f(x), np.float64) for w, f in zip(weights, own, strict=True))


def outputs_of_all(networks: Sequence[Network], x: np.ndarray) -> Float[np.ndarray, "m n k"]:
    """Compute the outputs of networks that yield equally many numbers, for raw inputs x [n, d]."""
    if any(map(is_wide, networks)):
        return np.stack([_in_batches(outputs(one, compiled=True), x)[0] for one in networks])
    found: list[Any] = [None] * len(networks)
    for places in alike(networks):
        function, size = jax.jit(lane_outputs(networks[places[0]])), min(len(places), MOST_LANES)
        for start in range(0, len(places), size):
            some = places[start : start + size]
            lanes = stack([networks[i] for i in [*some, *[some[-1]] * (size - len(some))]])
            own = _in_batches(functools.partial(function, lanes), x)
            for place, values in zip(some, own, strict=False):
                found[place] = values
    return np.stack(found)


def _in_batches(function: Callable[[np.ndarray], Any], x: np.ndarray) -> np.ndarray:
    """Apply a function to [m, b, k] (or [b, k]) to rows x [n, d], in batches of at most two sizes: [m, n, k]."""
    x = x if x.dtype == np.float64 else np.asarray(x, np.float32)
    if not len(x):  # the outputs' shape is that of one example's
        return _in_batches(function, np.zeros((1, *x.shape[1:]), x.dtype))[:, :0]
    parts = [np.asarray(function(x[start : start + BATCH])) for start in range(0, len(x), BATCH)]
    return np.concatenate([part if part.ndim == 3 else part[None] for part in parts], axis=1)


def same_inputs(one: DataFacts, other: DataFacts) -> bool:
    """Whether networks trained on two data read the same raw inputs and give the same targets."""
    names = ("sha256", "num_inputs", "features", "classes", "targets", "parts", "shape", "task")
    return all(getattr(one, name) == getattr(other, name) for name in names)
