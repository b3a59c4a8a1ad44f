"""The chapter on ADALINE."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.lectures.history.adaline import capacity_figures, model
from nnjax.lectures.history.adaline.model import Patterns
from nnjax.lectures.history.chapters import Chapter, Figure, Row, compared
from nnjax.lectures.history.drawing import draw_regions, row_of
from nnjax.lectures.history.rule import Rule, cycle, present

if TYPE_CHECKING:
    import matplotlib.figure

ALPHAS = (0.1, 0.5, 1.0, 1.5, 1.9)
SHARES = (0.02, 0.1, 0.5, 0.9, 1.1)  # of the largest μ
TEACHER, NOISE = np.array([0.5, -1.0, 0.25, 0.75]), 0.5
SEEDS, PRESENTATIONS = 500, 600
MEANS, PRIOR = np.array([0.9, 0.5]), 0.35  # two normal clouds at ±MEANS, of variance 1; the positive one's share


def chapter() -> Chapter:
    """Compute and draw it."""
    curves, weights = _learning_curves()
    clouds = _clouds(100_000, seed=0)
    sigmoid, linear = _sigmoid_weights(clouds), model.least_squares(clouds)
    fresh = _clouds(200_000, seed=1)
    said = {
        "sigmoid ADALINE": np.asarray(model.probability(sigmoid, fresh.x)),
        "linear ADALINE, (1 + s)/2": np.clip((1 + fresh.x @ linear) / 2, 0, 1),
    }
    capacity = capacity_figures.measure()
    return Chapter(
        title="ADALINE, 1960",
        sentences=(
            "An adaptive linear element compares its sum with the target before the threshold, and a step takes away a "
            "fixed share α of that error (α-LMS) or follows its gradient (μ-LMS).",
            "So it learns from right answers too, ends at the least-squares weights whether or not a line separates "
            "the classes, and with a sigmoid in the threshold's place its output is a probability that can be trusted.",
            "It is one unit: it draws one line, holds about two random patterns a weight, and above a largest μ each "
            "step adds more error than it takes away.",
        ),
        figures=(
            Figure(
                "regions",
                "The sum s of one ADALINE over the plane after 0, 10, 40 and 400 presentations (α-LMS, α = 0.1). "
                "The line is where it changes its answer; it keeps moving after all answers are right.",
                _regions(),
            ),
            Figure(
                "errors",
                "Left: the error of a pattern that is presented again and again, 1 − α of it left each time. "
                f"Middle: squared error of μ-LMS, mean of {SEEDS} seeds, by share of 1 / trace R; dashed is the noise. "
                "Right: steepest descent for AND, by share of 1 / λmax.",
                _errors(curves),
            ),
            Figure(
                "deck",
                "The deck's rule for patterns with k of 16 lines at 1: with inputs of ±1 nothing is left of the error "
                "after one step (it is α-LMS with α = 1), with 0 and 1 the share 1 − k/16.",
                _residues(),
            ),
            Figure(
                "reliability",
                "Left: what the sigmoid ADALINE learned from two clouds, as a probability. Right: what was said, and "
                "how often it came so, over 200,000 fresh points; on the diagonal one can take the output at its word.",
                _reliability(clouds, sigmoid, said, fresh),
            ),
            Figure(
                "capacity",
                "Share of sets of random patterns that some weights separate (dots, decided exactly) beside Cover's "
                "count (lines); right, the share that Mays's rule learned within "
                f"{capacity_figures.PRESENTATIONS:,} presentations.",
                capacity_figures.draw(capacity),
            ),
        ),
        rows=(*_rules(weights), *_calibration(sigmoid, said, fresh), *capacity_figures.rows(capacity)),
        sources=(
            "B. Widrow, M. Hoff 1960, Adaptive switching circuits.",
            "C. Mays 1963, Adaptive threshold logic.",
            "T. Cover 1965, Geometrical and statistical properties of systems of linear inequalities.",
            "B. Widrow, M. Lehr 1990, 30 years of adaptive neural networks.",
        ),
    )


def _rules(weights: np.ndarray) -> tuple[Row, ...]:
    """What the linear rules do, in numbers; weights are those of the learning curves [shares, seeds, t, d]."""
    at, size = SHARES.index(0.1), len(TEACHER)
    late = weights[at, :, PRESENTATIONS // 2 :]
    excess = ((late - TEACHER) ** 2).sum(axis=-1).mean() / NOISE**2
    and_ones = model.least_squares(_and(-1.0))
    residue = _after_deck_rule(np.arange(16) < 7.0)
    return (
        compared("α-LMS, α = 0.1: error after a step, as a share", float(_shrinking(0.1)[1]), 0.9),
        compared("deck's rule, inputs 0 and 1, k/N = 7/16: .4587 becomes", 0.4587 * residue, 0.2580),
        compared("deck's rule, inputs ±1: share of the error left", _after_deck_rule(_signs(7)), 0.0, atol=1e-6),
        compared("least squares of AND, ±1: weight", float(and_ones[0]), 0.5),
        compared("least squares of AND, ±1: bias", float(and_ones[2]), -0.5),
        Row("mean weights of μ-LMS, farthest from least squares", f"{np.abs(late.mean((0, 1)) - TEACHER).max():.4f}"),
        compared(
            "its misadjustment at μ trace R = 0.1 (closed form)",
            excess,
            model.misadjustment(0.1 / size, size),
            3,
            0.03,
        ),
        compared("the same (Widrow's first order, μ trace R)", excess, 0.1, 3, rtol=0.15),
        Row(
            "μ-LMS at 1.1 of 1 / trace R",
            "diverged" if (weights[-1, :, -1] ** 2).mean() > 1e3 else "did not diverge",
            "diverges",
            bool((weights[-1, :, -1] ** 2).mean() > 1e3),
        ),
    )


def _calibration(sigmoid: np.ndarray, said: dict[str, np.ndarray], fresh: Patterns) -> tuple[Row, ...]:
    """The sigmoid's weights beside Bayes's rule, and the gap between what was said and what came."""
    bias = 0.5 * np.log(PRIOR / (1 - PRIOR))
    names = ("first weight", "second weight", "bias")
    bayes = zip(names, sigmoid, (*MEANS, bias), strict=True)
    gaps = {name: model.calibration_error(value, fresh.target > 0) for name, value in said.items()}
    return (
        *(compared(f"sigmoid ADALINE, {name} (Bayes's rule)", float(w), best, 3, atol=0.05) for name, w, best in bayes),
        *(Row(f"calibration error, {name}", f"{gap:.4f}") for name, gap in gaps.items()),
    )


def _and(low: float) -> Patterns:
    """AND of two inputs and a bias, −1 or 0 being false."""
    x = np.array([[a, b, 1.0] for a in (low, 1.0) for b in (low, 1.0)])
    return model.patterns(x, [-1, -1, -1, 1])


def _signs(active: int) -> np.ndarray:
    return np.where(np.arange(16) < active, 1.0, -1.0)


def _after_deck_rule(x: np.ndarray) -> float:
    """What share of a pattern's error the deck's rule leaves."""
    rule, pattern = model.deck_rule(), Patterns(jnp.asarray(x, float), jnp.ones(()))
    weights, before = rule.step(rule.init(np.zeros(len(x))), pattern)
    return float(rule.step(weights, pattern)[1].error / before.error)


def _shrinking(alpha: float, steps: int = 13) -> np.ndarray:
    """Errors of one pattern presented again and again, the first being 1."""
    rule = model.alpha_lms(alpha)
    pattern = Patterns(jnp.array([[0.5, -2.0, 1.0]]), jnp.ones(1))
    return np.asarray(present(rule, rule.init(np.zeros(3)), cycle(pattern, steps))[1].error)


def _learning_curves() -> tuple[np.ndarray, np.ndarray]:
    """μ-LMS with inputs of ±1 and noisy targets: squared errors [shares, t], weights [shares, seeds, t, d]."""
    draw = np.random.default_rng(0)
    x = draw.choice([-1.0, 1.0], size=(SEEDS, PRESENTATIONS, len(TEACHER)))
    target = x @ TEACHER + NOISE * draw.normal(size=x.shape[:2])
    seeds = Patterns(jnp.asarray(x, float), jnp.asarray(target, float))

    @jax.jit
    def run(mus: Any) -> Any:
        def one(mu: Any, data: Patterns) -> Any:
            rule = model.mu_lms(mu)
            return present(rule, rule.init(np.zeros(len(TEACHER))), data)[1]

        return jax.vmap(jax.vmap(one, (None, 0)), (0, None))(mus, seeds)

    seen = run(jnp.array(SHARES) / len(TEACHER))
    return np.asarray((seen.error**2).mean(axis=1)), np.asarray(seen.weights)


def _clouds(size: int, seed: int) -> Patterns:
    draw = np.random.default_rng(seed)
    target = np.where(draw.random(size) < PRIOR, 1.0, -1.0)
    x = target[:, None] * MEANS + draw.normal(size=(size, 2))
    return model.patterns(np.c_[x, np.ones(size)], target)


def _sigmoid_weights(clouds: Patterns) -> np.ndarray:
    rule = model.sigmoid_adaline(0.0005)
    return np.asarray(jax.jit(lambda data: present(rule, rule.init(np.zeros(3)), data)[0])(clouds))


def _regions() -> matplotlib.figure.Figure:
    draw = np.random.default_rng(4)
    target = np.tile([1.0, -1.0], 12)
    x = target[:, None] * (1.2, 0.5) + (1.5, 0.5) + 0.45 * draw.normal(size=(24, 2))
    data = model.patterns(np.c_[x, np.ones(24)], target)
    rule: Rule = model.alpha_lms(0.1)
    _, seen = present(rule, rule.init([-0.3, 0.5, 0.0]), cycle(data, 17))

    def fill(axes: Any) -> None:
        for one, t in zip(axes, (0, 10, 40, 400), strict=True):
            weights = np.asarray(seen.weights[t])
            right = int((np.sign(data.x @ weights) == target).sum())
            draw_regions(
                one,
                partial(_plane, weights),
                x,
                target,
                title=f"{t} presentations, {right}/24 right",
            )

    return row_of(4, fill)


def _plane(weights: np.ndarray, grid: np.ndarray) -> np.ndarray:
    return grid @ weights[:2] + weights[2]


def _errors(curves: np.ndarray) -> matplotlib.figure.Figure:
    data = _and(0.0)
    _, highest = model.largest_mu(data.x)

    def descend(share: float) -> np.ndarray:
        rule = model.steepest_descent(share * highest)
        _, seen = present(rule, rule.init(np.zeros(3)), cycle(jax.tree.map(lambda array: array[None], data), 60))
        return np.asarray((seen.error**2).mean(axis=1))

    def fill(axes: Any) -> None:
        for alpha in ALPHAS:
            axes[0].plot(_shrinking(alpha), lw=1.3, marker=".", ms=4, label=f"α = {alpha:g}")
        for share, curve in zip(SHARES, curves, strict=True):
            axes[1].plot(curve, lw=1.3, label=f"{share:g}")
        axes[1].axhline(NOISE**2, color="0.3", ls="--", lw=1)
        for share in SHARES:
            axes[2].plot(descend(share), lw=1.3, label=f"{share:g}")
        axes[0].set(
            ylim=(-1.1, 1.9), yticks=(-1, 0, 1), xlabel="presentation", ylabel="error", title="α-LMS, one pattern"
        )
        axes[1].set(yscale="log", ylim=(0.15, 100), xlabel="presentation", ylabel="squared error", title="μ-LMS")
        axes[2].set(yscale="log", ylim=(0.15, 100), xlabel="step", title="steepest descent")
        for one, title in zip(axes, (None, "of 1 / trace R", "of 1 / λmax"), strict=True):
            one.title.set_fontsize(9)
            one.legend(fontsize=8, frameon=False, title=title, title_fontsize=8, ncols=1 if title else 2)

    return row_of(3, fill, width=3.3)


def _residues() -> matplotlib.figure.Figure:
    lines = np.arange(17)
    coded = {"inputs 0 and 1": lambda k: (np.arange(16) < k) * 1.0, "inputs −1 and +1": _signs}

    def fill(axes: Any) -> None:
        axes[0].plot(lines, 1 - lines / 16, color="0.6", lw=1)
        for (name, pattern), marker in zip(coded.items(), "os", strict=True):
            left = _after_deck_rule(pattern(7))
            axes[0].plot(lines, [_after_deck_rule(pattern(k)) for k in lines], marker, ms=4, label=name)
            axes[1].plot(0.4587 * left ** np.arange(9), marker + "-", ms=4, lw=1.2, label=name)
        axes[1].annotate(".4587", (0, 0.4587), (0.5, 0.45), fontsize=8)
        axes[1].annotate(".2580", (1, 0.2580), (1.3, 0.262), fontsize=8)
        axes[0].set(xlabel="lines at 1, of 16", ylabel="share of the error left")
        axes[1].set(xlabel="presentation", ylabel="error")
        axes[0].legend(fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0, 0.08))
        axes[0].set_title("after one step", fontsize=9)
        axes[1].set_title("7 of 16 lines at 1, presented again and again", fontsize=9)

    return row_of(2, fill, width=4.2)


def _reliability(
    clouds: Patterns, sigmoid: np.ndarray, said: dict[str, np.ndarray], fresh: Patterns
) -> matplotlib.figure.Figure:
    shown = np.asarray(clouds.x[:120, :2]), np.asarray(clouds.target[:120])

    def fill(axes: Any) -> None:
        draw_regions(axes[0], lambda grid: model.probability(sigmoid, np.c_[grid, np.ones(len(grid))]), *shown)
        axes[0].set_title("probability of the blue cloud", fontsize=9)
        axes[1].plot([0, 1], [0, 1], color="0.6", lw=1)
        for name, value in said.items():
            axes[1].plot(*model.reliability(value, fresh.target > 0)[:2], "o-", ms=4, lw=1.3, label=name)
        axes[1].set(xlabel="probability said", ylabel="share that came so")
        axes[1].legend(fontsize=8, frameon=False)

    return row_of(2, fill, width=3.6, height=3.2)
