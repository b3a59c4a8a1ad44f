"""Lay out one data set for many settings as one program: perplexity × seed × exaggeration × learning rate."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from nnjax.core.errors import UserError
from nnjax.embed import checks, descent, sne_objective, sparse_affinities, tsne_objective
from nnjax.embed.affinities import affinities
from nnjax.embed.grid import Grid, arrange

ITERATIONS, EXAGGERATED = 1000, 250
SEGMENT = 50  # iterations between two measurements of the divergence
JITTER = 1e-6
SUPPORTS = ("all", "neighbors")
INITS = ("pca", "random")
DEVICES = "devices"
CPU_OPTIONS = {"xla_cpu_multi_thread_eigen": False, "xla_cpu_prefer_vector_width": 512}  # a device is a core


@dataclasses.dataclass(frozen=True)
class LayoutConfig:
    """The hyperparameters of one layout.

    Attributes:
      perplexity: the effective number of neighbors, at least 1 and below n / 3.
      seed: of the first positions.
      exaggeration: factor of the affinities in the first 250 iterations; None for 12 (t-SNE) or 1 (SNE).
      learning_rate: of the gradient as published, with its factor of 4 (as scikit-learn counts; others drop it); None
        for n / (4 exaggeration), at least 50, and so n / 4 after the exaggeration (Belkina et al. 2019); for SNE .05.
    """

    perplexity: float = 30.0
    seed: int = 0
    exaggeration: float | None = None
    learning_rate: float | None = None


class Objective(NamedTuple):
    """What a layout descends: gradient(y, p, exaggeration), divergence(y, p, entropy), and its usual numbers.

    `entropy` is the field of `Affinities` that the divergence needs; "edges" where the affinities are sparse.
    `learning_rate` is that of n points at an exaggeration.
    """

    gradient: Callable[[Array, Any, Array], Array]
    divergence: Callable[[Array, Any, Array], Array]
    entropy: str
    exaggeration: float
    learning_rate: Callable[[int, float], float]


OBJECTIVES = {
    "tsne": Objective(
        tsne_objective.gradient, tsne_objective.divergence, "joint_entropy", 12.0, lambda n, e: max(n / e / 4, 50.0)
    ),
    "sne": Objective(sne_objective.gradient, sne_objective.divergence, "conditional_entropy", 1.0, lambda n, e: 0.05),
}
SPARSE = Objective(sparse_affinities.gradient, sparse_affinities.divergence, "edges", *OBJECTIVES["tsne"][3:])


class Layouts(NamedTuple):
    """Layouts of one data set, one a setting.

    Attributes:
      settings: m of them, each with its exaggeration.
      y: [m, n, 2] float32.
      divergence: [m] float32, at the end, in nats: KL(P‖Q) of t-SNE, Σ_i KL(P_i‖Q_i) of SNE.
      history: [m, t] float32, the divergence after every 50 iterations.
    """

    settings: tuple[LayoutConfig, ...]
    y: np.ndarray
    divergence: np.ndarray
    history: np.ndarray


def lay_out(
    x: np.ndarray,
    settings: Sequence[LayoutConfig],
    kind: str = "tsne",
    *,
    init: str = "pca",
    support: str = "all",
    iterations: int = ITERATIONS,
    observe: Callable[[int, np.ndarray], Any] | None = None,
) -> Layouts:
    """Embed a data set in the plane once for each setting, all of them side by side.

    Args:
      x: [n, d] finite numbers.
      settings: m of them.
      kind: "tsne" or "sne".
      init: "pca", the first two principal components with a little noise of the seed, or "random".
      support: which points have affinities: "all", or "neighbors", the nearest 3 × perplexity, in memory O(n).
      iterations: a multiple of 50; the first 250 are exaggerated.
      observe: called after every 50 iterations with their number and the divergences [m].

    Raises:
      UserError: points, perplexities or other numbers that are impossible (see `checks`).
    """
    checks.choice("init", init, INITS)
    checks.choice("support", support, SUPPORTS)
    checks.choice("kind", kind, OBJECTIVES)
    if kind == "sne" and support != "all":
        raise UserError("SNE needs the affinities of all pairs, but support is 'neighbors': set it to all.")
    x = checks.points(x)
    checks.exact_size(len(x), support)
    checks.perplexities(x, [setting.perplexity for setting in settings])
    for setting in settings:
        checks.positive("exaggeration", setting.exaggeration)
        checks.positive("learning_rate", setting.learning_rate)
    if iterations < SEGMENT or iterations % SEGMENT:
        raise UserError(f"iterations is {iterations}, but a multiple of {SEGMENT} was expected: set it so.")
    objective = OBJECTIVES[kind] if support == "all" else SPARSE
    settings = tuple(
        dataclasses.replace(one, exaggeration=objective.exaggeration) if one.exaggeration is None else one
        for one in settings
    )
    grid = arrange([setting.perplexity for setting in settings], len(jax.devices()))
    found = _affinities(x, grid.perplexities, objective)
    start = starts(x, [setting.seed for setting in settings], init)
    y, history = _descend(objective, grid, found, start, settings, iterations, observe)
    return Layouts(settings, y, history[:, -1], history)


def _affinities(x: np.ndarray, perplexities: Sequence[float], objective: Objective) -> tuple[Any, np.ndarray]:
    """Affinities with leading axis g, dense or sparse, and their entropies [g]."""
    if objective.entropy == "edges":
        return sparse_affinities.edges(x, perplexities)
    found = affinities(x, perplexities)
    return found.joint, getattr(found, objective.entropy)


def _numbers(setting: LayoutConfig, num_points: int, objective: Objective) -> tuple[float, float, float]:
    """The exaggeration of a setting, and its learning rates while exaggerated and after."""
    assert setting.exaggeration is not None
    if setting.learning_rate is not None:
        return setting.exaggeration, setting.learning_rate, setting.learning_rate
    early, late = (objective.learning_rate(num_points, factor) for factor in (setting.exaggeration, 1.0))
    return setting.exaggeration, early, late


def starts(x: np.ndarray, seeds: Sequence[int], init: str) -> np.ndarray:
    """Draw first positions [m, n, 2] float32 of standard deviation 1e-4."""
    noise = np.stack([np.random.default_rng(seed).normal(size=(len(x), 2)) for seed in seeds])
    found = descent.SPREAD * noise if init == "random" else descent.SPREAD * principal(x) + JITTER * noise
    return found.astype(np.float32)


def principal(x: np.ndarray) -> np.ndarray:
    """Compute the first two principal components [n, 2] float64, the first of variance 1; signs as in scikit-learn."""
    centered = np.asarray(x, np.float64) - np.mean(x, axis=0, dtype=np.float64)
    _, _, axes = np.linalg.svd(
        centered.T @ centered if len(centered) > centered.shape[1] else centered, full_matrices=False
    )
    axes = axes[:2] * np.sign(axes[np.arange(len(axes[:2])), np.abs(axes[:2]).argmax(axis=1)])[:, None]
    found = centered @ axes.T
    found = np.pad(found, ((0, 0), (0, 2 - found.shape[1])))
    return found / max(found[:, 0].std(), np.finfo(np.float64).tiny)


def _descend(
    objective: Objective,
    grid: Grid,
    found: tuple[Any, np.ndarray],
    start: np.ndarray,
    settings: Sequence[LayoutConfig],
    iterations: int,
    observe: Callable[[int, np.ndarray], Any] | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Run the program in segments; give layouts [m, n, 2] and divergences [m, t]."""
    mesh = Mesh(np.array(jax.devices()[: grid.num_devices]), (DEVICES,))
    groups, lanes = _specs(grid.axis)

    def place(arrays: Any, spec: PartitionSpec) -> Any:
        return jax.device_put(arrays, NamedSharding(mesh, spec))

    state = descent.init(place(np.ascontiguousarray(start.swapaxes(1, 2)[grid.cells]), lanes))
    shared = place(found, groups)
    numbers = np.array([_numbers(s, start.shape[1], objective) for s in settings], np.float32)
    own = place(tuple(np.moveaxis(numbers[grid.cells], 2, 0)), lanes)
    segment, history = _segment(objective, mesh, grid.axis), []
    for done in range(0, iterations, SEGMENT):
        state, divergences = segment(state, *shared, *own, np.int32(done))
        history.append(np.asarray(divergences)[grid.places])
        if observe is not None:
            observe(done + SEGMENT, history[-1])
    return np.asarray(state.y)[grid.places].swapaxes(1, 2), np.stack(history, axis=1)


def _specs(axis: int) -> tuple[PartitionSpec, PartitionSpec]:
    """Specify how devices divide arrays [g, ...] and [g, s, ...]."""
    if axis == 0:
        return PartitionSpec(DEVICES), PartitionSpec(DEVICES)
    return PartitionSpec(), PartitionSpec(None, DEVICES)


@functools.lru_cache(maxsize=16)
def _segment(objective: Objective, mesh: Mesh, axis: int) -> Callable[..., tuple[descent.State, Array]]:
    """Make the program of 50 iterations of layouts [g, s] that the devices of a mesh divide along an axis.

    The function takes the state, affinities [g, …], entropies [g], exaggerations, first and later learning rates [g, s]
    and the number of iterations already done, and gives the state and the divergences [g, s].
    """
    groups, lanes = _specs(axis)

    def one(
        state: descent.State, p: Any, entropy: Array, exaggeration: Array, first: Array, later: Array, done: Array
    ) -> Any:
        """Go on with one layout, and measure its divergence."""

        def iterate(k: Array, state: descent.State) -> descent.State:
            """Take one step; the moments begin anew where early exaggeration ends."""
            early = done + k < EXAGGERATED
            state = jax.tree.map(
                lambda again, before: jnp.where(done + k == EXAGGERATED, again, before), descent.init(state.y), state
            )
            gradient = objective.gradient(state.y, p, jnp.where(early, exaggeration, 1))
            return descent.step(state, gradient, jnp.where(early, first, later), jnp.where(early, *descent.MOMENTA))

        state = lax.fori_loop(0, SEGMENT, iterate, descent.enlarge(state))
        return state, objective.divergence(state.y, p, entropy)

    of_group = jax.vmap(one, (0, None, None, 0, 0, 0, None))
    body = jax.vmap(of_group, (0, 0, 0, 0, 0, 0, None))
    specs = (lanes, groups, groups, lanes, lanes, lanes, PartitionSpec())
    spread = jax.shard_map(body, mesh=mesh, in_specs=specs, out_specs=lanes, check_vma=False)
    cpu = jax.default_backend() == "cpu"
    return jax.jit(spread, donate_argnums=0, compiler_options=CPU_OPTIONS if cpu else None)
