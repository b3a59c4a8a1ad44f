"""The chapter on ADALINE."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.lectures.history.adaline import capacity, model
from nnjax.lectures.history.chapters import PUBLISHED, Chapter, Row, compared, compose
from nnjax.lectures.history.drawing import draw_regions, panels
from nnjax.lectures.history.learning_rule import Examples, cycle, examples, present, with_bias
from nnjax.nn import calibration

ALPHAS = (0.1, 0.5, 1.0, 1.5, 1.9)
SHARES = (0.02, 0.1, 0.5, 0.9, 1.1)  # of the largest μ
TEACHER, NOISE = np.array([0.5, -1.0, 0.25, 0.75]), 0.5
SEEDS, PRESENTATIONS = 500, 600
MEANS, PRIOR = np.array([0.9, 0.5]), 0.35  # two normal clouds at ±MEANS, of variance 1; the positive one's share


def chapter() -> Chapter:
    """Compute and draw it."""
    curves, weights = _learning_curves()
    clouds, fresh = _clouds(100_000, seed=0), _clouds(200_000, seed=1)
    rule, linear = model.sigmoid_adaline(0.0005), model.least_squares(clouds)
    sigmoid = np.asarray(jax.jit(lambda data: present(rule, rule.init(np.zeros(3)), data)[0])(clouds))
    predicted = {
        "sigmoid ADALINE": np.asarray(model.probability(sigmoid, fresh.x)),
        "linear ADALINE, (1 + s)/2": np.clip((1 + fresh.x @ linear) / 2, 0, 1),
    }
    capacities = capacity.measure()
    drawings = {
        "regions": _regions(),
        "errors": _errors(curves),
        "slides_rule": _residues(),
        "reliability": _reliability(clouds, sigmoid, predicted, fresh),
        "capacity": capacity.draw(capacities),
    }
    rows = [
        *_alpha_rows(),
        *_mu_rows(weights),
        *_calibration(sigmoid, predicted, fresh),
        *capacity.rows(capacities),
    ]
    return compose(__file__, drawings, rows, seeds=SEEDS, presentations=capacity.PRESENTATIONS)


def _alpha_rows() -> list[Row]:
    weights = model.least_squares(_and(-1.0))
    residue = _left_by_slides_rule(np.arange(16) < 7.0)
    return [
        compared("α-LMS, α = 0.1: error after a step, as a share", float(_shrinking(0.1)[1]), 0.9),
        compared("slides' rule, inputs 0 and 1, k/N = 7/16: .4587 becomes", 0.4587 * residue, 0.2580),
        compared("slides' rule, inputs ±1: share of the error left", _left_by_slides_rule(_signs(7)), 0.0, atol=1e-6),
        compared("least squares of AND, ±1: weight", float(weights[0]), 0.5),
        compared("least squares of AND, ±1: bias", float(weights[2]), -0.5),
    ]


def _mu_rows(weights: np.ndarray) -> list[Row]:
    """What μ-LMS does, from the weights of the learning curves [shares, seeds, t, d]."""
    size, late = len(TEACHER), weights[SHARES.index(0.1), :, PRESENTATIONS // 2 :]
    excess, closed = ((late - TEACHER) ** 2).sum(axis=-1).mean() / NOISE**2, model.misadjustment(0.1 / size, size)
    diverged = bool((weights[-1, :, -1] ** 2).mean() > 1e3)
    return [
        Row("mean weights of μ-LMS, farthest from least squares", f"{np.abs(late.mean((0, 1)) - TEACHER).max():.4f}"),
        compared("its misadjustment at μ trace R = 0.1 (closed form)", excess, closed, 3, 0.03),
        compared("the same (Widrow's first order, μ trace R)", excess, 0.1, 3, rtol=0.15, origin=PUBLISHED),
        Row("μ-LMS at 1.1 of 1 / trace R", "diverged" if diverged else "did not diverge", "diverges", diverged),
    ]


def _calibration(sigmoid: np.ndarray, predicted: Mapping[str, np.ndarray], fresh: Examples) -> list[Row]:
    """The sigmoid's weights beside Bayes's rule, and the gap between the predicted and the observed."""
    bayes = {"first weight": MEANS[0], "second weight": MEANS[1], "bias": 0.5 * np.log(PRIOR / (1 - PRIOR))}
    weights = zip(bayes.items(), sigmoid, strict=True)
    gaps = {name: calibration.calibration_error(value, fresh.targets > 0) for name, value in predicted.items()}
    return [
        *(compared(f"sigmoid ADALINE, {name} (Bayes's rule)", w, best, 3, atol=0.05) for (name, best), w in weights),
        *(Row(f"calibration error, {name}", f"{gap:.4f}") for name, gap in gaps.items()),
    ]


def _and(low: float) -> Examples:
    """AND of two inputs and a bias, −1 or 0 being false."""
    x = np.array([[a, b, 1.0] for a in (low, 1.0) for b in (low, 1.0)])
    return examples(x, np.array([-1, -1, -1, 1]))


def _signs(active: int) -> np.ndarray:
    return np.where(np.arange(16) < active, 1.0, -1.0)


def _left_by_slides_rule(x: np.ndarray) -> float:
    """Compute the share of a pattern's error that is left by the rule of the slides."""
    rule, pattern = model.slides_rule(), Examples(jnp.asarray(x, float), jnp.ones(()))
    weights, before = rule.step(rule.init(np.zeros(len(x))), pattern)
    return float(rule.step(weights, pattern)[1].error / before.error)


def _shrinking(alpha: float, steps: int = 13) -> np.ndarray:
    """Errors of one pattern presented again and again, the first being 1."""
    rule = model.alpha_lms(alpha)
    pattern = Examples(jnp.array([[0.5, -2.0, 1.0]]), jnp.ones(1))
    return np.asarray(present(rule, rule.init(np.zeros(3)), cycle(pattern, steps))[1].error)


def _learning_curves() -> tuple[np.ndarray, np.ndarray]:
    """μ-LMS with inputs of ±1 and noisy targets: squared errors [shares, t], weights [shares, seeds, t, d]."""
    draw = np.random.default_rng(0)
    x = draw.choice([-1.0, 1.0], size=(SEEDS, PRESENTATIONS, len(TEACHER)))
    target = x @ TEACHER + NOISE * draw.normal(size=x.shape[:2])
    seeds = Examples(jnp.asarray(x, float), jnp.asarray(target, float))

    @jax.jit
    def run(mus: Any) -> Any:
        def one(mu: Any, data: Examples) -> Any:
            rule = model.mu_lms(mu)
            return present(rule, rule.init(np.zeros(len(TEACHER))), data)[1]

        return jax.vmap(jax.vmap(one, (None, 0)), (0, None))(mus, seeds)

    infos = run(jnp.array(SHARES) / len(TEACHER))
    return np.asarray((infos.error**2).mean(axis=1)), np.asarray(infos.weights)


def _clouds(size: int, seed: int) -> Examples:
    draw = np.random.default_rng(seed)
    target = np.where(draw.random(size) < PRIOR, 1.0, -1.0)
    x = target[:, None] * MEANS + draw.normal(size=(size, 2))
    return examples(np.c_[x, np.ones(size)], target)


@panels(4)
def _regions(axes: Any) -> None:
    draw = np.random.default_rng(4)
    target = np.tile([1.0, -1.0], 12)
    x = target[:, None] * (1.2, 0.5) + (1.5, 0.5) + 0.45 * draw.normal(size=(24, 2))
    data, rule = examples(np.c_[x, np.ones(24)], target), model.alpha_lms(0.1)
    _, infos = present(rule, rule.init([-0.3, 0.5, 0.0]), cycle(data, 17))
    for one, t in zip(axes, (0, 10, 40, 400), strict=True):
        weights = np.asarray(infos.weights[t])
        title = f"{t} presentations, {int((np.sign(data.x @ weights) == target).sum())}/24 right"
        draw_regions(one, partial(_plane, weights), x, target, title=title)


def _plane(weights: np.ndarray, grid: np.ndarray) -> np.ndarray:
    return grid @ weights[:2] + weights[2]


@panels(3, width=3.3)
def _errors(axes: Any, curves: np.ndarray) -> None:
    for alpha in ALPHAS:
        axes[0].plot(_shrinking(alpha), lw=1.3, marker=".", ms=4, label=f"α = {alpha:g}")
    for share, curve in zip(SHARES, curves, strict=True):
        axes[1].plot(curve, lw=1.3, label=f"{share:g}")
        axes[2].plot(_descending(share), lw=1.3, label=f"{share:g}")
    axes[1].axhline(NOISE**2, color="0.3", ls="--", lw=1)
    axes[0].set(ylim=(-1.1, 1.9), yticks=(-1, 0, 1), xlabel="presentation", ylabel="error", title="α-LMS, one pattern")
    axes[1].set(yscale="log", ylim=(0.15, 100), xlabel="presentation", ylabel="squared error", title="μ-LMS")
    axes[2].set(yscale="log", ylim=(0.15, 100), xlabel="step", title="steepest descent")
    for one, title in zip(axes, (None, "of 1 / trace R", "of 1 / λmax"), strict=True):
        one.legend(title=title, ncols=1 if title else 2)


def _descending(share: float) -> np.ndarray:
    """Mean squared errors of steepest descent for AND, at a share of the largest μ."""
    data = _and(0.0)
    rule = model.steepest_descent(share * model.largest_mu(data.x)[1])
    _, infos = present(rule, rule.init(np.zeros(3)), cycle(jax.tree.map(lambda array: array[None], data), 60))
    return np.asarray((infos.error**2).mean(axis=1))


@panels(2, width=4.2)
def _residues(axes: Any) -> None:
    """Draw the errors that are left by the slides' rule, by pattern and by presentation."""
    lines = np.arange(17)
    coded = {"inputs 0 and 1": lambda k: (np.arange(16) < k) * 1.0, "inputs −1 and +1": _signs}
    axes[0].plot(lines, 1 - lines / 16, color="0.6", lw=1)
    for (name, pattern), marker in zip(coded.items(), "os", strict=True):
        left = _left_by_slides_rule(pattern(7))
        axes[0].plot(lines, [_left_by_slides_rule(pattern(k)) for k in lines], marker, ms=4, label=name)
        axes[1].plot(0.4587 * left ** np.arange(9), marker + "-", ms=4, lw=1.2, label=name)
    axes[1].annotate(".4587", (0, 0.4587), (0.5, 0.45), fontsize=8)
    axes[1].annotate(".2580", (1, 0.2580), (1.3, 0.262), fontsize=8)
    axes[0].set(xlabel="lines at 1, of 16", ylabel="share of the error left", title="after one step")
    axes[1].set(xlabel="presentation", ylabel="error", title="7 of 16 lines at 1, presented again and again")
    axes[0].legend(loc="lower left", bbox_to_anchor=(0, 0.08))


@panels(2, width=3.6, height=3.2)
def _reliability(
    axes: Any, clouds: Examples, sigmoid: np.ndarray, predicted: Mapping[str, np.ndarray], fresh: Examples
) -> None:
    shown = np.asarray(clouds.x[:120, :2]), np.asarray(clouds.targets[:120])
    title = "probability of the blue cloud"
    draw_regions(axes[0], lambda grid: model.probability(sigmoid, with_bias(grid)), *shown, title=title)
    axes[1].plot([0, 1], [0, 1], color="0.6", lw=1)
    for name, value in predicted.items():
        axes[1].plot(*calibration.reliability(value, fresh.targets > 0)[:2], "o-", ms=4, lw=1.3, label=name)
    axes[1].set(xlabel="predicted probability", ylabel="observed frequency")
    axes[1].legend()
