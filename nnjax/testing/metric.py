"""The laws of a metric."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.types import Array
from nnjax.nn.metrics import Metric, metric_of, trace_metric
from nnjax.testing import laws


@laws.in_sentences("The metric")
def check_metric(metric: Any, y: Any, p: Any) -> None:
    """Check a metric on some examples.

    The laws: it has a direction; statistics [b, ...] of each example for itself, so that a part split in two and summed
    gives the same value; no Python state; right outputs are better, in its direction, than wrong ones.

    Args:
      metric: as in `nnjax.Experiment.metrics`: `nnjax.Metric(function, maximized=...)`, or a name.
      y: [b] class indices, or [b, k] targets.
      p: [b, k] outputs after the output activation.

    Raises:
      UserError: a law is broken: which, and the numbers.
    """
    name = laws.ref_of(metric)
    record = metric_of(name)
    what = f"The metric {record.name}"
    p = jnp.asarray(p, jnp.float32)
    labels, classes = jnp.asarray(y), bool(jnp.issubdtype(jnp.asarray(y).dtype, jnp.integer))
    y = labels.astype(jnp.int32 if classes else jnp.float32)
    if classes and not record.takes_raw:
        y = jax.nn.one_hot(y, p.shape[1]) if p.shape[1] > 1 else y[:, None].astype(p.dtype)
    trace_metric(name, jax.ShapeDtypeStruct(y.shape, y.dtype), jax.ShapeDtypeStruct(p.shape, p.dtype))
    laws.require_pure(what, record.of_examples, y, p)
    value = float(jax.jit(record.of_examples)(y, p))
    laws.require(np.isfinite(value), f"{what} is {value} on these examples, but a finite number was expected.")
    _require_sums(what, record, y, p)
    _require_independent(what, record, y, p)
    _require_direction(what, record, y, p, labels if classes else None)


def _require_sums(what: str, metric: Metric, y: Array, p: Array) -> None:
    """Split the examples in two: the sums of both give the value of all."""

    @jax.jit
    def values(y: Array, p: Array) -> tuple[Array, Array]:
        half, total = len(p) // 2, jnp.float32(len(p))
        first, second, whole = (
            jnp.sum(metric(y[some], p[some]), axis=0) for some in (slice(half), slice(half, None), slice(None))
        )
        return metric.of_sums(first + second, total), metric.of_sums(whole, total)

    split, whole = map(float, values(y, p))
    laws.require(
        abs(split - whole) <= 1e-4 * max(1, abs(whole)),
        f"{what} is {whole:.6g} on all examples, but {split:.6g} from the sums of two halves: a statistic may depend "
        "on its own example only.",
    )


def _require_independent(what: str, metric: Metric, y: Array, p: Array) -> None:
    """Give the last example the outputs and targets of each other one: the statistics of the others stay."""
    before = metric(y, p)[:-1]
    for place in range(len(p) - 1):
        gap = laws.difference(
            metric(jnp.asarray(y).at[-1].set(y[place]), jnp.asarray(p).at[-1].set(p[place]))[:-1], before
        )
        laws.require(
            gap <= laws.TOLERANCE,
            f"{what} lets an example change the statistics of others, by {gap:.2g}: a statistic may depend on its own "
            "example only (sums and means over examples are nnjax's; what follows from them goes into value=).",
        )


def _require_direction(what: str, metric: Metric, y: Array, p: Array, labels: Array | None) -> None:
    """Require that right outputs score better than wrong ones, by the metric's direction."""
    if labels is not None and p.shape[1] > 1:
        hot = (np.asarray(labels)[:, None] == np.arange(p.shape[1])).astype(np.float32)
        right, wrong = (0.96 * some + np.float32(0.04 / p.shape[1]) for some in (hot, np.roll(hot, 1, axis=1)))
    elif labels is not None:
        right = np.where(np.asarray(labels)[:, None] > 0, np.float32(0.98), np.float32(0.02))
        wrong = 1 - right
    else:
        right = np.asarray(y).reshape(p.shape)
        wrong = np.roll(right, 1, axis=0)
    of_examples = jax.jit(metric.of_examples)
    good, bad = (float(of_examples(y, some)) for some in (right, wrong))
    better = good >= bad if metric.maximized else good <= bad
    most = "highest" if metric.maximized else "lowest"
    laws.require(
        better or not np.isfinite([good, bad]).all(),
        f"{what} is {good:.4g} for right outputs and {bad:.4g} for wrong ones, but its direction says that the {most} "
        f"value is the best: write maximized={not metric.maximized}.",
    )
