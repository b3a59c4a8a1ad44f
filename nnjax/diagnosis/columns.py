"""Recognize learning curves by the names of columns, keys and tags: val_loss, "Loss/train", validation/loss."""

import functools
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

Table = Mapping[str, np.ndarray]  # column -> [t]
NOT_FINITE = np.inf  # replaces a loss that was written as NaN: NaN itself means that nothing was written
ACCURACY = {"accuracy", "accuracies", "acc", "accs", "top1", "acc1", "prec1"}
# The first is taken.
VALIDATION = (
    "val",
    "valid",
    "validation",
    "vali",
    "va",
    "dev",
    "holdout",
    "crossval",
    "crossvalidation",
    "cv",
    "test",
    "testing",
    "te",
    "evaluation",
    "eval",
)
TRAIN = {"train", "training", "tr", "fit", "learn"}
EPOCH, STEP = (
    {"epoch", "epochs", "ep", "round", "rounds"},
    {"step", "steps", "iteration", "iterations", "iter", "global"},
)
TRIAL, REPLICATE = {"trial", "run", "member"}, {"seed", "fold", "session", "client", "worker", "rank"}
WORDS = {
    "train_loss": "train loss",
    "train_loss_eval": "re-evaluated train loss",
    "val_loss": "validation loss",
    "train_accuracy": "train accuracy",
    "val_accuracy": "validation accuracy",
}


def _of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LOSS = {"loss", "losses"}
_METRICS = (
    *("cost", "objective", "nll", "crossentropy", "xent", "bce", "logloss", "mse", "rmse", "mae"),
    "ppl",
)
_SPELLINGS = {
    "mlogloss": "logloss",
    "perplexity": "ppl",
    "ce": "crossentropy",
    "l2": "mse",
    "l1": "mae",
    "multi": "",
    "squared": "mse",
    "absolute": "mae",
}
_ERROR = {"error", "errors", "err", "merror"}  # of a classifier: 1 - accuracy
NO_CURVE = _of(
    "step steps batch iteration iterations iter lr rate best std stderr var time grad gradient norm min "
    "max scale weight weights gap delta diff ratio count learning top5 acc5 prec5 top3 seconds eta ema smoothing"
)
_STEP = {"step", "steps", "batch", "iter"}  # of a curve of steps, which is used where there is none of epochs
_FILLERS = _of(
    "epoch epochs avg average mean mini minibatch total overall sum combined running final curve all full metrics "
    "metric scalar scalars set the of on per end score scores monitored data phase history logs log "
    "results value values is sparse categorical s"
)
_FOREIGN = {
    "训练": " train ",
    "验证": " val ",
    "测试": " test ",
    "损失": " loss ",
    "准确率": " accuracy ",
    "精度": " accuracy ",
}
_OF_NUMBERS = {"id", "number", "no", "num", "idx", "index", "nr", "trainer", "training", "current"}
_PLAYERS = (
    {"g", "gen", "generator"},
    {"d", "disc", "discriminator", "dis", "critic"},
)  # of a game (Goodfellow et al. 2014)
_PREFIX = re.compile(r"(train|tr|t|valid|vali|val|va|v|test|te|dev|eval)_?(loss|losses|acc|accs|accuracy|error|err)")


class Name(NamedTuple):
    """What the name of a column says."""

    kind: str  # "loss", "metric" (a loss by its own name: mse, nll), "accuracy" or "error"
    part: str  # "train", "val" or "train_eval"
    head: frozenset[str]  # words that tell this loss from others of the same network (box, cls); of a metric, its name
    rank: tuple[int, int]  # the smaller, the sooner it is taken among names of one meaning
    of_steps: bool  # whether it is measured on a batch rather than over an epoch


class Choice(NamedTuple):
    """Columns that are judged together."""

    head: str  # which of several losses; "" of the only one
    columns: dict[str, str]  # {attribute of `Curves`: name}
    is_game: bool = False  # whether it is a player's loss in a game, as of a GAN


def words(name: str) -> list[str]:
    """Split a name into its words, in lower case."""
    for foreign, word in _FOREIGN.items():
        name = name.replace(foreign, word)
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    found = [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]
    if len(found) == 2 and found[0] in ("t", "v"):
        found = ["".join(found)]  # t_loss as tloss
    return [part for word in found for part in _parts(word)]


def _parts(word: str) -> list[str]:
    """Split words that are written as one: valloss, trainacc, bceloss."""
    if match := _PREFIX.fullmatch(word):
        part = {"t": "train", "v": "val", "te": "test"}.get(match[1], match[1])
        return [part, match[2]]
    if len(word) > 4 and word.endswith("loss") and word != "logloss" and word != "mlogloss":
        return [word[:-4], "loss"]
    return [word]


@functools.lru_cache(maxsize=10_000)
def name_of(text: str) -> Name | None:
    """Return what a column's name says; None where it is no curve's."""
    found = words(text)
    own = set(found)
    spelled = {_SPELLINGS.get(word, word) for word in found}
    metric = next((name for name in _METRICS if name in spelled), "crossentropy" if {"cross", "entropy"} <= own else "")
    if _ERROR & own and not metric and "rate" in own:
        own -= {"rate"}
    if (own & ACCURACY and own & {"5", "3", "10"}) or own & (NO_CURVE - _STEP):
        return None
    kind = (
        "loss"
        if _LOSS & own
        else "accuracy"
        if ACCURACY & own
        else "metric"
        if metric
        else "error"
        if _ERROR & own
        else ""
    )
    kind = "accuracy" if own >= {"validation", "scores"} and not kind else kind  # scikit-learn's early stopping
    if not kind:
        return None
    place = next((i for i, word in enumerate(VALIDATION) if word in own), len(VALIDATION))
    part = "val" if place < len(VALIDATION) else "train"
    if TRAIN & own:
        part = "train_eval" if kind == "loss" and found[-1] in VALIDATION[-2:] else "train"
        place = 0
    known = _LOSS | ACCURACY | _ERROR | set(VALIDATION) | TRAIN | _FILLERS | _STEP
    head = frozenset(word for word in own - known if not word.isdigit())
    if kind == "metric":
        head = frozenset({metric})
    return Name(kind, part, head, (place, len(text)), bool(_STEP & own))


def decisive(names: Iterable[str]) -> list[str]:
    """Return the names of curves; all names where there is none, as where the user says which column is one."""
    names = list(names)
    return [name for name in names if name_of(name)] or names


def curve_of(name: str) -> str | None:
    """Return the attribute of `Curves` that a name stands for; None if it is none of them."""
    found = name_of(name)
    if found is None or found.of_steps:
        return None
    what = "loss" if found.kind in ("loss", "metric") else "accuracy"
    return "train_loss_eval" if found.part == "train_eval" else f"{found.part}_{what}"


def choose(names: Iterable[str]) -> list[Choice]:
    """Choose the columns to judge; several choices where a network has several losses and no total.

    A loss by that name goes before a metric such as mse, a total before its parts, validation before test, the shorter
    name before the longer, and a curve over epochs before one over steps.
    """
    known = {name: found for name in names if (found := name_of(name))}
    epochs = {name for name, found in known.items() if not found.of_steps}
    accuracies = _best(
        {name: found for name, found in known.items() if found.kind in ("accuracy", "error")}, epochs, "accuracy"
    )
    losses = {name: found for name, found in known.items() if found.kind in ("loss", "metric", "error")}
    families = _families(losses)
    if not families:
        return [Choice("", accuracies)] if accuracies else []
    heads = {frozenset(found.head) for found in losses.values() if found.kind == "loss"}
    is_game = all(any(player & head for head in heads) for player in _PLAYERS)
    some = [(head, _best({name: losses[name] for name in own}, epochs, "loss")) for head, own in families]
    taken = {name for _, chosen in some for name in chosen.values()}
    beside = {curve: name for curve, name in accuracies.items() if name not in taken}
    return [Choice(head if len(some) > 1 else "", {**chosen, **beside}, is_game) for head, chosen in some]


def _families(losses: Mapping[str, Name]) -> list[tuple[str, list[str]]]:
    """Group losses that mean the same: [(head, names)]; one group where there is a total."""
    groups: dict[tuple[str, frozenset[str]], list[str]] = {}
    for name, found in losses.items():
        groups.setdefault((found.kind, found.head), []).append(name)
    by_name = {head: own for (kind, head), own in groups.items() if kind == "loss"}
    metrics = [(head, own) for (kind, head), own in groups.items() if kind == "metric"]
    if frozenset() in by_name:
        total = by_name[frozenset()]
        missing = {"train", "val"} - {losses[name].part for name in total}
        others = [own for _, own in metrics if missing and {losses[name].part for name in own} <= missing]
        return [("", total + (others[0] if len(others) == 1 else []))]
    if len(by_name) > 1 and (common := frozenset.intersection(*by_name)):  # model_box_loss, model_cls_loss
        by_name = {head - common: own for head, own in by_name.items()}
    if frozenset() in by_name:
        return [("", by_name[frozenset()])]
    if by_name:
        return [(" ".join(sorted(head)), own) for head, own in by_name.items()]
    parts = {head: {losses[name].part for name in own} for head, own in metrics}
    metrics.sort(key=lambda item: (-len(parts[item[0]]), _METRICS.index(next(iter(item[0])))))
    return [("", metrics[0][1])] if metrics else [("", own) for (kind, _), own in groups.items() if kind == "error"][:1]


def _best(known: Mapping[str, Name], epochs: set[str], what: str) -> dict[str, str]:
    """Choose of names of one meaning the best for each curve; those over steps only where there is none of epochs."""
    by_curve: dict[str, list[str]] = {}
    for name, found in known.items():
        curve = "train_loss_eval" if found.part == "train_eval" else f"{found.part}_{what}"
        by_curve.setdefault(curve, []).append(name)
    order = {"loss": 0, "accuracy": 0, "metric": 1, "error": 1}
    return {
        curve: min(own, key=lambda name: (name not in epochs, order[known[name].kind], known[name].rank))
        for curve, own in by_curve.items()
    }


def is_named(name: str, wanted: set[str]) -> bool:
    """Whether a column is the number of the epoch, of the step or of the trial."""
    found = set(words(name)) - _OF_NUMBERS
    return bool(found) and found <= wanted
