"""Which rule drops settings best: full sweeps are recorded once, and rules are replayed on them.

    python -m scripts.halving_rules record    (trains what scripts/curves/halving.npz lacks: six minutes for 28 sweeps)
    python -m scripts.halving_rules           (replays: a table of the rules for each part of the sweeps)

A sweep is 64 random settings × 3 seeds of one data set and space, 54 epochs. At epochs 6 and 18 a rule sees the
validation losses so far and keeps a third of the settings. What is then the lowest mean over the seeds of the best
epoch's loss, by which a run chooses (`nnjax.Run.chosen`), is compared with the full sweep's: the regret in per cent and
in standard errors (over the seeds of the sweep's best setting), and how often it is within one. Each repeat draws half
of a sweep's settings. The parts: what rules were chosen on, what was looked at while choosing, and what was recorded
and looked at once after the rule had been chosen.
"""

import itertools
import math
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from absl import flags

from nnjax.cli.main import run

FLAGS = flags.FLAGS
CURVES = pathlib.Path(__file__).parent / "curves" / "halving.npz"
SETTINGS, SEEDS, EPOCHS, ETA = 64, 3, 54, 3
RUNGS = (EPOCHS // 9, EPOCHS // 3, EPOCHS)
FLOOR = 1e-3  # of a loss, for per cents

Rule = Callable[
    [np.ndarray, int, int], np.ndarray
]  # log losses [settings, seeds, rung], rung, end -> scores, least best

PARTS = {
    "chosen on": {"digits": 64, "wine": 16, "diabetes": 32},  # data set -> batch size
    "looked at while choosing": {"iris": 16, "breast_cancer": 32},
    "looked at once": {"mnist5k": 100, "moons:400": 16},
}
RATE, DECAY = (1e-4, 1.0), (1e-6, 1e-1)
SPACES: dict[str, tuple[str, dict[str, Any]]] = {  # name -> optimizer, axes; a pair of numbers is a range
    "adam rates": ("adam", {"learning_rate": RATE, "dropout": (0.0, 0.6)}),
    "adamw shapes": (
        "adamw",
        {
            "learning_rate": RATE,
            "weight_decay": DECAY,
            "model.widths": [(16,), (64,), (32, 32)],
            "model.activation": ["relu", "tanh"],
        },
    ),
    "momentum": ("momentum", {"learning_rate": RATE, "momentum": (0.5, 0.99)}),
    "cosine": ("adamw", {"learning_rate": RATE, "weight_decay": DECAY, "optimizer.schedule": ["constant", "cosine"]}),
}


def names_of(part: str) -> list[str]:
    """Name the sweeps of a part."""
    return [f"{data} {space}" for data in PARTS[part] for space in SPACES]


def train(data: str, batch_size: int, space: str, draw_seed: int) -> np.ndarray:
    """Train one sweep in full: validation losses [settings, seeds, epochs], infinite from a divergence on."""
    import nnjax
    from nnjax.core.experiment import DataConfig, Experiment, ModelConfig
    from nnjax.core.fields import replace
    from nnjax.spaces.ranges import Range
    from nnjax.spaces.space import Space

    optimizer, axes = SPACES[space]
    base = Experiment(data=DataConfig(data, validation=0.25, test=0), model=ModelConfig("mlp", widths=(32,)))
    changes = {"epochs": EPOCHS, "batch_size": batch_size, "optimizer.name": optimizer, "train_eval_size": 0}
    ranges: dict[str, Any] = dict(axes)
    for path in axes.keys() & {"learning_rate", "weight_decay", "dropout", "momentum"}:
        low, high = axes[path]
        ranges[path] = Range(low, high, log=low > 0 and high > 50 * low)
    drawn = Space(ranges | {"seed": range(SEEDS)}, mode="random", num=SETTINGS, draw_seed=draw_seed)
    swept = nnjax.sweep(replace(base, changes), drawn, progress=False)
    rows = [setting.trials for setting in swept.all_settings]
    losses = np.full((len(rows), SEEDS, EPOCHS), np.inf, np.float32)
    for place, seed in itertools.product(range(len(rows)), range(SEEDS)):
        curve = swept.records[rows[place][seed]].curves["val_loss"]
        losses[place, seed, : len(curve)] = np.nan_to_num(curve, nan=np.inf)
    return losses


def record() -> None:
    """Train the sweeps that are not on file, and add them."""
    found = read() if CURVES.exists() else {}
    for data, batch_size in (pair for part in PARTS.values() for pair in part.items()):
        for number, space in enumerate(SPACES):
            name = f"{data} {space}"
            if name not in found:
                found[name] = train(data, batch_size, space, number)
                print(f"{name}: best {found[name].min(axis=-1).mean(axis=1).min():.4g}", flush=True)
    arrays: dict[str, Any] = {name.replace(" ", "-"): losses for name, losses in found.items()}
    np.savez_compressed(CURVES, **arrays)


def read() -> dict[str, np.ndarray]:
    """Read the recorded sweeps: {name: losses [settings, seeds, epochs]}."""
    with np.load(CURVES, allow_pickle=False) as file:
        return {name.replace("-", " "): file[name] for name in file.files}


def _span(logs: np.ndarray, rung: int) -> np.ndarray:
    """Return what was seen since the rung before."""
    return logs[..., rung // ETA :]


def _slope(logs: np.ndarray, rung: int) -> np.ndarray:
    """Fit log loss = a + b log(epoch) since the rung before: b [settings, seeds]."""
    y = _span(logs, rung)
    t = np.log(np.arange(rung - y.shape[-1] + 1, rung + 1))
    spread = t - t.mean()
    return y @ spread / (spread @ spread)


def _end(logs: np.ndarray, rung: int, end: int) -> np.ndarray:
    """Expect log loss at the end, by the fitted line."""
    y = _span(logs, rung)
    t = np.log(np.arange(rung - y.shape[-1] + 1, rung + 1))
    return y.mean(axis=-1) + _slope(logs, rung) * (math.log(end) - t.mean())


def lowest(share: float) -> Rule:
    """Score the lowest loss so far less a share of the fall that the line promises; nnjax's has .2."""
    return lambda logs, rung, end: logs.min(axis=-1) + share * np.minimum(0, _slope(logs, rung)) * math.log(end / rung)


def optimistic(logs: np.ndarray, rung: int, end: int) -> np.ndarray:
    """Score the low end of the interval of what is expected at the end: one standard error."""
    y = _span(logs, rung)
    t = np.log(np.arange(rung - y.shape[-1] + 1, rung + 1) / end)
    a, spread = _end(logs, rung, end), t - t.mean()
    rest = y - a[..., None] - _slope(logs, rung)[..., None] * t
    variance = np.square(rest).sum(axis=-1) / max(1, len(t) - 2) * (1 / len(t) + t.mean() ** 2 / (spread @ spread))
    return a - np.sqrt(variance)


RULES: Mapping[str, tuple[Rule, ...]] = {
    "loss at the rung": (lambda logs, rung, end: logs[..., -1],),
    "mean of the last third": (lambda logs, rung, end: logs[..., -max(1, rung // 3) :].mean(axis=-1),),
    "lowest loss so far": (lowest(0.0),),
    "power law at the end (nnjax before)": (_end,),
    "power law, optimistic": (optimistic,),
    "lowest, or the law's end where that is lower": (
        lambda logs, rung, end: np.minimum(logs.min(axis=-1), _end(logs, rung, end)),
    ),
    "lowest less a tenth of the fall": (lowest(0.1),),
    "lowest less a fifth of the fall (nnjax)": (lowest(0.2),),
    "lowest less half of the fall": (lowest(0.5),),
    "lowest and law in turn (diverse)": (lowest(0.0), _end),
}


class Outcome(NamedTuple):
    """Of one replay: share of the trial-epochs, and regret in per cent and in standard errors."""

    epochs: float
    percent: float
    errors: float


def survivors(
    losses: np.ndarray, rules: Sequence[Rule], places: Sequence[int], rungs: tuple[int, ...]
) -> tuple[list[int], int]:
    """Replay one bracket: the settings that train to the end, and the epochs of one seed that all took together.

    Of several rules each keeps its best in turn.
    """
    left, taken = list(places), 0
    for before, rung in zip((0, *rungs), rungs, strict=False):
        taken += len(left) * (rung - before)
        if rung == rungs[-1]:
            break
        seen = losses[left][..., :rung]
        lost = ~np.isfinite(seen).all(axis=(1, 2))
        logs = np.log(np.maximum(np.where(np.isfinite(seen), seen, 1.0), 1e-30))
        orders = []
        for rule in rules:
            scores = np.where(lost, np.inf, rule(logs, rung, rungs[-1]).mean(axis=1))
            orders.append([left[i] for i in np.argsort(scores, kind="stable")])
        turn = dict.fromkeys(place for own in zip(*orders, strict=True) for place in own)
        left = list(turn)[: max(1, len(left) // ETA)]
    return left, taken


def hyperband(losses: np.ndarray, rules: Sequence[Rule], brackets: int = 2) -> tuple[list[int], int]:
    """Replay Hyperband of two brackets, whose settings are dealt as nnjax deals them."""
    from nnjax.data.splits import largest_remainder

    most = len(RUNGS) - 1
    weights = [math.ceil((most + 1) / (k + 1)) * ETA**k for k in range(most, most - brackets, -1)]
    shares = largest_remainder(np.array(weights) * len(losses), len(losses))
    ends = np.cumsum(shares)
    parts = [range(end - share, end) for share, end in zip(shares, ends, strict=True)]
    found = [survivors(losses, rules, list(part), RUNGS[place:]) for place, part in enumerate(parts)]
    return [place for left, _ in found for place in left], sum(taken for _, taken in found)


def optuna_pruner(losses: np.ndarray, name: str) -> tuple[list[int], int]:
    """Replay one of Optuna's pruners, which judge one trial after the other: by its seeds' mean, best so far."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruner = getattr(optuna.pruners, name)(
        RUNGS[0], reduction_factor=ETA, **({"max_resource": EPOCHS} if name == "HyperbandPruner" else {})
    )
    study = optuna.create_study(pruner=pruner, sampler=optuna.samplers.RandomSampler(0))
    curves, left, taken = np.minimum.accumulate(losses.mean(axis=1), axis=-1), [], 0
    for place, curve in enumerate(curves):
        trial = study.ask()
        for epoch, value in enumerate(curve, 1):
            taken += 1
            trial.report(float(np.nan_to_num(value, posinf=1e30)), epoch)
            if trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            left.append(place)
            study.tell(trial, float(np.nan_to_num(curve[-1], posinf=1e30)))
    return left, taken


def outcome(losses: np.ndarray, left: Sequence[int], taken: int) -> Outcome:
    """Compare the winner among those that are left with the best of all."""
    ends = losses.min(axis=-1).mean(axis=1)
    best = int(np.argmin(ends))
    error = float(np.std(losses[best].min(axis=-1), ddof=1) / math.sqrt(losses.shape[1]))
    above = float(ends[list(left)].min() - ends[best])
    share = taken / (losses.shape[0] * losses.shape[-1])
    return Outcome(share, 100 * above / max(float(ends[best]), FLOOR), above / max(error, 1e-3 * FLOOR))


Way = Callable[[np.ndarray], tuple[list[int], int]]  # losses -> settings that train to the end, epochs taken


def ways(pruners: bool = False) -> dict[str, Way]:
    """Name what is replayed; Optuna's pruners too if asked."""

    def once(rules: Sequence[Rule]) -> Way:
        return lambda losses: survivors(losses, rules, range(len(losses)), RUNGS)

    def by_optuna(name: str) -> Way:
        return lambda losses: optuna_pruner(losses, name)

    found = {name: once(rules) for name, rules in RULES.items()}
    found["two brackets, a fifth of the fall"] = lambda losses: hyperband(losses, (lowest(0.2),))
    if pruners:
        names = ("SuccessiveHalvingPruner", "HyperbandPruner")
        found |= {f"Optuna's {name}": by_optuna(name) for name in names}
    return found


def show(part: str, repeats: int, pruners: bool) -> None:
    """Replay all ways on the sweeps of a part, half of the settings at a time, and print the means."""
    sweeps = read()
    print(f"{len(names_of(part))} sweeps: {part}\n{'':46}{'epochs':>8}{'regret %':>10}{'in SE':>8}{'≤ 1 SE':>8}")
    for name, way in ways(pruners).items():
        found = []
        for place, sweep in enumerate(names_of(part)):
            losses = sweeps[sweep]
            for repeat in range(repeats):
                some = np.random.default_rng([place, repeat]).permutation(len(losses))[: len(losses) // 2]
                found.append(outcome(losses[some], *way(losses[some])))
        epochs, percent, errors = np.array(found).T
        mean = np.minimum(errors, 20).mean()  # an error of three seeds may be tiny
        figures = f"{epochs.mean():8.1%}{np.minimum(percent, 100).mean():10.2f}{mean:8.2f}{(errors <= 1).mean():8.1%}"
        print(f"{name:46}{figures}", flush=True)


def main(argv: list[str]) -> None:
    """Record, or replay."""
    if argv[1:] == ["record"]:
        record()
        return
    for part in argv[1:] or PARTS:
        show(part, FLAGS.repeats, FLAGS.optuna)


if __name__ == "__main__":
    flags.DEFINE_integer("repeats", 40, "draws of half of the settings of each sweep", lower_bound=1)
    flags.DEFINE_bool("optuna", False, "whether Optuna's pruners are replayed too (slower)")
    run(main)
