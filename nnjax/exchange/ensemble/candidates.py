"""The candidates of an ensemble: trials, or with folds all folds of a setting and seed, with their predictions."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.object_refs import ObjectRef
from nnjax.core.text import count
from nnjax.core.types import Float, Int
from nnjax.exchange.ensemble.lanes import outputs_of_all, same_inputs
from nnjax.exchange.network import Network, goal_of
from nnjax.exchange.predictions import interpret
from nnjax.models.user_models import variables_shapes
from nnjax.nn.metrics import METRICS, Metric, known_metric, metric_of
from nnjax.runs.choice import Choice
from nnjax.runs.run import Run
from nnjax.runs.settings import has_weights
from nnjax.train.layout.memory_limits import BUDGET, free_bytes, size_text
from nnjax.train.storage.selection import LOSS, value_of

COPIES = 4  # of weights and predictions that are held at once: as read, stacked, on the device, and sums of them
MOST = 256  # candidates whose predictions are compared; the others are worse alone


class Candidate(NamedTuple):
    """What an ensemble takes as one: a trial; with folds the trials of all folds, each a network of equal weight."""

    trials: tuple[int, ...]
    value: float


class Predicted(NamedTuple):
    """Candidates and what they say of examples that they were not trained on."""

    candidates: list[Candidate]  # [m]
    networks: list[list[Network]]  # of each, as many as it has trials
    rows: Int[np.ndarray, " n"]  # [n] examples: of the validation part, or of all folds
    outputs: Float[np.ndarray, "m n k"]  # [m, n, k], those of folds by the network that has not seen the example
    left_out: tuple[tuple[int, str], ...]  # (how many, why they cannot be averaged with the best)


def find_candidates(run: Run, choice: Choice) -> list[Candidate]:
    """List the trials that can be compared with the chosen setting and have weights, the best first."""
    ranking = next(one for one in run.rankings if any(c.trials == choice.setting.trials for c in one.candidates))
    found = [
        Candidate(
            trials, float(np.mean([value_of(run.specs[i].experiment, run.records[i], choice.metric) for i in trials]))
        )
        for setting in ranking.candidates
        for trials in bags(run, setting.trials)
    ]
    known = [one for one in found if np.isfinite(one.value)]
    return sorted(known, key=lambda one: -one.value if ranking.maximized else one.value)


def bags(run: Run, trials: Sequence[int]) -> list[tuple[int, ...]]:
    """Divide the trials of a setting into those that are used together: the folds of one seed, all of them, or one."""
    found: dict[tuple[int, int, int], list[int]] = {}
    for trial in trials:
        experiment = run.specs[trial].experiment
        place = trial if experiment.data.folds is None else 0
        found.setdefault((experiment.seed, experiment.data.fold_seed, place), []).append(trial)
    folds = run.specs[trials[0]].experiment.data.folds or 1
    return [tuple(some) for some in found.values() if len(some) == folds and all(has_weights(run, i) for i in some)]


def predict_all(run: Run, candidates: Sequence[Candidate]) -> Predicted:
    """Compute what candidates say of their validation parts; those that cannot be averaged with the first are left out.

    Raises:
      UserError: the data are gone, or the weights; not enough memory to compare them.
    """
    kept, left = _comparable(run, candidates)
    reasons = [(left, "trained on other inputs or split otherwise")] if left else []
    rows = _rows(run, kept[0])
    _refuse_oversized(run, kept, len(rows))
    networks = [[run.network(i, "best") for i in one.trials] for one in kept]
    found = _validation_outputs(run, kept, networks, rows)
    first, kinds = networks[0][0], [_kind(own[0], outputs) for own, outputs in zip(networks, found, strict=True)]
    same = [i for i, kind in enumerate(kinds) if kind == kinds[0]]
    if len(same) < len(kept):
        reasons.append((len(kept) - len(same), f"of another output than {first.architecture.kind}'s"))  # type: ignore[union-attr]
    outputs = np.stack([found[i] for i in same])
    return Predicted([kept[i] for i in same], [networks[i] for i in same], rows, outputs, tuple(reasons))


def _refuse_oversized(run: Run, candidates: Sequence[Candidate], examples: int) -> None:
    """Refuse candidates whose weights and predictions do not fit the memory, before they are read."""
    trials = [i for one in candidates for i in one.trials]
    sizes = {run.specs[i].experiment.model: _parameters(run, i) for i in trials}
    weights = 4 * COPIES * sum(sizes[run.specs[i].experiment.model] for i in trials)
    predictions = 4 * COPIES * len(candidates) * examples * run.num_outputs(trials[0])
    if weights + predictions > BUDGET * free_bytes():
        raise UserError(
            f"An ensemble compares {count(len(trials), 'network')}, whose weights take about {size_text(weights)} and "
            f"whose predictions of {count(examples, 'example')} {size_text(predictions)}, but there are "
            f"{size_text(free_bytes())} left: keep fewer weights (keep='best:K'), or average the seeds of the chosen "
            "setting alone (method='seeds')."
        )


def _parameters(run: Run, trial: int) -> int:
    leaves = jax.tree.leaves(variables_shapes(run.model(trial), run.facts(trial).example_shape))
    return sum(math.prod(leaf.shape) for leaf in leaves)


def _comparable(run: Run, candidates: Sequence[Candidate]) -> tuple[list[Candidate], int]:
    """Keep candidates of the same data, split as for the first one; count the others."""
    first = candidates[0]
    facts, rows, test = run.facts(first.trials[0]), _rows(run, first), run.data(first.trials[0]).test
    reconstructs = goal_of(run.specs[first.trials[0]].experiment.model, facts) == "reconstruction"
    kept = []
    for one in candidates:
        own = [run.facts(i) for i in one.trials]
        if not all(same_inputs(facts, other) for other in own) or not np.array_equal(
            test, run.data(one.trials[0]).test
        ):
            continue
        if reconstructs and not all(all(map(np.array_equal, facts.x_scaler, other.x_scaler)) for other in own):
            continue
        if np.array_equal(rows, _rows(run, one)):
            kept.append(one)
    return kept[:MOST], len(candidates) - len(kept)


def _rows(run: Run, candidate: Candidate) -> np.ndarray:
    """Return the examples of its validation parts, ascending."""
    return np.sort(np.concatenate([run.data(i).validation for i in candidate.trials]))


def _kind(network: Network, outputs: np.ndarray) -> tuple[str, int]:
    return interpret(outputs, network.architecture, network.facts).kind, outputs.shape[1]


def _validation_outputs(
    run: Run, candidates: Sequence[Candidate], networks: Sequence[Sequence[Network]], rows: np.ndarray
) -> list[np.ndarray]:
    """Compute the outputs [n, k] of each candidate, those that yield equally many numbers together."""
    found: list[np.ndarray | None] = [None] * len(candidates)
    groups: dict[object, list[tuple[int, int]]] = {}
    for place, one in enumerate(candidates):
        for fold, trial in enumerate(one.trials):
            model = run.specs[trial].experiment.model
            groups.setdefault((run.specs[trial].experiment.data, run.num_outputs(trial), model), []).append(
                (place, fold)
            )
    for some in groups.values():
        place, fold = some[0]
        prepared = run.data(candidates[place].trials[fold])
        own = outputs_of_all([networks[p][f] for p, f in some], prepared.dataset.x[prepared.validation])
        where = np.searchsorted(rows, prepared.validation)
        for (place, _), values in zip(some, own, strict=True):
            if found[place] is None:
                found[place] = np.full((len(rows), values.shape[1]), np.nan, np.float32)
            found[place][where] = values  # type: ignore[index]
    return found  # type: ignore[return-value]


class Target(NamedTuple):
    """What outputs are compared with."""

    metric: Metric  # by which
    y: np.ndarray  # targets as it takes them, [n] or [n, k], scaled as in training
    w: np.ndarray | None  # weights of the examples [n]; None where all count alike

    @property
    def name(self) -> str:
        """Of the metric."""
        return self.metric.name


def target_of(run: Run, choice: Choice, rows: np.ndarray, width: int, kind: str) -> Target:
    """Return the metric by which the run chooses, or the nearest that outputs have, and its targets."""
    experiment, prepared = run.specs[choice.trial].experiment, run.data(choice.trial)
    metric = _metric(experiment.metrics or (), choice, str(experiment.loss), width, kind)
    data, w = prepared.dataset, prepared.weights_of(rows)
    if choice.setting.goal == "reconstruction":
        return Target(metric, prepared.inputs(rows), w)
    assert data.y is not None
    y = np.asarray(data.y)[rows]
    if choice.setting.goal == "regression":
        return Target(metric, np.asarray(prepared.y_scaler(y.reshape(len(rows), -1)), np.float32), w)
    if metric.takes_raw:
        return Target(metric, y, w)
    return Target(metric, y[:, None].astype(np.float32) if width == 1 else np.eye(width, dtype=np.float32)[y], w)


def _metric(metrics: Sequence[str], choice: Choice, loss: str, width: int, kind: str) -> Metric:
    """Return the record of what the run chooses by; of a loss that is none the task's usual one."""
    name = loss if choice.metric == LOSS else choice.metric
    own = [one for one in metrics if isinstance(one, ObjectRef) and metric_of(one).name == name]
    if own:
        return metric_of(own[0])
    known = known_metric(name)
    if known is not None and (choice.metric != LOSS or name in METRICS):
        return known
    if choice.setting.goal != "classification":
        return METRICS["mean_squared_error"]
    if kind != "p":
        return METRICS["accuracy"]
    return METRICS["binary_crossentropy" if width == 1 else "categorical_crossentropy"]


def scale(run: Run, choice: Choice, outputs: np.ndarray) -> np.ndarray:
    """Scale the outputs of a regression, in the target's units, as in training; others stay as they are."""
    if choice.setting.goal != "regression":
        return outputs
    return np.asarray(run.data(choice.trial).y_scaler(outputs), np.float32)


def describe_left_out(left: Sequence[tuple[int, str]]) -> str:
    """Say in a sentence which candidates were left out; "" for none."""
    return "; ".join(f"{count(number, 'candidate')} left out: {reason}" for number, reason in left)
